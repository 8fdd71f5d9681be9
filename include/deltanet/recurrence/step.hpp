#pragma once

#include "deltanet/recurrence/blocks.hpp"
#include "deltanet/recurrence/problem.hpp"
#include "deltanet/recurrence/token.hpp"

namespace deltanet {

/// One token of each of B sequences: a chunk of length one, on the caller's state in place.
///
/// Inputs have T = 1; state [B, HV, K, V] (2 K rows with momentum) is read and overwritten; o [B, 1, HV, V] is written. Of the
/// options, scale and use_qk_l2norm count. Throws std::invalid_argument as `sequential` does, before anything is changed. 6 K V
/// flops a value head; its state is read from end to end, and read again and written.
template <InputBundle In>
void step(const In& in, View<typename In::Scalar, 4> state, View<typename In::Scalar, 4> o,
          const ScanOptions<typename In::Scalar>& options = {}) {
  using T = typename In::Scalar;
  using Member = typename In::Member;
  expect(options.initial_state.absent() && options.cu_seqlens.empty(), "step: expected no initial_state and no cu_seqlens");
  const detail::Problem<In> problem(in, options);
  problem.expect_finite_inputs();
  const auto& x = problem.extents;
  expect(x.T == 1, "step: expected inputs of T=1 token, got T=", x.T);
  problem.expect_state("state", state, "B");
  expect_shape("o", o, {{"B", x.B}, {"T", 1}, {"HV", x.HV}, {"V", x.V}});

  const detail::HeadGroups groups(x.B, x.HV, 1, num_threads(), x.HV);  // a builder each: as few as keep all threads busy
  parallel_for(groups.pieces(), [&](Index index) {
    const auto piece = groups[index];
    const detail::Sequence& sequence = problem.sequences[static_cast<std::size_t>(piece.sequence)];
    typename Member::template Builder<T> builder(1, x.K);
    Vector<T> b(x.V), e(x.V);
    for (Index hv = piece.first_head; hv < piece.end_head; ++hv) {
      const auto head = problem.template head<typename Member::template HeadInputs<T>>(problem.in, sequence, hv);
      const Index row = piece.sequence * x.HV + hv;
      T* const output = o.data + row * x.V;
      Member::template load_values<T>(head, 0, 0, x.V, e.data(), b.data());
      detail::advance_token(builder.build(head, 0, 1, problem.scale), b.data(), e.data(), output,
                            state.data + row * x.rows * x.V, x.V);
      problem.expect_finite_outputs(output, x.V);
    }
  });
}

}  // namespace deltanet
