#pragma once

#include "deltanet/core/padding.hpp"
#include "deltanet/core/threads.hpp"
#include "deltanet/layers/into.hpp"
#include "deltanet/layers/layer.hpp"
#include "deltanet/layers/rollback.hpp"
#include "deltanet/training/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/surroundings.hpp"
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

/// One pass == pieces of any length, token by token and a sequence alone, bit for bit.
template <class L, Real T>
void pieces_are_whole_bit_for_bit(const L& layer, const Tensor<T, 3>& x) {
  const Index B = x.dimension(0), length = x.dimension(1);
  const Tensor<T, 3> y = layer.forward(x);
  auto state = layer.initial_state(B), stepped = state;
  Index begin = 0;
  for (const Index tokens : {Index(1), Index(3), Index(7), length - 11}) {
    INFO(tokens << " tokens from " << begin);
    CHECK(identical(layer.forward(tokens_of(x, begin, begin + tokens), &state), tokens_of(y, begin, begin + tokens)));
    begin += tokens;
  }
  for (Index t = 0; t < length; ++t) {
    INFO("token " << t);
    const Tensor<T, 3> token = tokens_of(x, t, t + 1);
    CHECK(identical(layer.step({token.data(), {B, x.dimension(2)}}, stepped), tokens_of(y, t, t + 1)));
  }
  const auto first = [](const Tensor<T, 3>& of) {
    return Tensor<T, 3>(of.slice(Eigen::array<Index, 3>{0, 0, 0}, Eigen::array<Index, 3>{1, of.dimension(1), of.dimension(2)}));
  };
  CHECK(identical(layer.forward(first(x)), first(y)));
}

