#include "deltanet/recurrence/partial_gradients.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"

using namespace deltanet;

TEST_CASE("what value heads add to a key head is added up; what is their own stays where it is") {
  using In = GatedDeltaRule::Inputs<double>;
  const test::RandomInputs<GatedDeltaRule, double> inputs({.T = 3});
  const In in = inputs.in();
  const ScanOptions<double> options;
  const detail::Problem<In> problem(in, options);
  const Index group = problem.extents.group();
  REQUIRE(group == 2);
  auto owned = detail::make_gradients(problem);
  const auto& gradients = owned.inputs;
  const auto views = ScanGradientViews<In>(owned).inputs;
  detail::PartialGradients<In> partial(problem);
  for (const auto& sequence : problem.sequences)
    for (Index hv = 0; hv < problem.extents.HV; ++hv) {
      const auto d = partial.head<GatedDeltaRule::HeadGradients<double>>(problem, views, sequence, hv);
      for (Index t = 0; t < sequence.tokens(); ++t) {
        problem.clear_gradients(d, t);
        d.k[t][0] += 1;
        *d.beta[t] += 1;
        d.v[t][1] += 1;
      }
    }
  partial.sum_to(problem, views);
  for (Index b = 0; b < problem.extents.B; ++b)
    for (Index t = 0; t < 3; ++t) {
      for (Index h = 0; h < problem.extents.H; ++h) CHECK(gradients.k(b, t, h, 0) == static_cast<double>(group));
      for (Index hv = 0; hv < problem.extents.HV; ++hv) {
        CHECK(gradients.beta(b, t, hv) == 1);
        CHECK(gradients.v(b, t, hv, 0) == 0);
        CHECK(gradients.v(b, t, hv, 1) == 1);
      }
    }
  CHECK(rows(gradients.q).isZero());
}
