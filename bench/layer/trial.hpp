#pragma once

#include <array>

#include "deltanet/training/gradient_check.hpp"
#include "support/benchmark.hpp"
#include "support/gates.hpp"
#include "support/parameters.hpp"

/// Whole layers: `layer` is forward, `layer_train` forward and backward, `layer_step` one token of each sequence on a state.
/// Flops are two for every parameter a token, and what its Kind counts for mixing tokens; three times that with backward.
///
/// A Kind names a layer under test: its `name` in benchmarks, the template `Layer`, the `widths` and `lengths` it is measured
/// at, config(D) for hidden_size D, and mixing_flops(config, T), those of a token among T. Parameters are drawn as the layer
/// initialises them. Where it may get numbers that are harder to calculate with, strengthen<T>(params, random) makes them so,
/// for the benchmarks whose names end in `strong`.
namespace deltanet::bench {

/// Sizes that most layers are measured at.
struct CommonSizes {
  static constexpr std::array<Index, 2> widths{256, 1024}, lengths{512, 2048};
};

template <class Kind>
concept MayBeStrong = requires(typename Kind::template Layer<double> layer, Random random) {
  Kind::template strengthen<double>(layer.params, random);
};

/// A layer with drawn parameters and inputs x [B, T, D], a cotangent dy of its output, and the same in double.
template <class Kind, Real T>
struct Trial {
  using Layer = typename Kind::template Layer<T>;
  using ExactLayer = typename Kind::template Layer<double>;

  Layer layer;
  Tensor<T, 3> x, dy;
  ExactLayer exact;
  Tensor<double, 3> exact_x, exact_dy;

  Trial(const typename Layer::Config& config, Index B, Index tokens, Gates gates = Gates::init)
      : layer(config), x(B, tokens, config.hidden_size), dy(B, tokens, config.hidden_size), exact(config) {
    Random random(1);
    layer.initialize(random);
    random.fill_normal(x);
    random.fill_normal(dy);
    if constexpr (MayBeStrong<Kind>)
      if (gates == Gates::strong) Kind::template strengthen<T>(layer.params, random);
    exact_x = x.template cast<double>();
    exact_dy = dy.template cast<double>();
    cast_parameters<T, double>(layer.params, exact.params);
  }

