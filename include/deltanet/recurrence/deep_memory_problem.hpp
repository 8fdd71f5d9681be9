#pragma once

#include <cmath>

#include "deltanet/core/threads.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/recurrence/deep_memory_scan.hpp"
#include "deltanet/recurrence/head_rows.hpp"

/// A deep memory's inputs after the door: checked, measured, and cut into heads and chunks.
namespace deltanet::detail {

template <class T>
[[nodiscard]] StridedRows<T> rows_of(const Rows<T>& rows, Index t, Index n, Index width) {
  return StridedRows<T>(rows[t], n, width, Eigen::OuterStride<>(rows.stride));
}

template <DeepMemoryInputs In>
struct DeepMemoryProblem {
  using T = typename In::Scalar;
  using Update = typename In::Update;
  using HeadInputs = typename Update::template Tokens<T, Rows<const T>, Rows<const T>>;
  using HeadGradients = typename Update::template Tokens<T, Rows<T>, Rows<T>>;

  FlushToZero flush;  // for as long as the scan runs
  const MemoryNetwork& network;
  const MemoryParams<T>& params;
  const In& in;
  const DeepMemoryOptions& options;
  struct {
    Index B, T, H, K, V, P, N;
  } extents;
  PoolVector<Sequence> sequences;  // [N]

  DeepMemoryProblem(const MemoryNetwork& network_, const MemoryParams<T>& params_, const In& in_,
                    const DeepMemoryState<T>& state, const DeepMemoryOptions& options_)
      : network(network_),
        params(params_),
        in(in_),
        options(options_),
        extents{in.k.shape[0], in.k.shape[1], in.k.shape[2], network.key_dim, network.value_dim, network.size(), 0},
        sequences(options.sequences.cut(extents.B, extents.T)) {
    extents.N = static_cast<Index>(sequences.size());
    const auto& x = extents;
    expect_memory_network(network);
    expect_memory_params(network, x.H, params);
    expect(options.mini_batch >= 1, "mini_batch: expected at least 1, got ", options.mini_batch);
    expect(options.chunk_size >= 1, "chunk_size: expected at least 1, got ", options.chunk_size);
    for_each_input(
        [&](const auto& field, const auto& view) {
          if (field.name == "q" && view.absent()) return;
          if constexpr (std::is_same_v<std::decay_t<decltype(view)>, View<const T, 3>>)
            expect_shape(field.name, view, {{"B", x.B}, {"T", x.T}, {"H", x.H}});
          else
            expect_shape(field.name, view,
                         {{"B", x.B}, {"T", x.T}, {"H", x.H}, field.width == Width::key ? Axis{"K", x.K} : Axis{"V", x.V}});
          expect_finite(field.name, view);
        },
        in);
    Update::expect_ranges(in);
    expect_state("state", state);
    for (const T position : state.position)
      expect(position >= 0 && position < static_cast<T>(options.mini_batch) && position == std::floor(position),
             "state.position: expected a whole number below mini_batch=", options.mini_batch, ", got ", position);
  }

  void expect_state(const std::string& name, const DeepMemoryState<T>& state) const {
    const auto expect_weights = [&](const char* part, const Tensor<T, 3>& weights) {
      const View<const T, 3> view = weights;
      expect_shape(name + "." + part, view, {{"N", extents.N}, {"H", extents.H}, {"P", extents.P}});
      expect_finite(name + "." + part, view);
    };
    expect_weights("start", state.start);
    expect_weights("weights", state.weights);
    expect_weights("momentum", state.momentum);
    expect(state.position.size() == extents.N, name, ".position: expected N=", extents.N, " entries, got ",
           state.position.size());
  }

  void expect_cotangents(const DeepMemoryCotangents<T>& d) const {
    if (!in.q.absent()) {
      expect_shape("do", d.o, {{"B", extents.B}, {"T", extents.T}, {"H", extents.H}, {"V", extents.V}});
      expect_finite("do", d.o);
    }
    if (d.final_state) expect_state("dfinal_state", *d.final_state);
  }

  /// Throws unless the outputs and the weights are finite, naming what is to blame.
  void expect_finite_result(const DeepMemoryResult<T>& result) const {
    const auto& weights = result.final_state.weights;
    if (all_finite(result.o.data(), result.o.size()) && all_finite(weights.data(), weights.size())) return;
    throw std::overflow_error(
        "deep memory: the weights grew beyond the largest number; expected keys of unit length and theta of about "
        "1 / mini_batch");
  }

