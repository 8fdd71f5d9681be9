#include "deltanet/layers/feature_map.hpp"

#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

Vector<double> map(FeatureMap phi, Vector<double> z) {
  apply_feature_map<double>(phi, VectorMap<double>(z.data(), z.size()));
  return z;
}

}  // namespace

TEST_CASE("feature maps are what their names say", "[layers]") {
  const Vector<double> z = Vector<double>::LinSpaced(5, -2, 2);
  Vector<double> silu(5), relu(5), elu(5);
  silu << -2 / (1 + std::exp(2)), -1 / (1 + std::exp(1)), 0, 1 / (1 + std::exp(-1)), 2 / (1 + std::exp(-2));
  relu << 0, 0, 0, 1, 2;
  elu << std::exp(-2), std::exp(-1), 1, 2, 3;
  CHECK(relative_error(map(FeatureMap::silu, z), silu) < rounding<double>(1));
  CHECK(identical(map(FeatureMap::relu, z), relu));
  CHECK(relative_error(map(FeatureMap::elu, z), elu) < rounding<double>(1));
  CHECK(identical(map(FeatureMap::identity, z), z));
}

TEST_CASE("the derivative of a feature map is its finite difference", "[layers]") {
  const auto phi = GENERATE(FeatureMap::silu, FeatureMap::relu, FeatureMap::elu, FeatureMap::identity);
  Vector<double> z = Vector<double>::LinSpaced(10, -3.1, 2.7);
  const Vector<double> dy = Vector<double>::LinSpaced(10, 1, 2);
  Vector<double> gradient = dy;
  apply_feature_map_derivative<double>(phi, VectorMap<const double>(z.data(), 10), VectorMap<double>(gradient.data(), 10));
  const auto error = finite_difference_error_of(z, gradient, [&] { return map(phi, z).dot(dy); });
  INFO(error.where);
  CHECK(error.worst < finite_difference_error);
}

TEST_CASE("feature maps and their derivatives stay finite for large numbers", "[layers]") {
  const auto phi = GENERATE(FeatureMap::silu, FeatureMap::relu, FeatureMap::elu, FeatureMap::identity);
  Vector<float> z(8), dy = Vector<float>::Ones(8);
  z << -1e30f, -1000, -90, -20, 20, 90, 1000, 1e30f;
  apply_feature_map_derivative<float>(phi, VectorMap<const float>(z.data(), 8), VectorMap<float>(dy.data(), 8));
  apply_feature_map<float>(phi, VectorMap<float>(z.data(), 8));
  CHECK(z.allFinite());
  CHECK(dy.allFinite());
}

}  // namespace deltanet::test
