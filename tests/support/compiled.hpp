#pragma once

#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_output.hpp"
#include "deltanet/layers/rms_norm.hpp"
#include "deltanet/layers/swiglu.hpp"
#include "deltanet/memory/comba.hpp"
#include "deltanet/memory/erase_write.hpp"
#include "deltanet/memory/hebbian.hpp"
#include "deltanet/memory/titans_update.hpp"
#include "deltanet/memory/ttt_update.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/deep_memory.hpp"
#include "deltanet/recurrence/retrieve.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/recurrence/streamed.hpp"

/// What many tests call, compiled once for all of them: `extern` here, without it in support/compiled/. A template that is not
/// named here is compiled where it is used, as ever; this saves time and changes nothing else.

#define DELTANET_COMPILED_SCANS(how, member, T)                                                                     \
  how template ScanResult<T> chunked(const member::Inputs<T>&, const ScanOptions<T>&, ScanCache<T>*);               \
  how template ScanGradients<member::Inputs<T>> chunked_backward(const member::Inputs<T>&, const ScanCache<T>&,     \
                                                                 const Cotangents<T>&, const ScanOptions<T>&);      \
  how template Tensor<T, 4> streamed(const member::Inputs<T>&, RecurrentState<T, member>&, const ScanOptions<T>&);  \
  how template ScanResult<T> sequential(const member::Inputs<T>&, const ScanOptions<T>&);                           \
  how template ScanGradients<member::Inputs<T>> sequential_backward(const member::Inputs<T>&, const Cotangents<T>&, \
                                                                    const ScanOptions<T>&);

#define DELTANET_COMPILED_MEMBER(how, member) \
  DELTANET_COMPILED_SCANS(how, member, float) \
  DELTANET_COMPILED_SCANS(how, member, double)

/// The kernels under all scans, which members share.
#define DELTANET_COMPILED_KERNELS(how, T)                                                                                      \
  how template void panel_product<Keep::nothing>(Index, Index, Plain<T>, const T*, Index, T*, Index, Scaled<T>);               \
  how template void panel_product<Keep::all>(Index, Index, Plain<T>, const T*, Index, T*, Index, Scaled<T>);                   \
  how template void panel_product<Keep::all>(Index, Index, Transposed<T>, const T*, Index, T*, Index, Scaled<T>);              \
  how template void transpose(Index, Index, const T*, Index, T*, Index);                                                       \
  how template void gram(Index, Index, const Matrix<T>&, const Matrix<T>&, Matrix<T>&);                                        \
  how template void gram_backward(Index, Index, const Matrix<T>&, const Matrix<T>&, const Matrix<T>&, Matrix<T>&, Matrix<T>&); \
  how template void detail::advance(const Chunk<T>&, const T*, T*, T*, const T*, T*);                                          \
  how template void detail::advance_token(const Chunk<T>&, Index, const T*, const T*, Index, const T*, const T*, T*, T*);      \
  how template void detail::write_open(const Chunk<T>&, const T*, T*, Index);                                                  \
  how template void detail::retreat(const Chunk<T>&, const T*, const T*, T*, T*, const T*, T*, detail::RetreatScratch<T>&,     \
                                    detail::ChunkGradient<T>&);                                                                \
  how template struct Chunk<T>;                                                                                                \
  how template struct detail::RetreatScratch<T>;                                                                               \
  how template class detail::ChunkGradient<T>;                                                                                 \
  how template class detail::PanelState<T>;                                                                                    \
  how template class NoDecay::Window<T>;                                                                                       \
  how template class ScalarDecay::Window<T>;                                                                                   \
  how template class BasicScalarDecay<PredictedFrom::previous>::Window<T>;                                                     \
  how template class KeyDecay::Window<T>;

