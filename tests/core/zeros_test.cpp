#include "deltanet/core/zeros.hpp"

#include "support/catch.hpp"

namespace deltanet::test {

TEST_CASE("memory begins at zero, from end to end and for any number of threads", "[core]") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    for (const Index size : {0, 1, (1 << 14) - 1, 1 << 14, (1 << 14) + 1, 5 * (1 << 14) + 3}) {
      std::vector<float> numbers(static_cast<std::size_t>(size) + 1, 7.0F);
      detail::set_zero(numbers.data(), size);
      CHECK(std::count(numbers.begin(), numbers.end() - 1, 0.0F) == size);
      CHECK(numbers.back() == 7.0F);
    }
  }
  set_num_threads(before);
  const Tensor<double, 3> tensor = zeros<double>(2, 3, 4);
  CHECK((tensor.dimension(0) == 2 && tensor.dimension(1) == 3 && tensor.dimension(2) == 4));
  CHECK(VectorMap<const double>(tensor.data(), 24).isZero(0));
  CHECK(zero_matrix<double>(3, 5) == Matrix<double>::Zero(3, 5));
}

}  // namespace deltanet::test
