#include "deltanet/training/cross_entropy.hpp"

#include "deltanet/core/random.hpp"
#include "deltanet/core/zeros.hpp"
#include "support/catch.hpp"

using namespace deltanet;

namespace {

Tensor<double, 3> random_logits(Index b, Index t, Index v, double deviation = 1) {
  Tensor<double, 3> logits(b, t, v);
  Random random(7);
  random.fill_normal(logits, deviation);
  return logits;
}

Tensor<std::int32_t, 2> random_targets(Index b, Index t, Index v) {
  Tensor<std::int32_t, 2> targets(b, t);
  Random random(8);
  for (Index i = 0; i < targets.size(); ++i) targets.data()[i] = static_cast<std::int32_t>(random.below(v));
  return targets;
}

}  // namespace

TEST_CASE("equal logits cost the logarithm of the vocabulary", "[cross_entropy]") {
  const Tensor<double, 3> logits = zeros<double>(2, 3, 8);
  const auto result = cross_entropy<double>(logits, random_targets(2, 3, 8));
  CHECK(result.mean.loss == Catch::Approx(std::log(8.0)));
  CHECK(result.mean.bits() == Catch::Approx(3));
  CHECK(result.mean.count == 6);
}

TEST_CASE("cross-entropy of two logits is the formula worked by hand", "[cross_entropy]") {
  Tensor<double, 3> logits(1, 1, 2);
  logits.setValues({{{1.0, 3.0}}});
  Tensor<std::int32_t, 2> targets(1, 1);
  targets(0, 0) = 0;
  const auto result = cross_entropy<double>(logits, targets);
  CHECK(result.mean.loss == Catch::Approx(std::log(1 + std::exp(2.0))));
  CHECK(result.dlogits(0, 0, 0) == Catch::Approx(-1 / (1 + std::exp(-2.0))));
  CHECK(result.dlogits(0, 0, 1) == Catch::Approx(1 / (1 + std::exp(-2.0))));
}

TEST_CASE("the gradient of cross-entropy is its finite difference", "[cross_entropy]") {
  auto logits = random_logits(2, 3, 5);
  auto targets = random_targets(2, 3, 5);
  targets(1, 0) = ignore_index;
  const auto result = cross_entropy<double>(logits, targets);
  for (Index i = 0; i < logits.size(); ++i) {
    const double h = 1e-5, start = logits.data()[i];
    logits.data()[i] = start + h;
    const double above = cross_entropy<double>(logits, targets).mean.loss;
    logits.data()[i] = start - h;
    const double below = cross_entropy<double>(logits, targets).mean.loss;
    logits.data()[i] = start;
    CHECK(result.dlogits.data()[i] == Catch::Approx((above - below) / (2 * h)).margin(1e-9));
  }
}

TEST_CASE("ignored positions count neither in the mean nor in the gradient", "[cross_entropy]") {
  const auto logits = random_logits(1, 4, 6);
  auto targets = random_targets(1, 4, 6);
  targets(0, 1) = targets(0, 3) = ignore_index;
  Tensor<double, 3> kept(1, 2, 6);
  rows(kept).row(0) = rows(logits).row(0);
  rows(kept).row(1) = rows(logits).row(2);
  Tensor<std::int32_t, 2> kept_targets(1, 2);
  kept_targets(0, 0) = targets(0, 0);
  kept_targets(0, 1) = targets(0, 2);

  const auto some = cross_entropy<double>(logits, targets);
  const auto alone = cross_entropy<double>(kept, kept_targets);
  CHECK(some.mean.count == 2);
  CHECK(some.mean.loss == Catch::Approx(alone.mean.loss));
  CHECK(rows(some.dlogits).row(2).isApprox(rows(alone.dlogits).row(1)));
  CHECK(rows(some.dlogits).row(1).isZero(0));
  CHECK(rows(some.dlogits).row(3).isZero(0));
}

TEST_CASE("when every position is ignored, loss and gradient are zero", "[cross_entropy]") {
  Tensor<std::int32_t, 2> targets(2, 2);
  targets.setConstant(ignore_index);
  const auto result = cross_entropy<double>(random_logits(2, 2, 3), targets);
  CHECK(result.mean.loss == 0);
  CHECK(result.mean.count == 0);
  CHECK(rows(result.dlogits).isZero(0));
}

TEST_CASE("huge logits neither overflow nor lose the loss", "[cross_entropy]") {
  Tensor<float, 3> logits(1, 2, 3);
  logits.setValues({{{3e38f, -3e38f, 0.f}, {1e4f, 1e4f, -1e4f}}});
  Tensor<std::int32_t, 2> targets(1, 2);
  targets.setValues({{0, 1}});
  const auto result = cross_entropy<float>(logits, targets);
  CHECK(result.mean.loss == Catch::Approx(std::log(2.0) / 2));
  CHECK(rows(result.dlogits).allFinite());
}

TEST_CASE("cross-entropy is the same to the last bit for any number of threads", "[cross_entropy]") {
  const auto logits = random_logits(3, 171, 40, 3);
  const auto targets = random_targets(3, 171, 40);
  const int threads = num_threads();
  set_num_threads(1);
  const auto one = cross_entropy<double>(logits, targets);
  for (const int count : {2, 3}) {
    set_num_threads(count);
    const auto several = cross_entropy<double>(logits, targets);
    CHECK(several.mean.loss == one.mean.loss);
    CHECK(rows(several.dlogits) == rows(one.dlogits));
  }
  set_num_threads(threads);
}

TEST_CASE("a target outside the vocabulary is refused", "[cross_entropy]") {
  const auto logits = random_logits(1, 2, 4);
  Tensor<std::int32_t, 2> targets(1, 2);
  targets.setValues({{0, 4}});
  CHECK_THROWS_WITH(cross_entropy<double>(logits, targets),
                    "targets: expected -100 or a token in [0, 4), got 4 at flat index 1");
  CHECK_THROWS_WITH(cross_entropy<double>(logits, random_targets(2, 1, 4)), "targets: expected [B=1, T=2], got [2, 1]");
}
