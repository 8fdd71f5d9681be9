#pragma once

#include "deltanet/core/check.hpp"
#include "deltanet/layers/layer.hpp"

namespace deltanet::test {

struct LeakyMixerConfig {
  Index hidden_size = 0;
};

/// The smallest Layer that mixes tokens, so that blocks and models can be tested apart from the delta rule:
/// s_t = s_{t-1} / 2 + w x_t, y_t = s_t, channel by channel.
template <Real T>
class LeakyMixer {
 public:
  using Scalar = T;
  using Config = LeakyMixerConfig;
  struct Params {
    Vector<T> weight;  // [D]
    static constexpr auto fields() { return std::tuple{Field{"weight", &Params::weight}}; }
  };
  struct State {
    Matrix<T> s;  // [N, D]
    static constexpr auto fields() { return std::tuple{Field{"s", &State::s}}; }
  };
  struct Cache {
    Tensor<T, 3> x;  // [B, T, D]
    Sequences sequences;
  };

  Config config;
  Params params;

  explicit LeakyMixer(const Config& config_) : config(config_), params{Vector<T>::Zero(config.hidden_size)} {}

  void initialize(Random& random) { random.fill_normal(params.weight); }
  State initial_state(Index N) const { return {Matrix<T>::Zero(N, config.hidden_size)}; }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    const auto cut = sequences.cut(x.shape[0], x.shape[1]);
    State own = state ? std::move(*state) : initial_state(static_cast<Index>(cut.size()));
    Tensor<T, 3> y(x.shape);
    for (std::size_t n = 0; n < cut.size(); ++n)
      for (Index row = cut[n].begin; row < cut[n].end; ++row) {
        auto s = own.s.row(static_cast<Index>(n));
        s = s / 2 + x.rows().row(row) * params.weight.asDiagonal();
        rows(y).row(row) = s;
      }
    if (state) *state = std::move(own);
    if (cache) {
      cache->x.resize(x.shape);
      rows(cache->x) = x.rows();
      cache->sequences = sequences;
    }
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const {
    const Tensor<T, 3> y = forward({x.data, {x.shape[0], 1, x.shape[1]}}, &state);
    Tensor<T, 2> token(x.shape);
    rows(token) = rows(y);
    return token;
  }

  // forward: s_t = s_{t-1} / 2 + w x_t
  // so:      ds_t = dy_t + ds_{t+1} / 2,   dx_t = w ds_t,   dw += x_t ds_t
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    Tensor<T, 3> dx(dy.shape);
    for (const detail::Sequence& sequence : cache.sequences.cut(dy.shape[0], dy.shape[1])) {
      Vector<T> ds = Vector<T>::Zero(config.hidden_size);
      for (Index row = sequence.end; row-- > sequence.begin;) {
        ds = ds / 2 + dy.rows().row(row).transpose();
        rows(dx).row(row) = ds.cwiseProduct(params.weight).transpose();
        gradients.weight += rows(cache.x).row(row).transpose().cwiseProduct(ds);
      }
    }
    return dx;
  }
};

static_assert(Layer<LeakyMixer<double>>);

}  // namespace deltanet::test
