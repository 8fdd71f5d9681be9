#pragma once

#include "deltanet/core/threads.hpp"
#include "deltanet/layers/layer.hpp"
#include "deltanet/training/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/tolerance.hpp"

/// The laws of layers/layer.hpp, for any Layer: call `layer_laws(layer, width)` from a test case.
namespace deltanet::test {

template <Real T>
[[nodiscard]] Tensor<T, 3> random_tokens(Index B, Index length, Index width, std::uint64_t seed = 1) {
  Tensor<T, 3> x(B, length, width);
  Random(seed).fill_normal(x);
  return x;
}

/// The tokens begin .. end - 1 of every sequence.
template <Real T>
[[nodiscard]] Tensor<T, 3> tokens_of(const Tensor<T, 3>& x, Index begin, Index end) {
  Tensor<T, 3> part(x.dimension(0), end - begin, x.dimension(2));
  for (Index b = 0; b < x.dimension(0); ++b)
    for (Index t = begin; t < end; ++t)
      for (Index d = 0; d < x.dimension(2); ++d) part(b, t - begin, d) = x(b, t, d);
  return part;
}

/// The number of products behind an output, roughly: what rounding of two ways to it may differ by grows with.
template <Real T>
[[nodiscard]] double layer_rounding(const Tensor<T, 3>& x) {
  return rounding<T>(x.dimension(1) * x.dimension(2));
}

/// Step by step == forward, and the state after is the same: what follows does not differ.
template <class L, Real T>
void steps_are_forward(const L& layer, const Tensor<T, 3>& x) {
  auto state = layer.initial_state(x.dimension(0)), whole_state = state;
  const Tensor<T, 3> y = layer.forward(x, &whole_state);
  for (Index t = 0; t < x.dimension(1); ++t) {
    const Tensor<T, 2> token = tokens_of(x, t, t + 1).reshape(Eigen::array<Index, 2>{x.dimension(0), x.dimension(2)});
    INFO("token " << t);
    CHECK(relative_error(layer.step(token, state), tokens_of(y, t, t + 1)) < layer_rounding(x));
  }
  CHECK(relative_error(layer.forward(x, &state), layer.forward(x, &whole_state)) < layer_rounding(x));
  CHECK(relative_error(y, layer.forward(x)) < layer_rounding(x));  // without a state: from the initial one
}

/// Split anywhere, the state carried == whole.
template <class L, Real T>
void splits_are_whole(const L& layer, const Tensor<T, 3>& x) {
  const Index length = x.dimension(1);
  auto whole_state = layer.initial_state(x.dimension(0));
  const Tensor<T, 3> y = layer.forward(x, &whole_state), next = layer.forward(x, &whole_state);
  for (Index split = 0; split <= length; ++split) {
    INFO("split before token " << split);
    auto state = layer.initial_state(x.dimension(0));
    const Tensor<T, 3> head = layer.forward(tokens_of(x, 0, split), &state);
    const Tensor<T, 3> tail = layer.forward(tokens_of(x, split, length), &state);
    CHECK(relative_error(head, tokens_of(y, 0, split)) < layer_rounding(x));
    CHECK(relative_error(tail, tokens_of(y, split, length)) < layer_rounding(x));
    CHECK(relative_error(layer.forward(x, &state), next) < layer_rounding(x));
  }
}

/// Output t does not depend on tokens after t, to the last bit.
template <class L, Real T>
void no_output_sees_the_future(const L& layer, const Tensor<T, 3>& x) {
  const Tensor<T, 3> y = layer.forward(x);
  for (Index t = 0; t + 1 < x.dimension(1); ++t) {
    Tensor<T, 3> other = x;
    for (Index b = 0; b < x.dimension(0); ++b)
      for (Index later = t + 1; later < x.dimension(1); ++later)
        for (Index d = 0; d < x.dimension(2); ++d) other(b, later, d) = -x(b, later, d) + T(0.5);
    const Tensor<T, 3> changed = layer.forward(other);
    INFO("tokens after " << t << " changed");
    CHECK(identical(tokens_of(changed, 0, t + 1), tokens_of(y, 0, t + 1)));
    CHECK_FALSE(identical(tokens_of(changed, t + 1, x.dimension(1)), tokens_of(y, t + 1, x.dimension(1))));
  }
}

/// Gradients == finite differences in double: by all parameters and x, from the initial state and from another, which counts as
/// a constant. Gradients are added to what is there.
template <class L>
void gradients_are_differences(const L& fixed, const Tensor<double, 3>& x) {
  const GradientReport report = check_layer_gradients(fixed, x);
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));

  L layer = fixed;
  auto start = layer.initial_state(x.dimension(0));
  (void)layer.forward(x, &start);
  auto state = start;
  typename L::Cache cache;
  Tensor<double, 3> dy = layer.forward(x, &state, &cache);
  Random(3).fill_normal(dy);
  auto gradients = zeros_like(layer.params);
  (void)layer.backward(cache, dy, gradients);
  const GradientReport after_a_state = check_gradients(layer.params, gradients, [&] {
    auto again = start;
    return rows(layer.forward(x, &again)).cwiseProduct(rows(dy)).sum();
  });
  INFO(after_a_state.text());
  CHECK(after_a_state.passes(finite_difference_error));

  auto twice = gradients;
  (void)layer.backward(cache, dy, twice);
  for_each_tensor(
      [](const TensorInfo& info, const auto& sum, const auto& once) {
        INFO(info.name);
        CHECK(relative_error(sum.flat(), Vector<double>(2 * once.flat())) < rounding<double>(1));
      },
      twice, gradients);
}

