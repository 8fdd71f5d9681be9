#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/recurrence/problem.hpp"

/// The definition: one token after another, as the papers write it. Slow, obvious, and the judge of every other scan.
namespace deltanet {

/// Runs a member over B sequences (or N packed ones), token by token.
///
///   S_t, o_t = member's step of (S_{t-1}, token t)     recurrence/README.md, equations 1 to 4
///
/// Inputs as the member's bundle says; returns o [B, T, HV, V] and the final states [N, HV, K, V] (2 K rows with momentum).
/// Throws std::invalid_argument for wrong shapes, numbers that are not finite, and gates out of range. 6 K V flops a token and
/// value head.
template <InputBundle In>
[[nodiscard]] ScanResult<typename In::Scalar> sequential(const In& in, const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  const detail::Problem<In> problem(in, options);
  problem.expect_finite_inputs();
  const auto& x = problem.extents;
  ScanResult<T> result = problem.make_result();
  problem.copy_initial_state(result.final_state);
  parallel_for(x.N * x.HV, [&](Index piece) {
    const auto& sequence = problem.sequences[static_cast<std::size_t>(piece / x.HV)];
    const auto head = problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, piece % x.HV);
    const MatrixMap<T> S(result.final_state.data() + piece * x.rows * x.V, x.rows, x.V);
    for (Index t = 0; t < sequence.tokens(); ++t) {
      const VectorMap<T> o(result.o.data() + problem.value_row(sequence, t, piece % x.HV), x.V);
      Member::template step<T>(head, t, problem.scale, S, o);
    }
  });
  return result;
}

/// The exact gradients of `sequential`, token by token in reverse (recurrence/README.md, equations 5 and 6). States are kept
/// every sqrt(T) tokens and recomputed between: O(sqrt(T) K V) memory, about twice the work of keeping them all.
template <InputBundle In>
[[nodiscard]] ScanGradients<In> sequential_backward(const In& in, const Cotangents<typename In::Scalar>& cotangents,
                                                    const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  const detail::Problem<In> problem(in, options);
  problem.expect_finite_inputs();
  problem.expect_cotangents(cotangents);
  expect_finite("do", cotangents.o);
  const auto& x = problem.extents;
  ScanGradients<In> gradients = detail::make_gradients(problem);
  for_each_input([](const auto&, auto& d) { detail::set_zero(d.data(), d.size()); }, gradients.inputs);
  detail::begin_state_gradient<In>(cotangents, gradients);
  Tensor<T, 4> initial_state(x.N, x.HV, x.rows, x.V);
  problem.copy_initial_state(initial_state);

  // A piece is a key head with all its value heads, which add to the same dq and dk.
  parallel_for(x.N * x.H, [&](Index piece) {
    const auto& sequence = problem.sequences[static_cast<std::size_t>(piece / x.H)];
    const Index stride = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(sequence.tokens()))));
    Vector<T> o(x.V);
    detail::PoolVector<Matrix<T>> sparse, dense;
    for (Index hv = piece % x.H * x.group(); hv < (piece % x.H + 1) * x.group(); ++hv) {
      const auto head = problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, hv);
      const auto d = problem.template head<typename Member::template HeadGradients<T>>(gradients.inputs, sequence, hv);
      const Index state = (piece / x.H * x.HV + hv) * x.rows * x.V;
      const MatrixMap<T> dS(gradients.initial_state.data() + state, x.rows, x.V);
      Matrix<T> S = MatrixMap<const T>(initial_state.data() + state, x.rows, x.V);
      const auto map = [&](auto& m) { return MatrixMap<T>(m.data(), m.rows(), m.cols()); };
      const auto advance = [&](Index t) { Member::template step<T>(head, t, problem.scale, map(S), {o.data(), x.V}); };

      sparse.clear();  // S before every stride-th token
      for (Index t = 0; t < sequence.tokens(); ++t) {
        if (t % stride == 0) sparse.push_back(S);
        advance(t);
      }
      for (Index end = sequence.tokens(); end > 0;) {
        const Index begin = (end - 1) / stride * stride;
        S = sparse[static_cast<std::size_t>(begin / stride)];
        dense.clear();  // S before each token of this stretch
        for (Index t = begin; t < end; ++t) {
          dense.push_back(S);
          advance(t);
        }
        for (Index t = end; t-- > begin;) {
          const VectorMap<const T> do_(cotangents.o.data + problem.value_row(sequence, t, hv), x.V);
          Member::template step_backward<T>(head, t, problem.scale, map(dense[static_cast<std::size_t>(t - begin)]), do_, dS,
                                            d);
        }
        end = begin;
      }
    }
  });
  problem.normalize_backward(ScanGradientViews<In>(gradients).inputs);
  return gradients;
}

}  // namespace deltanet
