#pragma once

#include "deltanet/core/matrix_product.hpp"
#include "deltanet/layers/delta_inputs.hpp"
#include "deltanet/layers/delta_output.hpp"
#include "deltanet/recurrence/head_rows.hpp"

/// Reading a memory layer apart from writing it: what Titans' memory as context (blocks/memory_as_context.hpp) asks of its
/// memory.
namespace deltanet {

/// A Layer that can be read apart from being written, and whose gradients go through its state.
///
///   contents(state)                                what reads see of a state, one tensor [N, ..]
///   contents_gradient(dstate)                      the same of a gradient by a state, to be added to
///   initial_retrieval_state(N)                     the same apart, with the past of a convolution of queries
///   retrieve(x, state, cache, sequences)           what the contents answer to the tokens x [B, T, D]: [B, T, D]. Nothing is
///                                                  written; the convolution moves on
///   retrieve_backward(cache, dy, gradients, d)     dx; *d is the gradient by the state after, and becomes that before
///   backward(cache, dy, gradients, d)              the same of `forward` with a state: gradients do not end there
///   initial_state_backward(d, gradients)           the gradients of `initial_state`, added to those of the parameters
template <class M>
concept RetrievableMemory = Layer<M> &&
    requires(const M memory, View<const typename M::Scalar, 3> x, typename M::State state, const typename M::State fixed,
             typename M::RetrievalState retrieval, typename M::RetrievalCache retrieved, typename M::Cache cache,
             typename M::Params gradients, Sequences sequences, Index N) {
  M::contents(fixed).data();
  M::contents_gradient(state).data();
  { memory.initial_retrieval_state(N) } -> std::same_as<typename M::RetrievalState>;
  { memory.retrieve(x, retrieval, &retrieved, sequences) } -> std::same_as<Tensor<typename M::Scalar, 3>>;
  { memory.retrieve_backward(retrieved, x, gradients, &retrieval) } -> std::same_as<Tensor<typename M::Scalar, 3>>;
  { memory.backward(cache, x, gradients, &state) } -> std::same_as<Tensor<typename M::Scalar, 3>>;
  memory.initial_state_backward(fixed, gradients);
};

/// What reading apart from writing carries from call to call. Gradients are one too.
template <Real T, int Axes>
struct BasicRetrievalState {
  Tensor<T, Axes> contents;                // [N, ..]
  std::optional<Tensor<T, 3>> conv_state;  // [N, H K, W]: of the queries' convolution, absent where there is none

