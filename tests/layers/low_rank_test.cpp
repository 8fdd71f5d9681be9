#include "deltanet/layers/low_rank.hpp"

#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

struct LowRankNumbers {
  LowRankParams<double> params;
  Tensor<double, 3> x;  // [B, T, In]

  static constexpr auto fields() { return std::tuple{Field{"", &LowRankNumbers::params}, Field{"x", &LowRankNumbers::x}}; }
};

[[nodiscard]] LowRankNumbers drawn_projection() {
  LowRankNumbers at{low_rank_params<double>({.in_features = 5, .rank = 2, .out_features = 4, .bias = true}),
                    random_tokens<double>(2, 3, 5)};
  Random random(1);
  initialize_low_rank(at.params, {}, random);
  return at;
}

}  // namespace

TEST_CASE("a map of low rank is one linear map after another, the bias behind both", "[layers]") {
  const LowRankNumbers at = drawn_projection();
  Matrix<double> inner, y(6, 4);
  low_rank<double>(at.params, rows(at.x), inner, y);
  const Matrix<double> weight = at.params.up.weight * at.params.down.weight;
  const Matrix<double> expected = (rows(at.x) * weight.transpose()).rowwise() + at.params.up.bias->transpose();
  CHECK(inner.cols() == 2);
  CHECK(relative_error(y, expected) < rounding<double>(10));
}

TEST_CASE("the gradients of a map of low rank are its finite differences", "[layers]") {
  LowRankNumbers at = drawn_projection(), gradients = zeros_like(at);
  Matrix<double> inner, y(6, 4), dy(6, 4);
  low_rank<double>(at.params, rows(at.x), inner, y);
  Random(2).fill_normal(dy);
  low_rank_backward<double>(at.params, rows(at.x), inner, dy, rows(gradients.x), gradients.params);
  const GradientReport report = check_gradients(at, gradients, [&] {
    low_rank<double>(at.params, rows(at.x), inner, y);
    return y.cwiseProduct(dy).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

TEST_CASE("a map of low rank has the names of two linear maps in an nn.Sequential", "[layers]") {
  const auto names = [](bool bias) {
    std::vector<std::string> list;
    const auto params = low_rank_params<float>({.in_features = 5, .rank = 2, .out_features = 4, .bias = bias});
    for_each_tensor([&](const TensorInfo& info, const auto&) { list.push_back(info.name); }, params);
    return list;
  };
  CHECK(names(false) == std::vector<std::string>{"0.weight", "1.weight"});
  CHECK(names(true) == std::vector<std::string>{"0.weight", "1.weight", "1.bias"});
}

TEST_CASE("a map of low rank names sizes that are not positive", "[layers]") {
  CHECK_THROWS_WITH(low_rank_params<float>({.in_features = 5, .out_features = 4}),
                    Catch::Matchers::ContainsSubstring("in_features=5, out_features=0"));
}

}  // namespace deltanet::test
