#pragma once

#include <optional>
#include <vector>

#include "deltanet/core/check.hpp"
#include "deltanet/memory/member.hpp"

/// What every scan takes and returns, beside the member's own inputs.
namespace deltanet {

/// Tokens in a chunk where nothing else is asked for, and in the chunks of a stream.
inline constexpr Index default_chunk_size = 16;

/// Options of a scan. Names are flash-linear-attention's.
template <Real T>
struct ScanOptions {
  /// Multiplies the read-out; K^-0.5 where absent.
  std::optional<T> scale{};
  /// Divides every query and key by its length sqrt(|x|^2 + 1e-6) first; gradients pass through.
  bool use_qk_l2norm = false;
  /// The states [N, HV, K, V] before the first tokens; zeros where absent.
  View<const T, 4> initial_state{};
  /// Packed sequences: B is 1, and sequence n is the tokens cu_seqlens[n] .. cu_seqlens[n + 1] - 1, possibly none. Where empty,
  /// each of the B rows is a sequence.
  std::vector<Index> cu_seqlens{};
  /// Tokens in a chunk, for the chunked scan. Changes the speed and the rounding, never the meaning; 16 suits most CPUs.
  Index chunk_size = default_chunk_size;
};

/// Outputs of a scan.
template <Real T>
struct ScanResult {
  Tensor<T, 4> o;            ///< [B, T, HV, V]
  Tensor<T, 4> final_state;  ///< [N, HV, K, V]; 2 K rows with momentum: the memory's, then the momentum's
};

/// The same in the caller's memory.
template <Real T>
struct ScanOutputs {
  View<T, 4> o;              ///< [B, T, HV, V]
  View<T, 4> final_state{};  ///< [N, HV, K, V] (2 K rows with momentum); where absent, nobody is told
};

/// Gradients of a loss in a scan's outputs.
template <Real T>
struct Cotangents {
  View<const T, 4> o{};            ///< [B, T, HV, V]
  View<const T, 4> final_state{};  ///< [N, HV, K, V]; zeros where absent
};

/// Gradients of a loss in a scan's inputs, by the names of the inputs.
template <InputBundle In>
struct ScanGradients {
  typename In::Member::template Gradients<typename In::Scalar> inputs;
  Tensor<typename In::Scalar, 4> initial_state;  ///< [N, HV, K, V]
};

/// The same in the caller's memory.
template <InputBundle In>
struct ScanGradientViews {
  typename In::Member::template GradientViews<typename In::Scalar> inputs;
  View<typename In::Scalar, 4> initial_state;  ///< [N, HV, K, V]

  ScanGradientViews() = default;
  ScanGradientViews(ScanGradients<In>& d) : initial_state(d.initial_state) {
    for_each_input([](const auto&, auto& view, auto& tensor) { view = tensor; }, inputs, d.inputs);
  }
};

/// What `chunked_backward` needs of a `chunked` forward: prediction errors, and states every few chunks. T V + T K V / 64
/// numbers a head.
template <Real T>
struct ScanCache {
  Tensor<T, 4> errors;            // E [B, T, HV, V]
  std::vector<Vector<T>> states;  // the state panels before each block, one entry a (sequence, value head)
  Index chunk_size = 0;
};

}  // namespace deltanet
