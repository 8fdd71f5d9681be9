#include "deltanet/recurrence/delta_product.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;
using test::Sizes;

namespace {

using M = GatedDeltaRule;
constexpr Sizes small_sizes{.B = 2, .T = 5, .H = 1, .HV = 2, .K = 3, .V = 4};

/// Inputs of T tokens whose writes have `n` sub-steps each.
template <Real T>
test::RandomInputs<M, T> product_inputs(Index n, const Sizes& s = small_sizes) {
  Sizes by_substeps = s;
  by_substeps.T *= n;
  test::RandomInputs<M, T> inputs(s), wide(by_substeps);
  inputs.owned.k = wide.owned.k, inputs.owned.v = wide.owned.v, inputs.owned.beta = wide.owned.beta;
  return inputs;
}

}  // namespace

TEST_CASE("a token decays once, writes n times and is read once", "[recurrence]") {
  const Index n = GENERATE(1, 2, 3);
  const auto inputs = product_inputs<double>(n);
  const auto& in = inputs.owned;
  const auto result = delta_product(inputs.in(), n, {.initial_state = inputs.initial_state});
  for (Index b = 0; b < small_sizes.B; ++b)
    for (Index h = 0; h < small_sizes.HV; ++h) {
      const auto row = [&](const Tensor<double, 4>& x, Index t, Index head) {
        return Vector<double>(VectorMap<const double>(&x(b, t, head, 0), x.dimension(3)));
      };
      Matrix<double> S = MatrixMap<const double>(&inputs.initial_state(b, h, 0, 0), small_sizes.K, small_sizes.V);
      for (Index t = 0; t < small_sizes.T; ++t) {
        S *= std::exp(in.g(b, t, h));
        for (Index j = t * n; j < (t + 1) * n; ++j) {
          const Vector<double> k = row(in.k, j, 0), e = row(in.v, j, h) - S.transpose() * k;
          S += in.beta(b, j, h) * k * e.transpose();
        }
        const Vector<double> o = S.transpose() * row(in.q, t, 0) / std::sqrt(3.0);
        CHECK(test::relative_error(row(result.o, t, h), o) < test::rounding<double>(small_sizes.K));
      }
      const Matrix<double> last = MatrixMap<const double>(&result.final_state(b, h, 0, 0), small_sizes.K, small_sizes.V);
      CHECK(test::relative_error(last, S) < test::rounding<double>(small_sizes.K));
    }
}

TEST_CASE("the gradients of several sub-steps are finite differences, by chunks and by the definition", "[recurrence]") {
  const Index n = 2;
  auto inputs = product_inputs<double>(n);
  const auto options = [&] { return ScanOptions<double>{.initial_state = inputs.initial_state, .chunk_size = 4}; };
  const auto dot = [](const auto& a, const auto& b) {
    return VectorMap<const double>(a.data(), a.size()).dot(VectorMap<const double>(b.data(), b.size()));
  };
  const auto loss = [&] {
    const auto result = sequential_delta_product(inputs.in(), n, options());
    return dot(result.o, inputs.do_) + dot(result.final_state, inputs.dfinal_state);
  };
  ScanCache<double> cache;
  (void)delta_product(inputs.in(), n, options(), &cache);
  for (const ScanCache<double>* from :
       {static_cast<const ScanCache<double>*>(nullptr), static_cast<const ScanCache<double>*>(&cache)}) {
    const auto d = delta_product_backward(inputs.in(), n, from, inputs.cotangents(), options());
    const auto check = [&](std::string_view name, auto& x, const auto& dx) {
      const auto error = test::finite_difference_error_of(x, dx, loss);
      INFO((from ? "chunked " : "sequential ") << name << ": " << error.where);
      CHECK(error.worst < test::finite_difference_error);
    };
    for_each_input([&](const auto& field, auto& x, const auto& dx) { check(field.name, x, dx); }, inputs.owned, d.inputs);
    check("initial_state", inputs.initial_state, d.initial_state);
  }
}

TEST_CASE("packed sequences are given in tokens, and steps go on where a scan ended", "[recurrence]") {
  const Index n = 3;
  const auto inputs = product_inputs<float>(n, {.B = 1, .T = 9, .H = 1, .HV = 1, .K = 8, .V = 8, .N = 1});
  const auto whole = delta_product(inputs.in(), n);
  const auto packed = delta_product(inputs.in(), n, {.cu_seqlens = {0, 4, 4, 9}});
  CHECK(packed.final_state.dimension(0) == 3);
  for (Index t = 0; t < 4; ++t)
    CHECK(test::relative_error(Tensor<float, 3>(packed.o.chip(t, 1)), Tensor<float, 3>(whole.o.chip(t, 1))) <
          test::rounding<float>(8));

  auto state = RecurrentState<float, decltype(inputs.in())::Member>::zero(1, 1, 8, 8);
  for (Index t = 0; t < 9; ++t) {
    auto token = inputs.in();
    for_each_input(
        [&](const auto& field, auto& view) {
          const Index tokens = detail::substep_of(field) == detail::Substep::every ? n : 1;
          view.data += t * tokens * view.size() / view.shape[1];
          view.shape[1] = tokens;
        },
        token);
    const Tensor<float, 4> o = streamed_delta_product(token, n, state);
    CHECK(test::identical(o, Tensor<float, 4>(whole.o.slice(Eigen::array<Index, 4>{0, t, 0, 0}, o.dimensions()))));
  }
  CHECK(test::identical(state.settled(), whole.final_state));
}

TEST_CASE("inputs of the wrong number of sub-steps are refused by name", "[recurrence]") {
  const auto inputs = product_inputs<float>(2);
  CHECK_THROWS_WITH(delta_product(inputs.in(), 3), "k: expected T * num_householder = 15 tokens, got 10");
  CHECK_THROWS_WITH(delta_product(inputs.in(), 0), "num_householder: expected at least 1, got 0");
}
