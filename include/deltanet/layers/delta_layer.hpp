#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_output.hpp"
#include "deltanet/layers/delta_scan.hpp"
#include "deltanet/layers/delta_state.hpp"

namespace deltanet {

/// The composition that every layer of the family is: inputs of the tokens, gates and a scan, the way back to tokens,
///
///   q, k, v, beta = delta_inputs(x),   o = mix(x, q, k, v, beta),   y = delta_output(o, x)
///
/// A layer derives from it and names itself as `Self`, and its memory, one of memory/, as `Member`. Its Config has inputs(), a
/// DeltaInputsConfig, and output(); its Params begin with DeltaInputsParams and end with DeltaOutputParams; `Kept` is what its
/// gates keep for backward, a part of the Cache. It says by itself
///
///   scan_inputs(cache)                        the member's bundle of inputs
///
/// and, where they are not those of the base below,
///
///   initialize_gates(random)                  draws the parameters between inputs and output
///   gates(x, cache)                           makes of the tokens what else the scan reads, given cache.inputs
///   gates_backward(cache, d, dx, gradients)   the gradients of that, given those by the scan's inputs, d; adds to dx [B T, D]
///   state_sizes(), scan_options(cache)
///   mix(x, cache, state, scan), mix_backward(cache, d_o, dx, gradients)   gates and scan together
///
/// [B, T, D] -> [B, T, D]. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <class Self, Real T, class Member_, class Config_, class Params_, class Kept>
class DeltaLayer {
 public:
  using Scalar = T;
  using Config = Config_;
  using Params = Params_;
  using Member = Member_;
  using State = DeltaState<T, Member>;
  struct Cache : Kept {
    Tensor<T, 3> x;  // [B, T, D]
    DeltaInputsCache<T> inputs;
    ScanCache<T> scan;
    DeltaOutputCache<T> output;
  };

  Config config;
  Params params;

  void initialize(Random& random) {
    const FlushToZero flush;
    initialize_delta_inputs<T>(params, config.inputs(), random);
    static_cast<Self&>(*this).initialize_gates(random);
    initialize_delta_output<T>(params, config.output(), random);
  }

  [[nodiscard]] State initial_state(Index N) const { return initial_delta_state<T, Member>(self().state_sizes(), N); }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    const Index N = sequences.count(x.shape[0], x.shape[1]);
    const DeltaInputsConfig sizes = config.inputs();
    if (state) expect_delta_state(self().state_sizes(), N, *state);
    Cache own;
    Cache& kept = cache ? *cache : own;
    if (cache) detail::keep(x, cache->x);
    delta_inputs<T>(sizes, params, x, state ? state->conv_state : ConvolutionStates<T>(), kept.inputs, sequences,
                    pass_of(cache));
    kept.output.o = self().mix(x, kept, state, cache ? &cache->scan : nullptr);
    if (state) shift_convolution_states(sizes, kept.inputs, state->conv_state);
    return delta_output<T>(config.output(), params, x, kept.output, pass_of(cache));
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    return backward_through(cache, dy, gradients, nullptr, [&](const Tensor<T, 4>& d_o, MatrixRef<T> dx) {
      return self().mix_backward(cache, d_o, dx, gradients);
    });
  }

 protected:
  /// The gradients of `forward`, given those of `mix`, mix_backward(d_o, dx). *dstate, where it is not null, is the gradient by
  /// the convolutions' states after, and becomes that by those before.
  template <class MixBackward>
  Tensor<T, 3> backward_through(const Cache& cache, View<const T, 3> dy, Params& gradients, ConvolutionStates<T>* dstate,
                                const MixBackward& mix_backward) const {
    const View<const T, 3> x = cache.x;
    expect_shape("dy", dy, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(x.shape[0], x.shape[1], x.shape[2]);
    const Tensor<T, 4> d_o = delta_output_backward<T>(config.output(), params, x, cache.output, dy, rows(dx), gradients);
    auto d = mix_backward(d_o, rows(dx));
    // Heads, and the steps of a token where it has several, lie side by side: [B, T n, H, K] are the numbers of [B, T, n H K].
    const auto of_tokens = [&](auto& tensor, Index width) {
      return View<T, 3>(tensor.data(), {x.shape[0], x.shape[1], width});
    };
    const DeltaInputsConfig sizes = config.inputs();
    DeltaInputsGradients<T> by_inputs{
        of_tokens(d.q, params.q_proj.weight.rows()), of_tokens(d.k, sizes.key_dim()), of_tokens(d.v, sizes.value_dim()), {}};
    if constexpr (requires { d.beta.data(); }) by_inputs.beta = of_tokens(d.beta, sizes.num_v_heads);
    delta_inputs_backward<T>(sizes, params, x, cache.inputs, by_inputs, rows(dx), gradients,
                             config.inputs().use_short_conv ? dstate : nullptr);
    return dx;
  }

  explicit DeltaLayer(const Config& config_) : config(config_) {
    static_cast<DeltaInputsParams<T>&>(params) = delta_inputs_params<T>(config.inputs());
    static_cast<DeltaOutputParams<T>&>(params) = delta_output_params<T>(config.output());
  }

  void initialize_gates(Random& /*random*/) {}
  void gates(View<const T, 3> /*x*/, Cache& /*cache*/) const {}
  void gates_backward(const Cache& /*cache*/, auto& /*d*/, MatrixRef<T> /*dx*/, Params& /*gradients*/) const {}

  [[nodiscard]] DeltaStateSizes state_sizes() const { return config.inputs(); }
  [[nodiscard]] ScanOptions<T> scan_options(const Cache& cache) const {
    return detail::scan_options<T>(config.inputs().qk_norm, cache.inputs.sequences);
  }

  /// o [B, T, HV, V] of the tokens whose inputs the cache has.
  [[nodiscard]] Tensor<T, 4> mix(View<const T, 3> x, Cache& cache, State* state, ScanCache<T>* scan) const {
    self().gates(x, cache);
    return delta_scan(self().scan_inputs(cache), self().scan_options(cache), state, scan);
  }

  /// The gradients by the scan's inputs; adds those of the gates to dx and to those of the parameters.
  [[nodiscard]] auto mix_backward(const Cache& cache, const Tensor<T, 4>& d_o, MatrixRef<T> dx, Params& gradients,
                                  Tensor<T, 4>* dstate = nullptr) const {
    auto d = delta_scan_backward(self().scan_inputs(cache), self().scan_options(cache), cache.scan, d_o, dstate);
    self().gates_backward(cache, d, dx, gradients);
    return d;
  }

 private:
  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
};

/// What a layer without gates keeps.
struct NoGatesCache {};

}  // namespace deltanet
