#pragma once

#include <cmath>

#include "deltanet/core/row_pieces.hpp"
#include "deltanet/core/row_sums.hpp"
#include "deltanet/core/sequences.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/recurrence/scan.hpp"

/// A scan's inputs after the door: checked, measured, normalised if asked, and cut into heads.
namespace deltanet::detail {

/// The extents of a scan.
struct Extents {
  Index B, T, H, HV, K, V, N;
  Index rows;  // of a state: K, or 2 K with momentum

  [[nodiscard]] Index group() const { return HV / H; }
};

/// One over the length of a direction, with an epsilon inside the root, so that the zero vector has a finite gradient.
template <Real T>
[[nodiscard]] T reciprocal_length(const VectorMap<const T>& x) {
  return 1 / std::sqrt(row_dot(x.data(), x.data(), x.size()) + T(1e-6));
}

/// Whether an input is a direction in key space, which use_qk_l2norm normalises: q, k and their like.
template <class Field>
[[nodiscard]] bool is_key_direction(const Field& field) {
  return field.heads == Heads::key && field.width == Width::key;
}

/// Asks for a row to be brought into the cache: a head's rows lie far apart, where the processor does not foresee them.
template <Real T>
void prefetch_row(const T* row, Index width) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  for (Index i = 0; i < width; i += line) __builtin_prefetch(row + i, 0, 2);
  asm volatile("");  // without it g++ takes this for a function without effect, and drops the call
}

template <InputBundle In>
struct Problem {
  using Member = typename In::Member;
  using T = typename In::Scalar;

  FlushToZero flush;  // for as long as the scan runs
  const In& given;
  const ScanOptions<T>& options;
  Extents extents;
  T scale;
  PoolVector<Sequence> sequences;                       // [N]
  typename Member::template Gradients<T> normalized{};  // q and k of unit length, where asked for
  In in;                                                // what the members read

  Problem(const In& given_, const ScanOptions<T>& options_)
      : given(given_),
        options(options_),
        extents(measure(given_, options_)),
        scale(options_.scale.value_or(T(1) / std::sqrt(T(std::max<Index>(extents.K, 1))))),
        in(given_) {
    check();
    sequences = Sequences{options.cu_seqlens}.cut(extents.B, extents.T);
    if (options.use_qk_l2norm) normalize();
  }

  /// The rows that one value head reads of a bundle: of key head value_head / (HV / H) where the input belongs to key heads.
  template <class HeadBundle, class Bundle>
  [[nodiscard]] HeadBundle head(Bundle& bundle, const Sequence& sequence, Index value_head) const {
    HeadBundle rows;
    for_each_input(
        [&](const auto& field, auto& source, auto& to) {
          const Index heads = field.heads == Heads::key ? extents.H : extents.HV, width = width_of(field);
          const Index h = field.heads == Heads::key ? value_head / extents.group() : value_head;
          const Index first = sequence.tokens() > 0 ? (sequence.begin * heads + h) * width : 0;  // no tokens: perhaps no data
          to = {data_of(source) + first, heads * width};
        },
        bundle, rows);
    return rows;
  }

  template <class Field>
  [[nodiscard]] Index width_of(const Field& field) const {
    return field.width == Width::one ? 1 : field.width == Width::key ? extents.K : extents.V;
  }

  /// Where a value head's row of a token lies in a tensor [B, T, HV, V]: o, its gradient, the errors.
  [[nodiscard]] Index value_row(const Sequence& sequence, Index token, Index value_head) const {
    return ((sequence.begin + token) * extents.HV + value_head) * extents.V;
  }

  /// Throws unless the states have the member's shape; `owners` is the letter of what has a state each.
  void expect_state(std::string_view name, View<const T, 4> state, const char* owners = "N") const {
    const Axis rows{extents.rows == extents.K ? "K" : "2K", extents.rows};
    expect_shape(name, state, {{owners, extents.N}, {"HV", extents.HV}, rows, {"V", extents.V}});
  }

  /// Tensors of the outputs' shapes, yet to be filled.
  [[nodiscard]] ScanResult<T> make_result() const {
    const auto& x = extents;
    return {Tensor<T, 4>(x.B, x.T, x.HV, x.V), Tensor<T, 4>(x.N, x.HV, x.rows, x.V)};
  }

