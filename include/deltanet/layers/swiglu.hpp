#pragma once

#include "deltanet/core/activation.hpp"
#include "deltanet/core/packet_map.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/linear.hpp"

namespace deltanet {

/// Sizes of a SwiGLU. Names and defaults are flash-linear-attention's GatedMLP's.
struct SwiGLUConfig {
  Index hidden_size = 0;
  /// The width inside is 2/3 hidden_ratio * hidden_size, rounded up to a multiple of 256, unless intermediate_size is given.
  double hidden_ratio = 4;
  std::optional<Index> intermediate_size{};
  std::optional<double> initializer_range{};  ///< as in LinearConfig

  [[nodiscard]] Index width() const {
    const auto wanted = static_cast<Index>(static_cast<double>(hidden_size) * hidden_ratio * 2 / 3);
    return intermediate_size.value_or((wanted + 255) / 256 * 256);
  }
};

template <Real T>
struct SwiGLUParams {
  LinearParams<T> gate_proj;  // weight [I, D]
  LinearParams<T> up_proj;    // weight [I, D]
  LinearParams<T> down_proj;  // weight [D, I]

  static constexpr auto fields() {
    return std::tuple{Field{"gate_proj", &SwiGLUParams::gate_proj}, Field{"up_proj", &SwiGLUParams::up_proj},
                      Field{"down_proj", &SwiGLUParams::down_proj}};
  }
};

/// The gated feed-forward layer of arXiv 2002.05202: y = down(silu(gate(x)) * up(x)).  [B, T, D] -> [B, T, D].
template <Real T>
class SwiGLU {
 public:
  using Scalar = T;
  using Config = SwiGLUConfig;
  using Params = SwiGLUParams<T>;
  using State = NoState;
  struct Cache {
    Tensor<T, 3> x;      // [B, T, D]
    Matrix<T> gate, up;  // [B T, I]
  };

  Config config;
  Params params;

  explicit SwiGLU(const Config& config_) : config(config_) {
    expect(config.hidden_size > 0 && config.width() > 0,
           "SwiGLU: expected positive sizes, got hidden_size=", config.hidden_size, ", intermediate_size=", config.width());
    const LinearConfig inwards{.in_features = config.hidden_size, .out_features = config.width(), .bias = false};
    const LinearConfig outwards{.in_features = config.width(), .out_features = config.hidden_size, .bias = false};
    params = {linear_params<T>(inwards), linear_params<T>(inwards), linear_params<T>(outwards)};
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    for (auto* projection : {&params.gate_proj, &params.up_proj, &params.down_proj})
      initialize_linear(*projection, config.initializer_range, random);
  }

  [[nodiscard]] State initial_state(Index /*batch*/) const { return {}; }

  Tensor<T, 3> forward(View<const T, 3> x, State* /*state*/ = nullptr, Cache* cache = nullptr,
                       const Sequences& /*sequences*/ = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    Cache own;
    Matrix<T>&gate = (cache ? *cache : own).gate, &up = (cache ? *cache : own).up;
    if (cache) detail::keep(x, cache->x);
    const Index tokens = x.rows().rows();
    gate.resize(tokens, config.width());
    up.resize(tokens, config.width());
    linear<T>(params.gate_proj, x.rows(), gate, pass_of(cache));
    linear<T>(params.up_proj, x.rows(), up, pass_of(cache));
    Matrix<T> h(tokens, config.width());
    detail::for_each_range(h.size(), [&](Index begin, Index size) {
      const T *g = gate.data() + begin, *u = up.data() + begin;
      detail::map_packets(
          size, h.data() + begin, [](const auto& a, const auto& b) { return silu(a) * b; }, g, u);
    });
    Tensor<T, 3> y(x.shape);
    linear<T>(params.down_proj, h, rows(y), pass_of(cache));
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  // forward: h = silu(gate) up,   y = down(h)
  // so:      dup = dh silu(gate),   dgate = dh up silu'(gate)
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    const Matrix<T>&gate = cache.gate, &up = cache.up;
    Matrix<T> dh = zero_matrix<T>(gate.rows(), gate.cols()), h(gate.rows(), gate.cols()), dgate(gate.rows(), gate.cols());
    add_product<T>(dy.rows(), params.down_proj.weight, dh);
    Matrix<T>& dup = dh;
    detail::for_each_range(h.size(), [&](Index begin, Index size) {
      const auto z = VectorMap<const T>(gate.data() + begin, size).array(),
                 u = VectorMap<const T>(up.data() + begin, size).array();
      auto hidden = VectorMap<T>(h.data() + begin, size).array(), d = VectorMap<T>(dh.data() + begin, size).array();
      auto s = VectorMap<T>(dgate.data() + begin, size).array();
      s = z.logistic();
      hidden = s * z;
      s = d * u * silu_derivative(z, s);
      d *= hidden;
      hidden *= u;
    });
    add_transposed_product<T>(dy.rows(), h, gradients.down_proj.weight);
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    linear_backward<T>(params.gate_proj, x.rows(), dgate, rows(dx), gradients.gate_proj);
    linear_backward<T>(params.up_proj, x.rows(), dup, rows(dx), gradients.up_proj);
    return dx;
  }
};

static_assert(Layer<SwiGLU<float>>);

}  // namespace deltanet
