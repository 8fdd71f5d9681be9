#include "deltanet/layers/token_rows.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct ListOfRows {
  TokenRows<float> k{1, 2, 3};
  static constexpr auto fields() { return std::tuple{Field{"k", &ListOfRows::k}}; }
};

}  // namespace

TEST_CASE("token rows are the tokens appended, of every sequence, without those dropped", "[layers]") {
  Tensor<double, 4> x(2, 5, 3, 4);
  Random(1).fill_normal(x);
  TokenRows<double> all(2, 3, 4);
  for (const auto& [begin, size] : {std::pair<Index, Index>{0, 3}, {3, 0}, {3, 1}, {4, 1}}) {
    const Eigen::array<Index, 4> offset{0, begin, 0, 0}, extent{2, size, 3, 4};
    all.append(Tensor<double, 4>(x.slice(offset, extent)));
  }
  CHECK(all.tokens() == 5);
  const Tensor<double, 4> tokens_first = x.shuffle(Eigen::array<Index, 4>{1, 0, 2, 3});
  CHECK(identical(all, tokens_first));
  all.drop(2);
  CHECK(all.tokens() == 3);
  const Eigen::array<Index, 4> offset{2, 0, 0, 0}, extent{3, 2, 3, 4};
  CHECK(identical(all, Tensor<double, 4>(tokens_first.slice(offset, extent))));
  all.resize(4);
  CHECK(all.view().shape == std::array<Index, 4>{4, 2, 3, 4});
  CHECK(all.view().rows().bottomRows(6).isZero(0));
}

TEST_CASE("token rows are one tensor of a parameter list", "[layers]") {
  ListOfRows state;
  state.k.resize(7);
  for_each_tensor(
      [](const TensorInfo& info, const auto& span) {
        CHECK(info.name == "k");
        CHECK(span.shape == std::vector<Index>{7, 1, 2, 3});
      },
      state);
}

}  // namespace deltanet::test
