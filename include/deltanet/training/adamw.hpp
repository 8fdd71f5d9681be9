#pragma once

#include <cmath>

#include "deltanet/core/check.hpp"
#include "deltanet/training/pieces.hpp"

namespace deltanet {

/// What AdamW is told once; the learning rate comes with each step. The defaults are PyTorch's.
struct AdamWConfig {
  double beta1 = 0.9;          // memory of the first moment
  double beta2 = 0.999;        // memory of the second moment
  double epsilon = 1e-8;       // added to the square root of the second moment
  double weight_decay = 0.01;  // decoupled: a share of the learning rate
};

/// AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2, as PyTorch writes it). In step t, with learning rate r:
///
///   p <- (1 - r weight_decay) p                                unless the field says `no_weight_decay`
///   m <- beta1 m + (1 - beta1) g,     v <- beta2 v + (1 - beta2) g^2
///   p <- p - r m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// P is the parameter list; so are the gradients and both moments. O(parameters), in parallel.
template <Parameters P>
class AdamW {
 public:
  using Config = AdamWConfig;

  /// What the optimiser remembers; itself a parameter list, so that checkpoints take it as they take a model.
  struct State {
    P first_moment;
    P second_moment;
    Index steps = 0;  // that were taken

    static constexpr auto fields() {
      return std::tuple{Field{"first_moment", &State::first_moment}, Field{"second_moment", &State::second_moment}};
    }
  };

  Config config;
  State state;

  /// Moments of zero, of the shapes of `params`.
  explicit AdamW(const P& params, const Config& config_ = {})
      : config(config_), state{zeros_like(params), zeros_like(params), 0} {
    expect_range("beta1", config.beta1, 0.0, std::nextafter(1.0, 0.0));
    expect_range("beta2", config.beta2, 0.0, std::nextafter(1.0, 0.0));
    expect(config.epsilon > 0, "epsilon: expected a positive number, got ", config.epsilon);
    expect(config.weight_decay >= 0, "weight_decay: expected a number >= 0, got ", config.weight_decay);
  }

  /// Moves the parameters by one step against the gradients.
  void step(P& params, const P& gradients, double learning_rate) {
    const FlushToZero flush;
    expect(learning_rate >= 0, "learning_rate: expected a number >= 0, got ", learning_rate);
    const auto t = static_cast<double>(++state.steps);
    const double rate = learning_rate / (1 - std::pow(config.beta1, t));
    const double root = 1 / std::sqrt(1 - std::pow(config.beta2, t));
    const auto update = [&](Index, WeightDecay decay, auto& p, const auto& g, auto& m, auto& v) {
      using T = typename std::remove_reference_t<decltype(p)>::Scalar;
      if (decay == WeightDecay::yes) p *= static_cast<T>(1 - learning_rate * config.weight_decay);
      m += static_cast<T>(1 - config.beta1) * (g - m);
      v += static_cast<T>(1 - config.beta2) * (g.cwiseAbs2() - v);
      p.array() -=
          static_cast<T>(rate) * m.array() / (static_cast<T>(root) * v.array().sqrt() + static_cast<T>(config.epsilon));
    };
    detail::for_each_piece(update, params, gradients, state.first_moment, state.second_moment);
  }
};

}  // namespace deltanet
