#pragma once

#include "deltanet/layers/delta_state.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/step.hpp"

/// The recurrence as layers call it: chunked over many tokens, one step over one.
namespace deltanet {

namespace detail {

template <Real T>
[[nodiscard]] ScanOptions<T> scan_options(QKNorm norm) {
  ScanOptions<T> options;
  options.use_qk_l2norm = norm == QKNorm::l2;
  return options;
}

}  // namespace detail

/// o [B, T, HV, V]. Reads and replaces state->recurrent_state, and fills *cache, where they are not null.
template <InputBundle In>
[[nodiscard]] auto delta_scan(const In& in, QKNorm norm, DeltaState<typename In::Scalar>* state,
                              ScanCache<typename In::Scalar>* cache) {
  using T = typename In::Scalar;
  auto options = detail::scan_options<T>(norm);
  if (state && !cache && in.q.shape[1] == 1) {
    Tensor<T, 4> o(in.v.shape);
    step(in, View<T, 4>(state->recurrent_state), View<T, 4>(o), options);
    return o;
  }
  if (state) options.initial_state = state->recurrent_state;
  ScanResult<T> result = chunked(in, options, cache);
  if (state) state->recurrent_state = std::move(result.final_state);
  return Tensor<T, 4>(std::move(result.o));
}

/// The gradients by the inputs; none reaches the state before, which counts as a constant.
template <InputBundle In>
[[nodiscard]] auto delta_scan_backward(const In& in, QKNorm norm, const ScanCache<typename In::Scalar>& cache,
                                       const Tensor<typename In::Scalar, 4>& d_o) {
  using T = typename In::Scalar;
  return chunked_backward(in, cache, Cotangents<T>{.o = d_o}, detail::scan_options<T>(norm)).inputs;
}

}  // namespace deltanet