  static constexpr auto fields() {
    using S = BasicRetrievalState;
    return std::tuple{Field{"contents", &S::contents}, Field{"conv_state", &S::conv_state}};
  }
};

/// What the gradients of a read need.
template <Real T, int Axes>
struct BasicRetrievalCache {
  Tensor<T, 3> x;  // [B, T, D]
  BranchCache<T> branch;
  Tensor<T, 4> q;            // [B, T, H, K]: of unit length
  Tensor<T, Axes> contents;  // [N, ..]
  Sequences sequences;
  DeltaOutputCache<T> output;
};

/// Fills cache.q and what it comes from: q = silu(conv(q_proj x)), of unit length. Moves `conv_state` on.
template <Real T, int Axes>
void retrieval_queries(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params, View<const T, 3> x,
                       std::optional<Tensor<T, 3>>& conv_state, BasicRetrievalCache<T, Axes>& cache, const Sequences& sequences,
                       Pass pass = Pass::inference) {
  expect(config.qk_norm == QKNorm::l2, "retrieve: expected queries of unit length");
  expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
  const Index N = sequences.count(x.shape[0], x.shape[1]);
  if (config.use_short_conv)
    expect_shape("conv_state", conv_state ? View<const T, 3>(*conv_state) : View<const T, 3>(),
                 {{"N", N}, {"D", config.key_dim()}, {"W", config.conv_size}});
  detail::keep(x, cache.x);
  cache.sequences = sequences;
  detail::Branches<T>(config, params).q.forward(x, conv_state, cache.branch, sequences, pass);
  if (config.use_short_conv) shift_convolution_state<T>(cache.branch.projected, *conv_state, sequences);
  cache.q.resize(x.shape[0], x.shape[1], config.num_heads, config.head_k_dim);
  l2_norm<T>(detail::as_heads<const T>(cache.branch.out, config.num_heads).rows(), rows(cache.q));
}

/// The gradients of `retrieval_queries`, given that by cache.q, which is written over: adds to dx [B T, D] and to those of the
/// parameters. *dstate, where it is not null, is that by the convolution's state after, and becomes that by its state before.
template <Real T, int Axes>
void retrieval_queries_backward(const DeltaInputsConfig& config, const DeltaInputsParams<T>& params,
                                const BasicRetrievalCache<T, Axes>& cache, Tensor<T, 4>& dq, MatrixRef<T> dx,
                                DeltaInputsParams<T>& gradients, std::optional<Tensor<T, 3>>* dstate) {
  l2_norm_backward<T>(detail::as_heads<const T>(cache.branch.out, config.num_heads).rows(), rows(cache.q), rows(dq));
  detail::Branches<T>(config, params)
      .q.backward(cache.x, cache.branch, detail::as_row_of_heads(dq), dx, gradients.q_proj, gradients.q_conv1d, cache.sequences,
                  dstate);
}

/// o = scale S^T q for every value head, with the first K rows of the states [N, HV, rows, V], the same for all tokens of a
/// sequence. q [B, T, H, K] -> [B, T, HV, V].
template <Real T>
[[nodiscard]] Tensor<T, 4> retrieve_linear(std::type_identity_t<View<const T, 4>> q, const Tensor<T, 4>& states, T scale,
                                           const Sequences& sequences = {}) {
  const Index H = q.shape[2], K = q.shape[3], HV = states.dimension(1), V = states.dimension(3);
  const auto cut = sequences.cut(q.shape[0], q.shape[1]);
  Tensor<T, 4> o(q.shape[0], q.shape[1], HV, V);
  parallel_for(static_cast<Index>(cut.size()) * HV, [&](Index piece) {
    const detail::Sequence& sequence = cut[static_cast<std::size_t>(piece / HV)];
    const Index h = piece % HV;
    const auto queries = detail::head_rows(q.data, q.shape, sequence, h / (HV / H));
    Matrix<T> S = Matrix<T>::Zero(K, whole_packets<T>(V)), read(queries.rows(), S.cols());
    S.leftCols(V) = MatrixMap<const T>(states.data() + piece * states.dimension(2) * V, K, V);
    // Eigen's product would sum in an order that depends on the number of tokens
    small_product<Keep::nothing>(read.rows(), S.cols(), K, Plain<T>{queries.data(), queries.outerStride()}, S.data(), S.cols(),
                                 read.data(), read.cols());
    detail::head_rows(o.data(), {q.shape[0], q.shape[1], HV, V}, sequence, h) = scale * read.leftCols(V);
  });
  return o;
}

/// The gradients of `retrieve_linear`, given that by o: returns that by q, and adds to that by the states.
//
// forward: O = s Q S
// so:      dQ = s dO S^T,   dS += s Q^T dO
template <Real T>
[[nodiscard]] Tensor<T, 4> retrieve_linear_backward(std::type_identity_t<View<const T, 4>> q, const Tensor<T, 4>& states,
                                                    T scale, std::type_identity_t<View<const T, 4>> d_o, Tensor<T, 4>& dstates,
                                                    const Sequences& sequences = {}) {
  const Index H = q.shape[2], K = q.shape[3], HV = states.dimension(1), V = states.dimension(3), group = HV / H;
  const auto cut = sequences.cut(q.shape[0], q.shape[1]);
  Tensor<T, 4> dq(q.shape);
  dq.setZero();
  parallel_for(static_cast<Index>(cut.size()) * H, [&](Index piece) {
    const detail::Sequence& sequence = cut[static_cast<std::size_t>(piece / H)];
    for (Index i = 0; i < group; ++i) {
      const Index h = piece % H * group + i, state = (piece / H * HV + h) * states.dimension(2) * V;
      const auto d = detail::head_rows(d_o.data, d_o.shape, sequence, h);
      const Matrix<T> scaled = scale * d;
      detail::multiply_add(scaled, MatrixMap<const T>(states.data() + state, K, V).transpose(),
                           detail::head_rows(dq.data(), q.shape, sequence, piece % H));
      detail::multiply_add(detail::head_rows(q.data, q.shape, sequence, piece % H).transpose(), scaled,
                           MatrixMap<T>(dstates.data() + state, K, V));
    }
  });
  return dq;
}

}  // namespace deltanet