  /// The caller's outputs, checked; where it asks for no final state, that is in `own`.
  [[nodiscard]] ScanOutputs<T> outputs(const ScanOutputs<T>& out, Tensor<T, 4>& own) const {
    const auto& x = extents;
    expect_shape("o", View<const T, 4>(out.o), {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
    if (!out.final_state.absent()) {
      expect_state("final_state", out.final_state);
      return out;
    }
    own.resize(x.N, x.HV, x.rows, x.V);
    return {out.o, own};
  }

  /// Writes the state before the first tokens to `state`.
  void copy_initial_state(const View<T, 4>& state) const {
    const T* const from = options.initial_state.data;
    if (options.initial_state.absent()) {
      set_zero(state.data, state.size());
    } else if (from != state.data) {
      copy_entries(from, state.size(), state.data);
    }
  }

  /// Throws std::invalid_argument if an input or the initial state has an entry that is not a finite number.
  void expect_finite_inputs() const {
    for_each_input([](const auto& field, const auto& view) { expect_finite(field.name, view); }, given);
    expect_finite("initial_state", options.initial_state);
  }

  /// Throws unless `count` outputs are finite, naming the input that is to blame. Every input reaches the outputs, so that
  /// looking at these, which are at hand, saves a pass over the inputs.
  void expect_finite_outputs(const T* o, Index count) const {
    if (all_finite(o, count)) return;
    expect_finite_inputs();
    throw std::overflow_error("o: the state grew beyond the largest number; expected keys of unit length and beta in [0, 2]");
  }

  /// Asks for token t's rows of a head to be brought into the cache.
  template <class HeadBundle>
  void prefetch(const HeadBundle& head, Index t) const {
    for_each_input([&](const auto& field, const auto& rows) { prefetch_row(rows[t], width_of(field)); }, head);
  }

  /// Zeroes a head's gradients of token t.
  template <class HeadBundle>
  void clear_gradients(const HeadBundle& head, Index t) const {
    for_each_input([&](const auto& field, const auto& rows) { std::fill_n(rows[t], width_of(field), T(0)); }, head);
  }

  /// Throws unless cotangents have the outputs' shapes, and that of the states is finite. Whoever reads `do` looks whether it
  /// is.
  void expect_cotangents(const Cotangents<T>& d) const {
    const auto& x = extents;
    expect_shape("do", d.o, {{"B", x.B}, {"T", x.T}, {"HV", x.HV}, {"V", x.V}});
    if (d.final_state.absent()) return;
    expect_state("dfinal_state", d.final_state);
    expect_finite("dfinal_state", d.final_state);
  }

  /// Throws unless `count` cotangents that were read from those of `whole` are finite, naming the first of all that is not.
  void expect_finite_cotangents(const T* dO, Index count, const Cotangents<T>& whole) const {
    if (!all_finite(dO, count)) expect_finite("do", whole.o);
  }

  // forward: y = x / sqrt(|x|^2 + eps)
  // so:      dx = (dy - y <y, dy>) / sqrt(|x|^2 + eps)
  void normalize_backward(const typename Member::template GradientViews<T>& d) const {
    if (!options.use_qk_l2norm) return;
    for_each_input(
        [&](const auto& field, const auto& x, const auto& y, auto& dx) {
          if constexpr (std::is_same_v<std::decay_t<decltype(x)>, View<const T, 4>>) {
            if (!is_key_direction(field)) return;
            key_rows().for_each([&](Index, Index first, Index count) {
              for (Index i = first; i < first + count; ++i) {
                const VectorMap<const T> before(x.data + i * extents.K, extents.K), after(y.data + i * extents.K, extents.K);
                VectorMap<T> grad(dx.data + i * extents.K, extents.K);
                grad = reciprocal_length<T>(before) * (grad - after * after.dot(grad));
              }
            });
          }
        },
        given, in, d);
  }

 private:
  template <class U, int n>
  static U* data_of(const View<U, n>& view) {
    return view.data;
  }
  template <int n>
  static T* data_of(Tensor<T, n>& tensor) {
    return tensor.data();
  }

  static Extents measure(const In& in, const ScanOptions<T>& options) {
    const auto& q = in.q.shape;
    const auto& v = in.v.shape;
    return {q[0],
            q[1],
            q[2],
            v[2],
            q[3],
            v[3],
            options.cu_seqlens.empty() ? q[0] : static_cast<Index>(options.cu_seqlens.size()) - 1,
            Member::state_rows(q[3])};
  }

  void check() const {
    const auto& x = extents;
    expect(x.H > 0 && x.HV > 0 && x.K > 0 && x.V > 0, "heads and widths: expected at least 1, got H=", x.H, ", HV=", x.HV,
           ", K=", x.K, ", V=", x.V);
    expect(x.HV % x.H == 0, "v: expected a multiple of H=", x.H, " value heads, got HV=", x.HV);
    expect(options.chunk_size > 0, "chunk_size: expected at least 1, got ", options.chunk_size);
    expect(std::isfinite(scale), "scale: expected a finite number, got ", scale);
    for_each_input(
        [&](const auto& field, const auto& view) {
          const Axis heads = field.heads == Heads::key ? Axis{"H", x.H} : Axis{"HV", x.HV};
          if constexpr (std::is_same_v<std::decay_t<decltype(view)>, View<const T, 3>>) {
            expect_shape(field.name, view, {{"B", x.B}, {"T", x.T}, heads});
          } else {
            const Axis width = field.width == Width::key ? Axis{"K", x.K} : Axis{"V", x.V};
            expect_shape(field.name, view, {{"B", x.B}, {"T", x.T}, heads, width});
          }
        },
        given);
    Member::expect_ranges(given);
    if (!options.initial_state.absent()) expect_state("initial_state", options.initial_state);
  }

  /// The rows of a key [B, T, H, K], in pieces to be worked on in parallel.
  [[nodiscard]] RowPieces key_rows() const { return {extents.B * extents.T * extents.H, extents.K}; }

  void normalize() {
    for_each_input(
        [&](const auto& field, const auto& x, auto& y, auto& read) {
          if constexpr (std::is_same_v<std::decay_t<decltype(x)>, View<const T, 4>>) {
            if (!is_key_direction(field)) return;
            y.resize(extents.B, extents.T, extents.H, extents.K);
            key_rows().for_each([&](Index, Index first, Index count) {
              for (Index i = first; i < first + count; ++i) {
                const VectorMap<const T> before(x.data + i * extents.K, extents.K);
                VectorMap<T>(y.data() + i * extents.K, extents.K) = reciprocal_length<T>(before) * before;
              }
            });
            read = y;
          }
        },
        given, normalized, in);
  }
};

/// Gradients of the same shapes as the inputs, yet to be filled.
template <InputBundle In>
[[nodiscard]] ScanGradients<In> make_gradients(const Problem<In>& problem) {
  const auto& x = problem.extents;
  ScanGradients<In> d;
  for_each_input([&](const auto&, const auto& view, auto& tensor) { tensor.resize(view.shape); }, problem.given, d.inputs);
  d.initial_state.resize(x.N, x.HV, x.rows, x.V);
  return d;
}

/// Throws unless the caller's gradients have the inputs' shapes.
template <InputBundle In>
void expect_gradients(const Problem<In>& problem, const ScanGradientViews<In>& d) {
  for_each_input(
      [&](const auto& field, const auto& view, const auto& gradient) {
        expect(gradient.data || gradient.size() == 0, "d", field.name, ": expected memory, got none");
        if (gradient.shape == view.shape) return;  // before any text is made
        throw std::invalid_argument(
            concat("d", field.name, ": expected ", shape_text(view.shape), ", got ", shape_text(gradient.shape)));
      },
      problem.given, d.inputs);
  problem.expect_state("dinitial_state", d.initial_state);
}

/// Writes the gradient by the state after the last token to where it is carried back to that before the first.
template <InputBundle In>
void begin_state_gradient(const Cotangents<typename In::Scalar>& cotangents, const ScanGradientViews<In>& d) {
  const View<typename In::Scalar, 4>& state = d.initial_state;
  if (cotangents.final_state.absent())
    set_zero(state.data, state.size());
  else
    copy_entries(cotangents.final_state.data, state.size(), state.data);
}

}  // namespace deltanet::detail
