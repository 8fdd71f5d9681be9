#include "deltanet/layers/softmax_attention.hpp"

#include "deltanet/core/random.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

/// Sequences of some tokens that ask after some that are past, 6 query heads on 3 key heads of width 5.
struct Problem {
  Tensor<double, 3> q;
  std::vector<Tensor<double, 3>> k, v;
  AttentionInputs<double> in;

  Problem(const std::vector<std::array<Index, 2>>& lengths, Index window = 0) {
    Random random(1);
    Index all = 0;
    for (const auto& [length, past] : lengths) {
      all += length;
      for (auto* x : {&k, &v}) random.fill_normal(x->emplace_back(past + length, 3, 5));
    }
    q.resize(all, 6, 5);
    random.fill_normal(q);
    in.q = q;
    for (std::size_t n = 0; n < lengths.size(); ++n) in.sequences.push_back({lengths[n][0], k[n], v[n]});
    if (window > 0) in.window = window;
  }
};

/// The definition, query by query.
Tensor<double, 3> definition(const AttentionInputs<double>& in) {
  const auto [M, H, K] = in.q.shape;
  Tensor<double, 3> o = zeros<double>(M, H, K);
  Index at = 0;
  for (const auto& [length, k, v] : in.sequences)
    for (Index t = 0; t < length; ++t)
      for (Index h = 0; h < H; ++h, ++at) {
        const Index HKV = k.shape[1], p = k.shape[0] - length + t, group = H / HKV, kv_head = h / group, width = K;
        const auto row = [&](const View<const double, 3>& x, Index s) {
          return VectorMap<const double>(x.data + (s * HKV + kv_head) * width, width);
        };
        VectorMap<double> out(o.data() + at * K, K);
        double sum = 0;
        for (Index s = in.window <= p ? p - in.window + 1 : 0; s <= p; ++s) {
          const double weight = std::exp(VectorMap<const double>(in.q.data + at * K, K).dot(row(k, s)) * in.scale());
          out += weight * row(v, s);
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
    const Problem problem({{length, past}, {3, 2}, {0, 5}, {length, 0}}, window);
    CHECK(relative_error(softmax_attention(problem.in).o, definition(problem.in)) < rounding<double>(length + past));
  }
}

TEST_CASE("scores of any size do not overflow", "[layers]") {
  Problem problem({{40, 0}});
  rows(problem.q) *= 1e4;
  const auto out = softmax_attention(problem.in);
  CHECK(rows(out.o).allFinite());
  CHECK(rows(out.o).cwiseAbs().maxCoeff() <= rows(problem.v[0]).cwiseAbs().maxCoeff());
}

TEST_CASE("the gradients of attention in blocks are its finite differences", "[layers]") {
  for (const auto& [length, past, window] : std::vector<std::array<Index, 3>>{{3, 2, 0}, {35, 0, 0}, {35, 99, 0}, {35, 4, 6}}) {
    INFO(length << " tokens after " << past << ", window " << window);
    Problem problem({{2, 0}, {length, past}}, window);
    Tensor<double, 3> d_o(problem.q.dimensions());
    Random(2).fill_normal(d_o);
    const auto d = softmax_attention_backward(problem.in, 3, softmax_attention(problem.in), d_o);
    const auto loss = [&] { return rows(softmax_attention(problem.in).o).cwiseProduct(rows(d_o)).sum(); };
    CHECK(finite_difference_error_of(problem.q, d.q, loss).worst < finite_difference_error);
    constexpr Index row = 3 * 5;
    for (const auto& [x, dx] : {std::pair{&problem.k[1], &d.k}, std::pair{&problem.v[1], &d.v}})  // of the tokens that ask
      CHECK(finite_difference_error_of(TensorSpan<double>{x->data() + past * row, {length * row}}, dx->data() + 2 * row, loss)
                .worst < finite_difference_error);
  }
}

}  // namespace deltanet::test
