#include "deltanet/layers/token_rows.hpp"

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

struct ListOfRows {
  TokenRows<float> k{2, 3};
  static constexpr auto fields() { return std::tuple{Field{"k", &ListOfRows::k}}; }
};

}  // namespace

TEST_CASE("token rows are the tokens appended, without those dropped", "[layers]") {
  Tensor<double, 3> x(5, 3, 4);
  Random(1).fill_normal(x);
  TokenRows<double> all(3, 4);
  for (const auto& [begin, size] : {std::pair<Index, Index>{0, 3}, {3, 0}, {3, 1}, {4, 1}})
    all.append(x.data() + begin * 12, size);
  CHECK(all.tokens() == 5);
  CHECK(identical(all, x));
  all.drop(2);
  CHECK(all.tokens() == 3);
  CHECK(identical(all, Tensor<double, 3>(x.slice(Eigen::array<Index, 3>{2, 0, 0}, Eigen::array<Index, 3>{3, 3, 4}))));
  all.resize(4);
  CHECK(all.view().shape == std::array<Index, 3>{4, 3, 4});
  CHECK(all.view().rows().bottomRows(3).isZero(0));
}

TEST_CASE("token rows are one tensor of a parameter list", "[layers]") {
  ListOfRows state;
  state.k.resize(7);
  for_each_tensor(
      [](const TensorInfo& info, const auto& span) {
        CHECK(info.name == "k");
        CHECK(span.shape == std::vector<Index>{7, 2, 3});
      },
      state);
}

}  // namespace deltanet::test
