#pragma once

#include <cmath>
#include <string>

#include "deltanet/core/activation.hpp"
#include "deltanet/layers/time_step.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/memory/hebbian.hpp"

/// How the gates of a benchmark are drawn. Slow forgetting flatters: decays of models multiply to less than the smallest float.
namespace deltanet::bench {

enum class Gates {
  mild,    ///< g from -0.1 to 0, other gates from 0 to 1
  init,    ///< what the member's layer makes of z ~ normal(0, 1) with parameters as it initialises them
  strong,  ///< g from -12 to -4, other gates as `init`
  mixed    ///< heads take turns: mild, init, strong
};

inline constexpr Gates all_gates[] = {Gates::mild, Gates::init, Gates::strong, Gates::mixed};

/// The last component of a benchmark's name; none for mild gates.
[[nodiscard]] inline std::string suffix(Gates gates) {
  constexpr const char* names[] = {"", "/init", "/strong", "/mixed"};
  return names[static_cast<std::size_t>(gates)];
}

/// How head h is drawn.
[[nodiscard]] inline Gates of_head(Gates gates, Index h) { return gates == Gates::mixed ? all_gates[h % 3] : gates; }

/// The decay of a new layer is g = -rate softplus(z + bias), with a rate for each head and a bias for each channel of a decay.
/// A gate log sigmoid(z + b) is that too: its bias is -b, and z is as often above 0 as below.
template <class M>
struct InitialDecay {
  static constexpr bool by_channel = std::is_same_v<typename M::Dynamics, KeyDecay>;
  static constexpr bool hebbian = !M::Rule::predicts;

  /// xLSTM's forget gate log sigmoid(z + b); gated linear attention's log sigmoid(z) / 16; else A of Mamba-2 and Kimi delta
  /// attention, from 1, or of Gated DeltaNet, from 0.01.
  static double rate(Random& random) {
    if constexpr (std::is_same_v<M, MatrixLSTMRule>) return 1;
    if constexpr (hebbian && by_channel) return 1.0 / 16;
    return random.uniform(hebbian || by_channel ? 1 : 0.01, 16);
  }
  static double bias(Random& random) {
    if constexpr (std::is_same_v<M, MatrixLSTMRule>) return -random.uniform(3, 6);  // arXiv 2405.04517
    if constexpr (hebbian && by_channel) return 0;
    Vector<double> dt_bias(1);
    initialize_time_step(dt_bias, random);
    return dt_bias[0];
  }
};

/// Draws g, [B, T, HV] or [B, T, HV, K], of the heads that are not mild.
template <class M, class G>
void draw_decays(Gates gates, Random& random, Index heads, G& g) {
  const Index channels = g.size() / (g.dimension(0) * g.dimension(1)), width = channels / heads;
  MatrixMap<typename G::Scalar> tokens(g.data(), g.size() / channels, channels);
  for (Index h = 0; h < heads; ++h) {
    const Gates drawn = of_head(gates, h);
    if (drawn == Gates::mild) continue;
    const double rate = InitialDecay<M>::rate(random);
    for (auto channel : tokens.middleCols(h * width, width).colwise()) {
      const double bias = InitialDecay<M>::bias(random);
      for (auto& entry : channel)
        entry = static_cast<typename G::Scalar>(drawn == Gates::strong ? random.uniform(-12, -4)
                                                                       : -rate * softplus(random.normal() + bias));
    }
  }
}

/// Draws another gate than g, [B, T, HV] or [B, T, HV, width], of the heads that are not mild: sigmoid(z).
template <class Gate>
void draw_sigmoids(Gates gates, Random& random, Index heads, Gate& gate) {
  const Index width = gate.size() / (gate.dimension(0) * gate.dimension(1) * heads);
  for (Index i = 0; i < gate.size(); ++i)
    if (of_head(gates, i / width % heads) != Gates::mild)
      gate.data()[i] = static_cast<typename Gate::Scalar>(sigmoid(random.normal()));
}

/// Makes eta of the decays, and of beta what such a momentum may write with, as layers with stable gates do; of the heads that
/// are not mild.
template <class Scalars>
void draw_momentum(Gates gates, Random& random, Index heads, const Scalars& g, Scalars& eta, Scalars& beta) {
  using T = typename Scalars::Scalar;
  constexpr double eta_max = 0.5;
  Vector<double> bias(heads);
  for (double& entry : bias) {
    const double share = random.uniform(0.1, 0.5);
    entry = std::log(share / (1 - share));
  }
  for (Index i = 0; i < g.size(); ++i) {
    if (of_head(gates, i % heads) == Gates::mild) continue;
    const double alpha = std::exp(static_cast<double>(g.data()[i]));
    const double now = eta_max * alpha * sigmoid(random.normal() + bias[i % heads]);
    eta.data()[i] = static_cast<T>(now);
    beta.data()[i] *= static_cast<T>(stable_beta(alpha, now, eta_max));
  }
}

}  // namespace deltanet::bench
