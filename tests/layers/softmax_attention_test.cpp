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
  Tensor<double, 3> prefix_q, prefix_k, prefix_v;
  AttentionInputs<double> in;

  Problem(const std::vector<std::array<Index, 2>>& lengths, Index window = 0, Index keys_per_token = 1, Index prefix = 0) {
    Random random(1);
    Index all = 0;
    for (const auto& [length, past] : lengths) {
      all += length;
      for (auto* x : {&k, &v}) random.fill_normal(x->emplace_back(keys_per_token * (past + length), 3, 5));
    }
    q.resize(all, 6, 5);
    random.fill_normal(q);
    in.q = q;
    for (std::size_t n = 0; n < lengths.size(); ++n) in.sequences.push_back({lengths[n][0], k[n], v[n]});
    if (window > 0) in.window = window;
    in.keys_per_token = keys_per_token;
    if (prefix == 0) return;
    prefix_q.resize(all, 6, 5);
    for (auto* x : {&prefix_k, &prefix_v}) x->resize(prefix, 3, 5);
    for (auto* x : {&prefix_q, &prefix_k, &prefix_v}) random.fill_normal(*x);
    in.prefix = {prefix_q, prefix_k, prefix_v};
  }
};

/// The definition, query by query.
Tensor<double, 3> definition(const AttentionInputs<double>& in) {
  const auto [M, H, K] = in.q.shape;
  Tensor<double, 3> o = zeros<double>(M, H, K);
  Index at = 0;
  for (const auto& [length, k, v, before] : in.sequences)
    for (Index t = 0; t < length; ++t)
      for (Index h = 0; h < H; ++h, ++at) {
        const Index HKV = k.shape[1], n = in.keys_per_token, p = k.shape[0] / n - length + t;
        const Index kv_head = h / (H / HKV), width = K, place = at;
        const auto row = [&](const View<const double, 3>& x, Index s) {
          return VectorMap<const double>(x.data + (s * HKV + kv_head) * width, width);
        };
        VectorMap<double> out(o.data() + at * K, K);
        double sum = 0;
        const auto see = [&](const View<const double, 3>& by, const View<const double, 3>& keys,
                             const View<const double, 3>& values, Index s) {
          const double weight =
              std::exp(VectorMap<const double>(by.data + place * width, width).dot(row(keys, s)) * in.scale());
          out += weight * row(values, s);
          sum += weight;
        };
        for (Index s = 0; s < in.prefix.k.shape[0]; ++s) see(in.prefix.q, in.prefix.k, in.prefix.v, s);
        for (Index s = n * (in.window <= p ? p - in.window + 1 : 0); s < n * (p + 1); ++s) see(in.q, k, v, s);
        out /= sum;
      }
  return o;
}

}  // namespace

TEST_CASE("a query reads the same, bit for bit, whatever other queries and keys out of sight there are", "[layers]") {
  static constexpr Index length = 140;
  const Index K = GENERATE(5, 32, 72), window = GENERATE(length, 9, 100);
  CAPTURE(K, window);
  Tensor<float, 3> q(length, 4, K), k(length, 2, K), v(length, 2, K);
  std::uint64_t seed = 0;
  for (auto* x : {&q, &k, &v}) Random(++seed).fill_normal(*x);
  const auto some = [&](const Tensor<float, 3>& x, Index from, Index to) {
    return View<const float, 3>(x.data() + from * x.dimension(1) * K, {to - from, x.dimension(1), K});
  };
  const auto read = [&](Index from, Index to) {
    const Index before = std::max<Index>(0, from - window + 1);  // tokens that none of them sees
    AttentionInputs<float> in{.q = some(q, from, to), .sequences = {}, .window = window};
    in.sequences.push_back({to - from, some(k, before, to), some(v, before, to), before});
    return softmax_attention(in).o;
  };
  const Tensor<float, 3> all = read(0, length);
  for (const Index tokens : {1, 3, 50})
    for (Index from = 0; from < length; from += tokens) {
      INFO(tokens << " tokens from " << from);
      const Index to = std::min(length, from + tokens);
      CHECK(identical(read(from, to), some(all, from, to).rows()));
    }
}

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

TEST_CASE("attention with several keys a token and a prefix is the definition", "[layers]") {
  for (const auto& [length, window, n, prefix] :
       std::vector<std::array<Index, 4>>{{70, 0, 2, 0}, {70, 0, 1, 3}, {70, 9, 1, 3}, {33, 0, 2, 130}, {70, 5, 3, 1}}) {
    INFO(length << " tokens, window " << window << ", " << n << " keys a token, prefix " << prefix);
    const Problem problem({{length, 20}, {0, 5}, {length, 0}}, window, n, prefix);
    CHECK(relative_error(softmax_attention(problem.in).o, definition(problem.in)) < rounding<double>(n * length + prefix));
  }
}

TEST_CASE("scores of any size do not overflow", "[layers]") {
  Problem problem({{40, 0}});
  rows(problem.q) *= 1e4;
  const auto out = softmax_attention(problem.in);
  CHECK(rows(out.o).allFinite());
  CHECK(rows(out.o).cwiseAbs().maxCoeff() <= rows(problem.v[0]).cwiseAbs().maxCoeff());
}

TEST_CASE("the gradients of attention in blocks are its finite differences", "[layers][slow]") {
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

TEST_CASE("the gradients of attention with several keys a token and a prefix are its finite differences", "[layers]") {
  constexpr Index length = 12, past = 4, n = 2;
  Problem problem({{2, 0}, {length, past}}, 6, n, 3);
  Tensor<double, 3> d_o(problem.q.dimensions());
  Random(2).fill_normal(d_o);
  auto d = softmax_attention_backward(problem.in, 3, softmax_attention(problem.in), d_o);
  const auto loss = [&] { return rows(softmax_attention(problem.in).o).cwiseProduct(rows(d_o)).sum(); };
  CHECK(finite_difference_error_of(problem.q, d.q, loss).worst < finite_difference_error);
  CHECK(finite_difference_error_of(problem.prefix_q, d.prefix_q, loss).worst < finite_difference_error);
  CHECK(finite_difference_error_of(problem.prefix_k, d.prefix_k, loss).worst < finite_difference_error);
  CHECK(finite_difference_error_of(problem.prefix_v, d.prefix_v, loss).worst < finite_difference_error);
  constexpr Index token = n * 3 * 5;
  for (const auto& [x, dx] : {std::pair{&problem.k[1], &d.k}, std::pair{&problem.v[1], &d.v}})  // of the tokens that ask
    CHECK(
        finite_difference_error_of(TensorSpan<double>{x->data() + past * token, {length * token}}, dx->data() + 2 * token, loss)
            .worst < finite_difference_error);
}

}  // namespace deltanet::test
