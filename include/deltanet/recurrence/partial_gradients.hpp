#pragma once

#include "deltanet/recurrence/problem.hpp"

namespace deltanet::detail {

/// Gradients with a row of their own for every value head, to be added up in a fixed order, of the inputs that value heads
/// share: those of key heads, where there are fewer of them. Whoever adds to rows clears them first, so that they are in the
/// cache.
template <InputBundle In>
struct PartialGradients {
  using T = typename In::Scalar;
  using Views = typename In::Member::template GradientViews<T>;

  typename In::Member::template Gradients<T> partial;

  explicit PartialGradients(const Problem<In>& problem) {
    for_each_input(
        [&](const auto& field, const auto& view, auto& tensor) {
          if (!shared(problem, field)) return;
          auto shape = Eigen::array<Index, std::tuple_size_v<decltype(view.shape)>>(view.shape);
          shape[2] = problem.extents.HV;
          tensor.resize(shape);
        },
        problem.given, partial);
  }

  template <class Field>
  [[nodiscard]] bool shared(const Problem<In>& problem, const Field& field) const {
    return field.heads == Heads::key && problem.extents.group() > 1;
  }

  /// The rows to which one value head adds.
  template <class HeadBundle>
  [[nodiscard]] HeadBundle head(const Problem<In>& problem, const Views& whole, const Sequence& sequence, Index hv) {
    HeadBundle rows = problem.template head<HeadBundle>(whole, sequence, hv);
    for_each_input(
        [&](const auto& field, auto& tensor, auto& to) {
          if (!shared(problem, field)) return;
          const Index width = problem.width_of(field), heads = problem.extents.HV;
          const Index first = sequence.tokens() > 0 ? (sequence.begin * heads + hv) * width : 0;
          to = {tensor.data() + first, heads * width};
        },
        partial, rows);
    return rows;
  }

  /// Replaces the gradients in `whole` of what is shared by the sums over value heads.
  void sum_to(const Problem<In>& problem, const Views& whole) const {
    for_each_input(
        [&](const auto& field, const auto& from, auto& to) {
          if (!shared(problem, field)) return;
          const Index width = problem.width_of(field), terms = problem.extents.group();
          const MatrixMap<const T> rows(from.data(), problem.extents.B * problem.extents.T * problem.extents.HV, width);
          MatrixMap<T> sums(to.data, rows.rows() / terms, width);
          RowPieces(sums.rows(), terms * width).for_each([&](Index, Index first, Index count) {
            for (Index i = first; i < first + count; ++i) {
              sums.row(i) = rows.row(i * terms);
              for (Index j = 1; j < terms; ++j) sums.row(i) += rows.row(i * terms + j);
            }
          });
        },
        partial, whole);
  }
};

}  // namespace deltanet::detail