/// Outputs and gradients are the same to the last bit for 1, 2 and 3 threads.
template <class L, Real T>
void threads_change_nothing(const L& layer, const Tensor<T, 3>& x) {
  const int before = num_threads();
  struct Run {
    Tensor<T, 3> y, dx;
    typename L::Params gradients;
  };
  const auto run = [&](int threads) {
    set_num_threads(threads);
    typename L::Cache cache;
    Run result{layer.forward(x, nullptr, &cache), {}, zeros_like(layer.params)};
    Tensor<T, 3> dy = result.y;
    Random(5).fill_normal(dy);
    result.dx = layer.backward(cache, dy, result.gradients);
    return result;
  };
  const Run one = run(1);
  for (const int threads : {2, 3}) {
    INFO(threads << " threads");
    const Run several = run(threads);
    CHECK(identical(several.y, one.y));
    CHECK(identical(several.dx, one.dx));
    for_each_tensor(
        [](const TensorInfo& info, const auto& a, const auto& b) {
          INFO(info.name);
          CHECK(identical(a.flat(), b.flat()));
        },
        several.gradients, one.gradients);
  }
  set_num_threads(before);
}

/// All of them in double for a layer of the given Config, whose input is `width` wide; for `tokens` tokens of two sequences,
/// and for threads 100 tokens.
template <template <class> class L>
void layer_laws_in_double(const typename L<double>::Config& config, Index width, Index tokens = 7) {
  L<double> layer(config);
  Random random(2);
  layer.initialize(random);
  const Tensor<double, 3> x = random_tokens<double>(2, tokens, width);
  steps_are_forward(layer, x);
  splits_are_whole(layer, x);
  no_output_sees_the_future(layer, x);
  gradients_are_differences(layer, x);
  threads_change_nothing(layer, random_tokens<double>(2, 100, width));
}

/// The same in double and float.
template <template <class> class L>
void layer_laws(const typename L<double>::Config& config, Index width, Index tokens = 7) {
  layer_laws_in_double<L>(config, width, tokens);
  L<float> single(config);
  Random random(2);
  single.initialize(random);
  const Tensor<float, 3> z = random_tokens<float>(2, tokens, width);
  steps_are_forward(single, z);
  splits_are_whole(single, z);
  no_output_sees_the_future(single, z);
  threads_change_nothing(single, random_tokens<float>(2, 300, width));
}

}  // namespace deltanet::test
