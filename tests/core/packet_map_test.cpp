#include "deltanet/core/packet_map.hpp"

#include "deltanet/core/activation.hpp"
#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

template <Real T>
Vector<T> random_vector(Index size, std::uint64_t seed) {
  Vector<T> x(size);
  Random(seed).fill_normal(x);
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("a map's result does not depend on where a number lies or how many there are", "[core]", float, double) {
  using T = TestType;
  const auto map = [](const auto& a, const auto& b) { return silu(a) * b + softplus(a); };
  const Vector<T> x = random_vector<T>(64, 1), y = random_vector<T>(64, 2);
  Vector<T> alone(64);
  for (Index i = 0; i < 64; ++i) detail::map_packets(1, &alone[i], map, &x[i], &y[i]);
  CHECK(relative_error(alone, Vector<T>(silu(x.array()) * y.array() + softplus(x.array()))) < rounding<T>(1));
  for (const Index first : {0, 1, 5})
    for (const Index count : {0, 1, 4, 15, 16, 17, 50}) {
      CAPTURE(first, count);
      Vector<T> together = Vector<T>::Constant(64, T(7));
      detail::map_packets(count, together.data() + first, map, x.data() + first, y.data() + first);
      CHECK(identical(together.segment(first, count), alone.segment(first, count)));
      CHECK((together.head(first).array() == 7).all());
      CHECK((together.tail(64 - first - count).array() == 7).all());  // nothing is written beside them
    }
}

TEST_CASE("a map may write over what it reads", "[core]") {
  const Vector<double> x = random_vector<double>(21, 1);
  Vector<double> z = x;
  detail::map_packets(
      21, z.data(), [](const auto& a) { return 2 * a + 1; }, z.data());
  CHECK(relative_error(z, Vector<double>(2 * x.array() + 1)) < rounding<double>(1));
}

}  // namespace deltanet::test