/// The same for a layer of the given Config, in double and float.
template <template <class> class L>
void pieces_are_whole_bit_for_bit(const typename L<double>::Config& config, Index width, Index tokens = 40) {
  const auto check = [&]<class Drawn>(Drawn layer) {
    Random random(2);
    layer.initialize(random);
    pieces_are_whole_bit_for_bit(layer, random_tokens<typename Drawn::Scalar>(2, tokens, width));
  };
  check(L<double>(config));
  check(L<float>(config));
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

/// Outputs and gradients are the same to the last bit for 1, 2 and 3 threads, whatever rounding the caller has set and whatever
/// was in memory before. What the caller has set is still set afterwards.
template <class L, Real T>
void surroundings_change_nothing(const L& layer, const Tensor<T, 3>& x) {
  const int before = num_threads();
  struct Run {
    Tensor<T, 3> y, dx;
    Tensor<T, 2> next;
    typename L::Params gradients;
  };
  const Tensor<T, 3> token = tokens_of(x, 0, 1);
  const auto run = [&](int threads) {
    set_num_threads(threads);
    typename L::Cache cache;
    Run result{layer.forward(x, nullptr, &cache), {}, {}, zeros_like(layer.params)};
    Tensor<T, 3> dy = result.y;
    Random(5).fill_normal(dy);
    result.dx = layer.backward(cache, dy, result.gradients);
    auto state = layer.initial_state(x.dimension(0));
    (void)layer.forward(x, &state);
    result.next = layer.step({token.data(), {token.dimension(0), token.dimension(2)}}, state);
    return result;
  };
  const auto hostile = [&](int threads) {
    const HostileSurroundings around;
    Run result = run(threads);
    const bool untouched = around.untouched();
    return std::pair{std::move(result), untouched};
  };
  const Run one = run(1);
  for (const int threads : {1, 2, 3}) {
    INFO(threads << " threads");
    const auto [several, untouched] = threads == 2 ? std::pair{run(threads), true} : hostile(threads);
    CHECK(untouched);
    CHECK(identical(several.y, one.y));
    CHECK(identical(several.dx, one.dx));
    CHECK(identical(several.next, one.next));
    for_each_tensor(
        [](const TensorInfo& info, const auto& a, const auto& b) {
          INFO(info.name);
          CHECK(identical(a.flat(), b.flat()));
        },
        several.gradients, one.gradients);
  }
  set_num_threads(before);
}

/// The forms that write into the caller's memory have the bits of those that return, and after the first call of a size neither
/// allocate nor touch fresh pages. A refused call leaves the caller's memory as it was.
template <class L, Real T>
void into_forms_cost_nothing_beside(const L& layer, const Tensor<T, 3>& x) {
  const Tensor<T, 3> expected = layer.forward(x), token = tokens_of(x, 0, 1);
  const View<const T, 3> read(x);
  const View<const T, 2> one(token.data(), {token.dimension(0), token.dimension(2)});
  Workspace workspace;
  Tensor<T, 3> y(expected.dimensions()), dx(x.dimensions()), wrong(1, 1, 1);
  Tensor<T, 2> next(expected.dimension(0), expected.dimension(2));
  typename L::Cache cache;
  auto gradients = zeros_like(layer.params);
  const auto start = layer.initial_state(x.dimension(0));
  auto state = start;
  const auto free = [](const char* what, const auto& call) {
    const Cost cost = cost_of(call);
    INFO(what);
    CHECK(cost.allocations == 0);
    CHECK(cost.page_faults == 0);
  };
  free("forward", [&] { forward_into(layer, read, y, workspace); });
  CHECK(identical(y, expected));
  free("forward with a cache", [&] { forward_into(layer, read, y, workspace, nullptr, &cache); });
  free("backward", [&] { backward_into(layer, cache, y, gradients, dx, workspace); });
  auto sum = zeros_like(layer.params);
  CHECK(identical(dx, layer.backward(cache, y, sum)));
  (void)layer.forward(x, &state);
  auto returned = state;
  step_into(layer, one, state, next, workspace);
  CHECK(identical(next, layer.step(one, returned)));

  wrong.setConstant(7);
  CHECK_THROWS_AS(forward_into(layer, read, wrong, workspace), std::invalid_argument);
  CHECK_THROWS_AS(backward_into(layer, cache, y, gradients, wrong, workspace), std::invalid_argument);
  CHECK_THROWS_AS(step_into(layer, one, state, View<T, 2>(wrong.data(), {1, 1}), workspace), std::invalid_argument);
  CHECK(wrong(0, 0, 0) == 7);
}

/// Taking tokens back == never having read them, to the last bit, whatever the calls were and wherever the last is cut.
template <class L, Real T>
void rollback_is_never_having_read(const L& layer, const Tensor<T, 3>& x,
                                   const RollbackConfig& config = {.max_tokens = 6, .checkpoint_every = 2}) {
  constexpr std::array<Index, 6> calls{3, 1, 1, 2, 1, 2};  // tokens; one token is a step
  constexpr Index all = 10;
  // Reads the first `end` tokens of x, by these calls.
  const auto read = [&](Rollback<L>& reader, Index end) {
    for (Index at = 0, call = 0; at < end; ++call) {
      const Index count = std::min(calls[static_cast<std::size_t>(call)], end - at);
      const Tensor<T, 3> part = tokens_of(x, at, at + count);
      if (calls[static_cast<std::size_t>(call)] == 1)
        (void)reader.step({part.data(), {x.dimension(0), x.dimension(2)}});
      else
        (void)reader.forward(part);
      at += count;
    }
  };
  for (Index n = 0; n <= config.max_tokens; ++n) {
    INFO(n << " tokens taken back");
    Rollback<L> reader(layer, layer.initial_state(x.dimension(0)), config), never(reader);
    read(reader, all);
    reader.rollback(n);
    read(never, all - n);
    CHECK(reader.position() == all - n);
    auto state = reader.state(), expected = never.state();
    const Tensor<T, 3> next = tokens_of(x, all, x.dimension(1));
    CHECK(identical(layer.forward(next, &state), layer.forward(next, &expected)));
    CHECK(state_bytes(reader.state()) == state_bytes(never.state()));
  }
}

/// Rows of random tokens of unequal lengths, one of them of none, padded on the left with what must never be read.
template <Real T>
struct Unequal {
  static constexpr std::array<Index, 4> lengths{3, 0, 18, 1};
  Tensor<std::int32_t, 2> mask{4, 18};  // [N, T]
  Tensor<T, 3> x;                       // [N, T, D]

  explicit Unequal(Index width) : x(random_tokens<T>(4, 18, width)) {
    for (Index n = 0; n < 4; ++n)
      for (Index t = 0; t < 18; ++t) {
        mask(n, t) = t >= 18 - lengths[static_cast<std::size_t>(n)];
        if (mask(n, t) == 0) x.chip(n, 0).chip(t, 0).setConstant(std::numeric_limits<T>::quiet_NaN());
      }
  }
  /// Sequence n alone, of a tensor [N, T, D].
  [[nodiscard]] static Tensor<T, 3> alone(const Tensor<T, 3>& padded, Index n) {
    const Index length = lengths[static_cast<std::size_t>(n)];
    return padded.slice(Eigen::array<Index, 3>{n, 18 - length, 0}, Eigen::array<Index, 3>{1, length, padded.dimension(2)});
  }
};

/// Sequences of unequal lengths, padded and so packed == each alone: outputs, the states after, and all gradients. Outputs and
/// gradients at padding are zero.
template <class L, Real T = typename L::Scalar>
void unequal_lengths_are_alone(const L& layer, Index width) {
  const Unequal<T> batch(width);
  const Padding padding(batch.mask);
  const double error = std::is_same_v<T, float> ? 2e-6 : layer_rounding(batch.x);
  const double error_of_sums = std::is_same_v<T, float> ? 2e-6 : 10 * error;  // over all tokens, whose terms may cancel
  const auto run = [&](const Tensor<T, 3>& before, const auto& read) {
    auto state = layer.initial_state(before.dimension(0));
    (void)layer.forward(before, &state);  // so that there is something to leak
    typename L::Cache cache;
    Tensor<T, 3> y = read(state, cache);
    return std::tuple{std::move(y), std::move(cache), layer.forward(before, &state)};
  };
  const Tensor<T, 3> before = random_tokens<T>(4, 2, width, 6);
  const auto [y, cache, next] = run(before, [&](auto& state, auto& kept) {
    return padding.pad(layer.forward(padding.pack(batch.x), &state, &kept, padding.sequences()));
  });
  Tensor<T, 3> dy = y;
  Random(7).fill_normal(dy);
  auto gradients = zeros_like(layer.params), sum = gradients;
  const Tensor<T, 3> dx = padding.pad(layer.backward(cache, padding.pack(dy), gradients));
  Tensor<T, 3> dx_alone = dx;
  dx_alone.setZero();
  for (Index n = 0; n < 4; ++n) {
    INFO("sequence " << n);
    const Eigen::array<Index, 3> row{n, 0, 0}, of_before{1, 2, width}, of_next{1, 2, next.dimension(2)};
    const auto [y_alone, cache_alone, next_alone] = run(before.slice(row, of_before), [&](auto& state, auto& kept) {
      return layer.forward(batch.alone(batch.x, n), &state, &kept);
    });
    CHECK(relative_error(batch.alone(y, n), y_alone) < error);
    CHECK(relative_error(Tensor<T, 3>(next.slice(row, of_next)), next_alone) < error);
    const Tensor<T, 3> d = layer.backward(cache_alone, batch.alone(dy, n), sum);
    std::copy_n(d.data(), d.size(), dx_alone.data() + (n + 1) * 18 * width - d.size());
  }
  CHECK(relative_error(dx, dx_alone) < error);
  for_each_tensor(
      [&](const TensorInfo& info, const auto& packed, const auto& alone) {
        INFO(info.name);
        CHECK(relative_error(packed.flat(), alone.flat()) < error_of_sums);
      },
      gradients, sum);
  for (Index i = 0; i < batch.mask.size(); ++i)
    if (batch.mask.data()[i] == 0) CHECK((rows(y).row(i).isZero(0) && rows(dx).row(i).isZero(0)));
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
  unequal_lengths_are_alone(layer, width);
  rollback_is_never_having_read(layer, random_tokens<double>(2, 12, width));
  surroundings_change_nothing(layer, random_tokens<double>(2, 100, width));
}

/// The same for a layer whose memory is one of memory/: what it reads in pieces has the bits of one pass.
template <template <class> class L>
void delta_layer_laws_in_double(const typename L<double>::Config& config, Index width) {
  layer_laws_in_double<L>(config, width);
  L<double> layer(config);
  Random random(2);
  layer.initialize(random);
  pieces_are_whole_bit_for_bit(layer, random_tokens<double>(2, 40, width));
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
  unequal_lengths_are_alone(single, width);
  surroundings_change_nothing(single, random_tokens<float>(2, 300, width));
  into_forms_cost_nothing_beside(single, random_tokens<float>(2, 100, width));
}

}  // namespace deltanet::test