  [[nodiscard]] DeepMemoryResult<T> begin_result(const DeepMemoryState<T>& state) const {
    const auto& x = extents;
    DeepMemoryResult<T> result{in.q.absent() ? Tensor<T, 4>() : Tensor<T, 4>(x.B, x.T, x.H, x.V), state};
    for (Index n = 0; n < x.N; ++n) {
      T& position = result.final_state.position[n];
      position = static_cast<T>((static_cast<Index>(position) + sequence(n).tokens()) % options.mini_batch);
    }
    return result;
  }

  /// Gradients of the inputs' shapes, zero, and of the final state's cotangent.
  [[nodiscard]] DeepMemoryGradients<In> begin_gradients(const DeepMemoryCotangents<T>& cotangents) const {
    const auto& x = extents;
    DeepMemoryGradients<In> d;
    for_each_input(
        [&](const auto&, const auto& view, auto& tensor) {
          tensor.resize(view.shape);
          tensor.setZero();
        },
        in, d.inputs);
    d.params = zero_memory_params(params);
    const auto zero = [&] { return zeros<T>(x.N, x.H, x.P); };
    d.initial_state = cotangents.final_state ? *cotangents.final_state : DeepMemoryState<T>{zero(), zero(), zero(), {}};
    d.initial_state.position = Vector<T>::Zero(x.N);
    return d;
  }

  [[nodiscard]] const Sequence& sequence(Index n) const { return sequences[static_cast<std::size_t>(n)]; }
  /// The row of a head and the first token of sequence n, of all rows [B, T, H] of a tensor.
  [[nodiscard]] Index first_row(Index n, Index h) const {
    return sequence(n).tokens() > 0 ? sequence(n).begin * extents.H + h : 0;  // no tokens: perhaps no data
  }

  /// The rows of one head of one sequence in a bundle of views or tensors; empty ones have none.
  template <class HeadBundle, class Bundle>
  [[nodiscard]] HeadBundle head(Bundle& bundle, Index n, Index h) const {
    HeadBundle rows;
    for_each_input(
        [&](const auto& field, auto& source, auto& to) {
          const Index width = field.width == Width::one ? 1 : field.width == Width::key ? extents.K : extents.V;
          const auto data = [&] {
            if constexpr (requires { source.data(); })
              return source.data();
            else
              return source.data;
          };
          if (source.size() > 0) to = {data() + first_row(n, h) * width, extents.H * width};
        },
        bundle, rows);
    return rows;
  }
  /// The same of a tensor [B, T, H, V]; an absent or empty one has no address to count from.
  template <class U>
  [[nodiscard]] Rows<U> value_rows(U* values, Index n, Index h) const {
    if (values == nullptr) return {};
    return {values + first_row(n, h) * extents.V, extents.H * extents.V};
  }
  /// The weights of one head of one sequence in a tensor [N, H, P].
  template <class Weights>
  [[nodiscard]] auto weights(Weights& tensor, Index n, Index h) const {
    return segment(tensor.data() + (n * extents.H + h) * extents.P, extents.P);
  }
  /// Whether weights decay to their initial ones, and not to zero, or not at all.
  [[nodiscard]] bool decays_to_initial() const { return options.decay_to_initial && !Update::from_start; }
  /// The weights to which those of a head decay; null where they decay to zero.
  [[nodiscard]] const T* initial(Index h) const {
    return decays_to_initial() ? params.weights.data() + h * extents.P : nullptr;
  }
  /// Weights of a head, given what decays of them, and the reverse.
  template <class Base>
  void from_base(Index h, const Base& base, auto&& weights) const {
    weights = base;
    if (decays_to_initial()) weights += VectorMap<const T>(initial(h), extents.P);
  }
  template <class Weights>
  [[nodiscard]] Vector<T> to_base(Index h, const Weights& weights) const {
    Vector<T> base = weights;
    if (decays_to_initial()) base -= VectorMap<const T>(initial(h), extents.P);
    return base;
  }

  [[nodiscard]] Index tokens_at_most() const { return std::min({options.chunk_size, options.mini_batch, extents.T}); }

  /// Calls f(first token, tokens, whether a mini-batch begins, whether one ends with them) for the chunks of a sequence, whose
  /// first token is at `position` in its mini-batch.
  template <class F>
  void for_each_chunk(Index n_, T position, const F& f) const {
    const Index length = sequence(n_).tokens();
    Index at = static_cast<Index>(position);
    for (Index t = 0; t < length;) {
      const Index n = std::min({options.chunk_size, options.mini_batch - at, length - t});
      f(t, n, at == 0, at + n == options.mini_batch);
      at = (at + n) % options.mini_batch;
      t += n;
    }
  }
};

}  // namespace deltanet::detail
