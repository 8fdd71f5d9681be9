#include "deltanet/recurrence/partial_gradients.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"

using namespace deltanet;

TEST_CASE("what value heads and slices add to a shared input is added up; values belong to one of them alone") {
  using In = GatedDeltaRule::Inputs<double>;
  const test::RandomInputs<GatedDeltaRule, double> inputs({.T = 3});
  const In in = inputs.in();
  const ScanOptions<double> options;
  const detail::Problem<In> problem(in, options);
  const Index slices = 2, group = problem.extents.group();
  REQUIRE(group == 2);
  auto gradients = detail::empty_gradients(problem).inputs;
  detail::PartialGradients<In> partial(problem, slices);
  for (const auto& sequence : problem.sequences)
    for (Index hv = 0; hv < problem.extents.HV; ++hv)
      for (Index slice = 0; slice < slices; ++slice) {
        const auto d = partial.head<GatedDeltaRule::HeadGradients<double>>(problem, gradients, sequence, hv, slice);
        for (Index t = 0; t < sequence.tokens(); ++t) {
          problem.clear_gradients(d, t, slice, slice + 1);
          d.k[t][0] += 1;
          *d.beta[t] += 1;
          d.v[t][slice] += 1;
        }
      }
  partial.sum_to(problem, gradients);
  for (Index b = 0; b < problem.extents.B; ++b)
    for (Index t = 0; t < 3; ++t) {
      for (Index h = 0; h < problem.extents.H; ++h) CHECK(gradients.k(b, t, h, 0) == static_cast<double>(group * slices));
      for (Index hv = 0; hv < problem.extents.HV; ++hv) {
        CHECK(gradients.beta(b, t, hv) == static_cast<double>(slices));
        CHECK(gradients.v(b, t, hv, 0) == 1);
        CHECK(gradients.v(b, t, hv, 1) == 1);
      }
    }
  CHECK(rows(gradients.q).isZero());
}
