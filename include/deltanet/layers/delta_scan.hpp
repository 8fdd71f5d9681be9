#pragma once

#include "deltanet/layers/delta_config.hpp"
#include "deltanet/recurrence/streamed.hpp"

/// The recurrence as layers call it.
namespace deltanet {

namespace detail {

template <Real T>
[[nodiscard]] ScanOptions<T> scan_options(QKNorm norm, const Sequences& sequences = {}) {
  ScanOptions<T> options;
  options.use_qk_l2norm = norm == QKNorm::l2;
  options.cu_seqlens = sequences.cu_seqlens;
  return options;
}

}  // namespace detail

/// o [B, T, HV, V]. Moves *state on, and fills *cache, where they are not null; with both, what waits in the state is written
/// first and chunks begin at these tokens. Of the options, scale, use_qk_l2norm and cu_seqlens count.
template <InputBundle In>
[[nodiscard]] auto delta_scan(const In& in, ScanOptions<typename In::Scalar> options,
                              RecurrentState<typename In::Scalar, typename In::Member>* state,
                              ScanCache<typename In::Scalar>* cache) {
  using T = typename In::Scalar;
  if (state && !cache) return streamed(in, *state, options);
  if (state) {
    state->settle();
    options.initial_state = state->recurrent_state;
  }
  ScanResult<T> result = chunked(in, options, cache);
  if (state) state->recurrent_state = std::move(result.final_state);
  return Tensor<T, 4>(std::move(result.o));
}

/// The same with the options' defaults and the norm.
template <InputBundle In>
[[nodiscard]] auto delta_scan(const In& in, QKNorm norm, RecurrentState<typename In::Scalar, typename In::Member>* state,
                              ScanCache<typename In::Scalar>* cache) {
  return delta_scan(in, detail::scan_options<typename In::Scalar>(norm), state, cache);
}

/// The gradients by the inputs. None reaches the state before, which counts as a constant, unless dstate is not null: then it
/// is the gradient by the state after, [N, HV, K, V], and becomes that by the state before.
template <InputBundle In>
[[nodiscard]] auto delta_scan_backward(const In& in, const ScanOptions<typename In::Scalar>& options,
                                       const ScanCache<typename In::Scalar>& cache, const Tensor<typename In::Scalar, 4>& d_o,
                                       Tensor<typename In::Scalar, 4>* dstate = nullptr) {
  Cotangents<typename In::Scalar> cotangents{.o = d_o};
  if (dstate) cotangents.final_state = *dstate;
  auto d = chunked_backward(in, cache, cotangents, options);
  if (dstate) *dstate = std::move(d.initial_state);
  return std::move(d.inputs);
}
template <InputBundle In>
[[nodiscard]] auto delta_scan_backward(const In& in, QKNorm norm, const ScanCache<typename In::Scalar>& cache,
                                       const Tensor<typename In::Scalar, 4>& d_o) {
  return delta_scan_backward(in, detail::scan_options<typename In::Scalar>(norm), cache, d_o);
}

}  // namespace deltanet
