#pragma once

#include "deltanet/recurrence/blocks.hpp"
#include "deltanet/recurrence/panel.hpp"
#include "deltanet/recurrence/problem.hpp"

namespace deltanet {

/// One token of each of B sequences: a chunk of length one, on the caller's state in place.
///
/// Inputs have T = 1; state [B, HV, K, V] (2 K rows with momentum) is read and overwritten; o [B, 1, HV, V] is written. Of the
/// options, scale and use_qk_l2norm count. Throws std::invalid_argument as `sequential` does, before anything is changed. 6 K V
/// flops a value head, with one read and one write of the state.
template <InputBundle In>
void step(const In& in, View<typename In::Scalar, 4> state, View<typename In::Scalar, 4> o,
          const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  constexpr Index W = Lanes<T>::panel;
  expect(options.initial_state.absent() && options.cu_seqlens.empty(), "step: expected no initial_state and no cu_seqlens");
  const detail::Problem<In> problem(in, options);
  problem.expect_finite_inputs();
  const auto& x = problem.extents;
  expect(x.T == 1, "step: expected inputs of T=1 token, got T=", x.T);
  problem.expect_state("state", state, "B");
  expect_shape("o", o, {{"B", x.B}, {"T", 1}, {"HV", x.HV}, {"V", x.V}});

  parallel_for(x.B * x.HV, [&](Index piece) {
    const detail::Sequence& sequence = problem.sequences[static_cast<std::size_t>(piece / x.HV)];
    const auto head = problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, piece % x.HV);
    typename Member::template Builder<T> builder(1, x.K);
    const Chunk<T>& chunk = builder.build(head, 0, 1, problem.scale);
    MatrixMap<T> S(state.data + piece * x.rows * x.V, x.rows, x.V);
    T b[W] = {}, EO[2 * W] = {}, U[W];
    for (Index p = 0; p < (x.V + W - 1) / W; ++p) {
      const Index column = p * W, columns = std::min(W, x.V - column);
      Member::template load_values<T>(head, 0, column, columns, EO, b);
      if (columns == W) {
        detail::advance(chunk, b, EO, U, S.data() + column, x.V);
      } else {
        detail::PanelState<T> ragged(p, p + 1, S);
        detail::advance(chunk, b, EO, U, ragged.panel(p), W);
        ragged.store(S);
      }
      problem.expect_finite_outputs(EO + W, columns);
      std::copy_n(EO + W, columns, o.data + piece * x.V + column);
    }
  });
}

}  // namespace deltanet