#define DELTANET_COMPILED_PARTS(how, T)                                                                                       \
  how template void multiply_transposed<T>(ConstMatrixRef<T>, ConstMatrixRef<T>, MatrixRef<T>);                               \
  how template void add_product<T>(ConstMatrixRef<T>, ConstMatrixRef<T>, MatrixRef<T>);                                       \
  how template void add_transposed_product<T>(ConstMatrixRef<T>, ConstMatrixRef<T>, MatrixRef<T>);                            \
  how template void linear<T>(const LinearParams<T>&, ConstMatrixRef<T>, MatrixRef<T>, Pass);                                 \
  how template void linear_backward<T>(const LinearParams<T>&, ConstMatrixRef<T>, ConstMatrixRef<T>, MatrixRef<T>,            \
                                       LinearParams<T>&);                                                                     \
  how template DeltaInputsParams<T> delta_inputs_params<T>(const DeltaInputsConfig&);                                         \
  how template void initialize_delta_inputs<T>(DeltaInputsParams<T>&, const DeltaInputsConfig&, Random&);                     \
  how template void delta_inputs<T>(const DeltaInputsConfig&, const DeltaInputsParams<T>&, View<const T, 3>,                  \
                                    const ConvolutionStates<T>&, DeltaInputsCache<T>&, const Sequences&, Pass);               \
  how template void delta_inputs_backward<T>(const DeltaInputsConfig&, const DeltaInputsParams<T>&, View<const T, 3>,         \
                                             const DeltaInputsCache<T>&, std::type_identity_t<DeltaInputsGradients<T>>,       \
                                             MatrixRef<T>, DeltaInputsParams<T>&, ConvolutionStates<T>*);                     \
  how template DeltaOutputParams<T> delta_output_params<T>(const DeltaOutputConfig&);                                         \
  how template void initialize_delta_output<T>(DeltaOutputParams<T>&, const DeltaOutputConfig&, Random&);                     \
  how template Tensor<T, 3> delta_output<T>(const DeltaOutputConfig&, const DeltaOutputParams<T>&, View<const T, 3>,          \
                                            DeltaOutputCache<T>&, Pass);                                                      \
  how template Tensor<T, 4> delta_output_backward<T>(const DeltaOutputConfig&, const DeltaOutputParams<T>&, View<const T, 3>, \
                                                     const DeltaOutputCache<T>&, std::type_identity_t<View<const T, 3>>,      \
                                                     MatrixRef<T>, DeltaOutputParams<T>&);                                    \
  how template class RMSNorm<T>;                                                                                              \
  how template class SwiGLU<T>;

#define DELTANET_COMPILED_DEEP_MEMORY(how, Update, T)                                                                     \
  how template DeepMemoryResult<T> deep_memory(const MemoryNetwork&, const MemoryParams<T>&, const Update::Inputs<T>&,    \
                                               const DeepMemoryState<T>&, const DeepMemoryOptions&, DeepMemoryCache<T>*); \
  how template DeepMemoryGradients<Update::Inputs<T>> deep_memory_backward(                                               \
      const MemoryNetwork&, const MemoryParams<T>&, const Update::Inputs<T>&, const DeepMemoryCache<T>&,                  \
      const DeepMemoryCotangents<T>&, const DeepMemoryOptions&);

#define DELTANET_COMPILED_RETRIEVE(how, T)                                                                                 \
  how template Tensor<T, 4> retrieve(const MemoryNetwork&, const MemoryParams<T>&, std::type_identity_t<View<const T, 4>>, \
                                     const Tensor<T, 3>&, double, const Sequences&);                                       \
  how template RetrieveGradients<T> retrieve_backward(const MemoryNetwork&, const MemoryParams<T>&,                        \
                                                      std::type_identity_t<View<const T, 4>>, const Tensor<T, 3>&,         \
                                                      std::type_identity_t<View<const T, 4>>, double, const Sequences&);

namespace deltanet {

DELTANET_COMPILED_KERNELS(extern, float)
DELTANET_COMPILED_KERNELS(extern, double)
DELTANET_COMPILED_MEMBER(extern, DeltaRule)
DELTANET_COMPILED_MEMBER(extern, GatedDeltaRule)
DELTANET_COMPILED_MEMBER(extern, KimiDeltaRule)
DELTANET_COMPILED_MEMBER(extern, MomentumDeltaRule)
DELTANET_COMPILED_MEMBER(extern, NesterovDeltaRule)
DELTANET_COMPILED_MEMBER(extern, DecayedCombaDeltaRule)
DELTANET_COMPILED_MEMBER(extern, GatedDeltaRule2)
DELTANET_COMPILED_MEMBER(extern, ScalarDecayRule)
DELTANET_COMPILED_MEMBER(extern, GatedLinearAttentionRule)
DELTANET_COMPILED_PARTS(extern, float)
DELTANET_COMPILED_PARTS(extern, double)
DELTANET_COMPILED_DEEP_MEMORY(extern, TitansUpdate, float)
DELTANET_COMPILED_DEEP_MEMORY(extern, TitansUpdate, double)
DELTANET_COMPILED_DEEP_MEMORY(extern, TTTUpdate, float)
DELTANET_COMPILED_DEEP_MEMORY(extern, TTTUpdate, double)
DELTANET_COMPILED_RETRIEVE(extern, float)
DELTANET_COMPILED_RETRIEVE(extern, double)

}  // namespace deltanet
