#include "deltanet/layers/softmax_attention.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

struct Problem {
  Tensor<double, 4> q, k, v;
  AttentionInputs<double> in;

  Problem(Index length, Index past, Index window) : q(2, length, 6, 5), k(past + length, 2, 3, 5), v(past + length, 2, 3, 5) {
    Random random(1);
    for (auto* x : {&q, &k, &v}) random.fill_normal(*x);
    in = {q, k, v};
    if (window > 0) in.window = window;
  }
};

/// The definition, query by query.
Tensor<double, 4> definition(const AttentionInputs<double>& in) {
  const auto [B, length, H, K] = in.q.shape;
  const Index past = in.k.shape[0] - length, HKV = in.k.shape[2];
  Tensor<double, 4> o = zeros<double>(B, length, H, K);
  for (Index b = 0; b < B; ++b)
    for (Index t = 0; t < length; ++t)
      for (Index h = 0; h < H; ++h) {
        const auto row = [&](const View<const double, 4>& x, Index s) {
          return VectorMap<const double>(x.data + ((s * B + b) * HKV + h / (H / HKV)) * K, K);
        };
        const Index at = ((b * length + t) * H + h) * K;
        VectorMap<double> out(o.data() + at, K);
        double sum = 0;
        for (Index s = std::max<Index>(0, past + t + 1 - std::min<Index>(in.window, 1 << 20)); s <= past + t; ++s) {
          const double weight = std::exp(VectorMap<const double>(in.q.data + at, K).dot(row(in.k, s)) * in.scale());
          out += weight * row(in.v, s);
          sum += weight;
        }
        out /= sum;
      }
  return o;
}

}  // namespace

TEST_CASE("attention in blocks is the definition, at lengths around the blocks", "[layers]") {
  for (const auto& [length, past, window] : std::vector<std::array<Index, 3>>{{1, 0, 0},
                                                                              {1, 300, 0},
                                                                              {31, 0, 0},
                                                                              {32, 96, 0},
                                                                              {33, 0, 0},
                                                                              {160, 131, 0},
                                                                              {70, 200, 1},
                                                                              {150, 0, 7},
                                                                              {150, 9, 129}}) {
    INFO(length << " tokens after " << past << ", window " << window);
    const Problem problem(length, past, window);
    CHECK(relative_error(softmax_attention(problem.in).o, definition(problem.in)) < rounding<double>(length + past));
  }
}

TEST_CASE("scores of any size do not overflow", "[layers]") {
  Problem problem(40, 0, 0);
  problem.q = problem.q * 1e4;
  const auto out = softmax_attention(problem.in);
  CHECK(rows(out.o).allFinite());
  CHECK(rows(out.o).cwiseAbs().maxCoeff() <= rows(problem.v).cwiseAbs().maxCoeff());
}

TEST_CASE("the gradients of attention in blocks are its finite differences", "[layers]") {
  for (const auto& [length, past, window] : std::vector<std::array<Index, 3>>{{3, 2, 0}, {35, 99, 0}, {35, 4, 6}}) {
    INFO(length << " tokens after " << past << ", window " << window);
    Problem problem(length, past, window);
    Tensor<double, 4> d_o(problem.q.dimensions());
    Random(2).fill_normal(d_o);
    const auto d = softmax_attention_backward(problem.in, softmax_attention(problem.in), d_o);
    const auto loss = [&] { return rows(softmax_attention(problem.in).o).cwiseProduct(rows(d_o)).sum(); };
    CHECK(finite_difference_error_of(problem.q, d.q, loss).worst < finite_difference_error);
    CHECK(finite_difference_error_of(problem.k, d.k, loss).worst < finite_difference_error);
    CHECK(finite_difference_error_of(problem.v, d.v, loss).worst < finite_difference_error);
  }
}

}  // namespace deltanet::test
