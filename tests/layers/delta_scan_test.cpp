#include "deltanet/layers/delta_scan.hpp"

#include "deltanet/core/random.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

struct Tokens {
  static constexpr Index B = 2, H = 2, K = 3, V = 5;
  Tensor<double, 4> q, k, v;
  Tensor<double, 3> beta;

  explicit Tokens(Index length) : q(B, length, H, K), k(B, length, H, K), v(B, length, H, V), beta(B, length, H) {
    Random random(1);
    for (auto* tensor : {&q, &k, &v}) random.fill_normal(*tensor);
    random.fill_uniform(beta, 0, 1);
  }
  [[nodiscard]] DeltaRule::Inputs<double> inputs() const { return {.q = q, .k = k, .v = v, .beta = beta}; }
};

}  // namespace

TEST_CASE("a layer's scan is the sequential one, one token or many, and leaves its state", "[layers]") {
  const Index length = GENERATE(1, 2, 20);
  const bool caching = GENERATE(false, true);
  const Tokens tokens(length);
  auto state = RecurrentState<double, DeltaRule>::zero(Tokens::B, Tokens::H, Tokens::K, Tokens::V);
  Random(2).fill_normal(state.recurrent_state);
  const Tensor<double, 4> start = state.recurrent_state;
  ScanOptions<double> options;
  options.use_qk_l2norm = true;
  options.initial_state = start;
  const auto expected = sequential(tokens.inputs(), options);

  ScanCache<double> cache;
  const auto o = delta_scan(tokens.inputs(), QKNorm::l2, &state, caching ? &cache : nullptr);
  CHECK(relative_error(o, expected.o) < rounding<double>(length * Tokens::K));
  CHECK(relative_error(state.settled(), expected.final_state) < rounding<double>(length * Tokens::K));
}

TEST_CASE("a layer's scan normalises queries and keys only for the l2 norm", "[layers]") {
  const Tokens tokens(4);
  const auto norm = GENERATE(QKNorm::l2, QKNorm::sum);
  ScanOptions<double> options;
  options.use_qk_l2norm = norm == QKNorm::l2;
  const auto o = delta_scan(tokens.inputs(), norm, nullptr, nullptr);
  CHECK(relative_error(o, sequential(tokens.inputs(), options).o) < rounding<double>(4 * Tokens::K));
}

TEST_CASE("a layer's scan reads with the scale that its options give", "[layers]") {
  const Tokens tokens(4);
  ScanOptions<double> options;
  options.scale = 2;
  const auto o = delta_scan(tokens.inputs(), options, nullptr, nullptr);
  CHECK(relative_error(o, sequential(tokens.inputs(), options).o) < rounding<double>(4 * Tokens::K));
}

TEST_CASE("the backward of a layer's scan is the sequential one's", "[layers]") {
  const Tokens tokens(20);
  Tensor<double, 4> d_o(Tokens::B, 20, Tokens::H, Tokens::V);
  Random(3).fill_normal(d_o);
  ScanOptions<double> options;
  options.use_qk_l2norm = true;
  const auto expected = sequential_backward(tokens.inputs(), Cotangents<double>{.o = d_o}, options).inputs;

  ScanCache<double> cache;
  (void)delta_scan(tokens.inputs(), QKNorm::l2, nullptr, &cache);
  const auto d = delta_scan_backward(tokens.inputs(), QKNorm::l2, cache, d_o);
  CHECK(relative_error(d.q, expected.q) < rounding<double>(20 * Tokens::K));
  CHECK(relative_error(d.k, expected.k) < rounding<double>(20 * Tokens::K));
  CHECK(relative_error(d.v, expected.v) < rounding<double>(20 * Tokens::K));
  CHECK(relative_error(d.beta, expected.beta) < rounding<double>(20 * Tokens::K));
}

}  // namespace deltanet::test