  [[nodiscard]] double flops_per_token(Index tokens) const {
    return 2 * static_cast<double>(count_parameters(layer.params)) + Kind::mixing_flops(layer.config, tokens);
  }
};

template <class L>
std::pair<Tensor<typename L::Scalar, 3>, typename L::Params> train(const L& layer, const Tensor<typename L::Scalar, 3>& x,
                                                                   const Tensor<typename L::Scalar, 3>& dy) {
  typename L::Cache cache;
  typename L::Params gradients = zeros_like(layer.params);
  benchmark::DoNotOptimize(layer.forward(x, nullptr, &cache).data());
  return {layer.backward(cache, dy, gradients), std::move(gradients)};
}

inline Tensor<double, 2> token(const Tensor<double, 3>& x, Index t) { return x.chip<1>(t); }

/// The definition of forward: the layer in double, token by token.
template <class L>
Tensor<double, 3> step_by_step(const L& layer, const Tensor<double, 3>& x) {
  Tensor<double, 3> y(x.dimensions());
  auto state = layer.initial_state(x.dimension(0));
  for (Index t = 0; t < x.dimension(1); ++t) y.chip<1>(t) = layer.step(token(x, t), state);
  return y;
}

/// With strong gates a token's part in what comes later is as small as the rounding of what it is added to, and so are
/// gradients through it.
inline double gradient_slack(Gates gates) { return gates == Gates::strong ? 10 : 1; }

template <Real T, class Kind>
std::string wrong_train(const std::string& what, const Trial<Kind, T>& trial, Gates gates) {
  const auto [dx, gradients] = train(trial.layer, trial.x, trial.dy);
  use_all_threads();
  const auto [exact_dx, exact_gradients] = train(trial.exact, trial.exact_x, trial.exact_dy);
  Judge judge(what, gradient_slack(gates));
  judge.compare<T>("dx", dx, exact_dx);
  compare_gradients<T>(judge, gradients, exact_gradients);
  return judge.complaint();
}

/// A few tokens against the definition token by token and finite differences, in double; all of them against the same layer in
/// double.
template <Real T, class Kind>
std::string wrong(const typename Kind::template Layer<T>::Config& config, Gates gates, const Trial<Kind, T>& timed) {
  const int threads = num_threads();
  const Trial<Kind, T> small(config, 2, 19, gates);
  Judge judge("forward of 19 tokens");
  judge.compare<T>("y", small.layer.forward(small.x), step_by_step(small.exact, small.exact_x));
  if (!judge.complaint().empty()) return judge.complaint();
  if (std::string complaint = wrong_train<T>("forward and backward of 19 tokens", small, gates); !complaint.empty())
    return complaint;
  const GradientReport report = check_layer_gradients(small.exact, small.exact_x, {.entries_per_tensor = 1});
  if (!report.passes()) return "gradients of 19 tokens: " + report.text();

  set_num_threads(threads);
  Judge whole("forward");
  const auto y = timed.layer.forward(timed.x);
  use_all_threads();
  whole.compare<T>("y", y, timed.exact.forward(timed.exact_x));
  if (!whole.complaint().empty()) return whole.complaint();
  if (timed.x.dimension(1) == 1) return "";  // a step has no backward, and attention to one key no gradient but rounding
  set_num_threads(threads);
  return wrong_train<T>("forward and backward", timed, gates);
}

template <class Kind, Real T>
void add_layer() {
  const auto add_trial = [&](const char* what, Index D, Index B, Index tokens, int threads, Gates gates, double share,
                             const auto& call) {
    const auto config = Kind::config(D);
    const double n = static_cast<double>(B * tokens);
    const std::string size = tokens == 1 ? deltanet::detail::concat("/B", B) : deltanet::detail::concat("/T", tokens);
    const std::string name = deltanet::detail::concat(what, "/", Kind::name, "/", scalar_name<T>, "/D", D, size, "/threads",
                                                      threads, gates == Gates::strong ? suffix(gates) : "");
    const double flops = share * n * Trial<Kind, T>(config, 1, 1).flops_per_token(tokens);
    add<T>(name, {threads, n, flops}, [=] {
      const auto trial = std::make_shared<const Trial<Kind, T>>(config, B, tokens, gates);
      std::string complaint = wrong<T>(config, gates, *trial);
      return Prepared{complaint, [trial, call, state = trial->layer.initial_state(B)]() mutable { call(*trial, state); },
                      [=] { return product_bound<T>(flops, B * tokens, D); }};
    });
  };
  const auto forward = [](const auto& trial, auto&) { benchmark::DoNotOptimize(trial.layer.forward(trial.x).data()); };
  const auto forward_and_backward = [](const auto& trial, auto&) {
    benchmark::DoNotOptimize(train(trial.layer, trial.x, trial.dy).first.data());
  };
  const auto one_step = [](const auto& trial, auto& state) {
    const View<const T, 2> x(trial.x.data(), {trial.x.dimension(0), trial.x.dimension(2)});
    benchmark::DoNotOptimize(trial.layer.step(x, state).data());
  };
  for (const int threads : thread_counts())
    for (const Index D : Kind::widths) {
      for (const Index tokens : Kind::lengths) {
        add_trial("layer", D, 1, tokens, threads, Gates::init, 1, forward);
        add_trial("layer_train", D, 1, tokens, threads, Gates::init, 3, forward_and_backward);
      }
      add_trial("layer_step", D, 1, 1, threads, Gates::init, 1, one_step);
    }
  if constexpr (MayBeStrong<Kind>) {
    const Index D = Kind::widths.back();
    add_trial("layer", D, 1, 2048, 1, Gates::strong, 1, forward);
    add_trial("layer_train", D, 1, 2048, 1, Gates::strong, 3, forward_and_backward);
    add_trial("layer_step", D, 1, 1, 1, Gates::strong, 1, one_step);
  }
}

}  // namespace deltanet::bench
