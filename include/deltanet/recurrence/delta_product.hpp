#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "deltanet/recurrence/streamed.hpp"

/// Several delta steps a token, the Householder products of DeltaProduct (arXiv 2502.10297): n writes (k_j, v_j, beta_j), one
/// decay before the first of them, one read after the last. This is the member itself on n times as many tokens, with g = 0 but
/// at the first sub-step and q = 0 but at the last (exactly: a read with q = 0 is 0), so every member of the delta rule has it.
///
/// Of a member's inputs, q and the gates g and eta have T tokens; all others have T n, sub-steps fastest.
namespace deltanet {

namespace detail {

/// Where the rows of an input of T tokens go among T n sub-steps: q to the last, gates to the first; others are there already.
enum class Substep { every, first, last };

template <class Field>
[[nodiscard]] constexpr Substep substep_of(const Field& field) {
  if (field.name == "q") return Substep::last;
  return field.name == "g" || field.name == "eta" ? Substep::first : Substep::every;
}

/// A member's inputs by sub-steps: those of one row a token stretched with zeros.
template <InputBundle In>
struct Substeps {
  using T = typename In::Scalar;

  Index n;
  typename In::Member::template Gradients<T> stretched{};
  In in;

  Substeps(const In& given, Index num_householder) : n(num_householder), in(given) {
    expect(n >= 1, "num_householder: expected at least 1, got ", n);
    static_assert(std::is_same_v<typename In::Member::Dynamics::template MomentumGate<int, int>, NoInput>,
                  "several sub-steps a token do not combine with momentum: it would move with each of them");
    const Index tokens = given.q.shape[1];
    for_each_input(
        [&](const auto& field, const auto& from, auto& to, auto& view) {
          if (substep_of(field) == Substep::every) {
            expect(from.shape[1] == tokens * n, field.name, ": expected T * num_householder = ", tokens * n, " tokens, got ",
                   from.shape[1]);
            return;
          }
          expect(from.shape[1] == tokens, field.name, ": expected T=", tokens, " tokens, got ", from.shape[1]);
          auto shape = from.shape;
          shape[1] *= n;
          to.resize(Eigen::array<Index, std::tuple_size_v<decltype(shape)>>(shape));
          to.setZero();
          for_each_token(from.shape, substep_of(field), [&](Index token, Index substep, Index row) {
            std::copy_n(from.data + token * row, row, to.data() + substep * row);
          });
          view = to;
        },
        given, stretched, in);
  }

  /// Calls f(token, substep, row) for every token of all sequences, its sub-step, and the entries of one token.
  template <class Shape, class F>
  void for_each_token(const Shape& shape, Substep which, const F& f) const {
    Index row = 1;
    for (std::size_t axis = 2; axis < shape.size(); ++axis) row *= shape[axis];
    const Index offset = which == Substep::last ? n - 1 : 0;
    for (Index token = 0; token < shape[0] * shape[1]; ++token) f(token, token * n + offset, row);
  }

  /// A tensor [B, T n, ..] at the tokens' sub-steps: [B, T, ..].
  template <int N>
  [[nodiscard]] Tensor<T, N> gather(const Tensor<T, N>& from, Substep which) const {
    auto shape = from.dimensions();
    shape[1] /= n;
    Tensor<T, N> to(shape);
    for_each_token(shape, which, [&](Index token, Index substep, Index row) {
      std::copy_n(from.data() + substep * row, row, to.data() + token * row);
    });
    return to;
  }

  [[nodiscard]] ScanOptions<T> options(ScanOptions<T> given) const {
    for (Index& end : given.cu_seqlens) end *= n;
    return given;
  }
};

}  // namespace detail

/// Runs a member with `num_householder` delta steps a token by the chunked scan. Options (packed sequences are given in tokens)
/// and errors are those of `chunked`; o is [B, T, HV, V]. Costs what T n tokens cost.
template <InputBundle In>
[[nodiscard]] ScanResult<typename In::Scalar> delta_product(const In& in, Index num_householder,
                                                            const ScanOptions<typename In::Scalar>& options = {},
                                                            ScanCache<typename In::Scalar>* cache = nullptr) {
  const detail::Substeps<In> substeps(in, num_householder);
  auto result = chunked(substeps.in, substeps.options(options), cache);
  return {substeps.gather(result.o, detail::Substep::last), std::move(result.final_state)};
}

/// The same by the definition, token by token.
template <InputBundle In>
[[nodiscard]] ScanResult<typename In::Scalar> sequential_delta_product(const In& in, Index num_householder,
                                                                       const ScanOptions<typename In::Scalar>& options = {}) {
  const detail::Substeps<In> substeps(in, num_householder);
  auto result = sequential(substeps.in, substeps.options(options));
  return {substeps.gather(result.o, detail::Substep::last), std::move(result.final_state)};
}

/// The exact gradients of `delta_product`, given its cache; of `sequential_delta_product` where cache is null.
template <InputBundle In>
[[nodiscard]] ScanGradients<In> delta_product_backward(const In& in, Index num_householder,
                                                       const ScanCache<typename In::Scalar>* cache,
                                                       const Cotangents<typename In::Scalar>& cotangents,
                                                       const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  const detail::Substeps<In> substeps(in, num_householder);
  expect_shape("do", cotangents.o, {{"B", in.q.shape[0]}, {"T", in.q.shape[1]}, {"HV", in.v.shape[2]}, {"V", in.v.shape[3]}});
  Tensor<T, 4> d_o = zeros<T>(in.q.shape[0], in.q.shape[1] * num_householder, in.v.shape[2], in.v.shape[3]);
  substeps.for_each_token(cotangents.o.shape, detail::Substep::last, [&](Index token, Index substep, Index row) {
    std::copy_n(cotangents.o.data + token * row, row, d_o.data() + substep * row);
  });
  const Cotangents<T> stretched{.o = d_o, .final_state = cotangents.final_state};
  const ScanOptions<T> by_substeps = substeps.options(options);
  ScanGradients<In> gradients = cache ? chunked_backward(substeps.in, *cache, stretched, by_substeps)
                                      : sequential_backward(substeps.in, stretched, by_substeps);
  for_each_input(
      [&](const auto& field, auto& d) {
        const detail::Substep which = detail::substep_of(field);
        if (which != detail::Substep::every) d = substeps.gather(std::as_const(d), which);
      },
      gradients.inputs);
  return gradients;
}

/// Reads on where `state` is, and moves it on: as `streamed`, with `num_householder` writes and one read a token. o [B, T, HV,
/// V].
template <InputBundle In>
[[nodiscard]] Tensor<typename In::Scalar, 4> streamed_delta_product(
    const In& in, Index num_householder, RecurrentState<typename In::Scalar, typename In::Member>& state,
    const ScanOptions<typename In::Scalar>& options = {}) {
  const detail::Substeps<In> substeps(in, num_householder);
  return substeps.gather(streamed(substeps.in, state, substeps.options(options)), detail::Substep::last);
}

}  // namespace deltanet
