#include "deltanet/memory/ttt_update.hpp"
#include "deltanet/recurrence/deep_memory.hpp"
#include "deltanet/recurrence/sequential_deep_memory.hpp"
#include "golden/case.hpp"
#include "support/compiled.hpp"

/// Cases of deep memories: every output and every gradient, sequential and in the dual form.
namespace golden {
namespace {

/// flash-linear-attention keeps a memory's weights W [B, H, D, D] and its bias [B, H, 1, D] apart; here they are one row a
/// head, the bias last.
template <Real T>
Tensor<T, 3> join(const Tensor<T, 4>& W, const Tensor<T, 4>& bias) {
  const Index B = W.dimension(0), H = W.dimension(1), size = W.dimension(2) * W.dimension(3), D = W.dimension(3);
  Tensor<T, 3> joined(B, H, size + D);
  for (Index i = 0; i < B * H; ++i) {
    std::copy_n(W.data() + i * size, size, joined.data() + i * (size + D));
    std::copy_n(bias.data() + i * D, D, joined.data() + i * (size + D) + size);
  }
  return joined;
}

/// The part of joined weights that begins at `offset`, [B, H, rows, D].
template <Real T>
Tensor<T, 4> part(const Tensor<T, 3>& joined, Index offset, Index rows, Index D) {
  Tensor<T, 4> W(joined.dimension(0), joined.dimension(1), rows, D);
  for (Index i = 0; i < W.dimension(0) * W.dimension(1); ++i)
    std::copy_n(joined.data() + i * joined.dimension(2) + offset, rows * D, W.data() + i * rows * D);
  return W;
}

template <Real T>
std::vector<Deviation> run_ttt_linear(const Case& c) {
  using Update = deltanet::TTTUpdate;
  const auto D = c.config.at("D").get<Index>();
  const deltanet::MemoryNetwork network{.key_dim = D,
                                        .value_dim = D,
                                        .depth = 1,
                                        .bias = true,
                                        .norm = true,
                                        .residual = deltanet::InnerResidual::output,
                                        .norm_eps = c.config.at("eps").get<double>()};
  const deltanet::DeepMemoryOptions options{.mini_batch = c.config.at("mini_batch").get<Index>(),
                                            .scale = c.config.at("scale").get<double>()};
  const auto tensor4 = [&](const char* name) { return c.file.tensor<T, 4>(name); };
  const auto q = tensor4("q"), k = tensor4("k"), v = tensor4("v"), eta = tensor4("eta"), do_ = tensor4("do");
  const Eigen::array<Index, 3> scalars{eta.dimension(0), eta.dimension(1), eta.dimension(2)};
  const Tensor<T, 3> rate = eta.reshape(scalars), theta = rate.constant(T(1));
  const Update::Inputs<T> in{.q = q, .k = k, .v = v, .theta = theta, .rate = rate};

  deltanet::MemoryParams<T> params = deltanet::memory_params<T>(network, eta.dimension(2));
  *params.norm_weight = deltanet::rows(c.file.tensor<T, 2>("w"));
  *params.norm_bias = deltanet::rows(c.file.tensor<T, 2>("b"));
  deltanet::DeepMemoryState<T> state = deltanet::initial_deep_memory_state(params, eta.dimension(0)), dfinal_state = state;
  state.start = state.weights = join(tensor4("initial_state"), tensor4("initial_state_bias"));
  dfinal_state.weights = join<T>(tensor4("dfinal_state"), tensor4("initial_state_bias").constant(T(0)));
  dfinal_state.start.setZero();

  std::vector<Deviation> deviations;
  const auto check = [&](const char* way, const char* name, const auto& result) {
    deviations.push_back(compare(c, way, name, result, std::is_same_v<T, double> ? 1e-9 : 1e-5));
  };
  const auto check_result = [&](const char* way, const deltanet::DeepMemoryResult<T>& result) {
    check(way, "o", result.o);
    check(way, "final_state", part(result.final_state.weights, 0, D, D));
  };
  check_result("sequential", deltanet::sequential_deep_memory(network, params, in, state, options));
  deltanet::DeepMemoryCache<T> cache;
  check_result("dual", deltanet::deep_memory(network, params, in, state, options, &cache));

  const auto d = deltanet::deep_memory_backward(network, params, in, cache, {.o = do_, .final_state = &dfinal_state}, options);
  check("dual", "dq", d.inputs.q);
  check("dual", "dk", d.inputs.k);
  check("dual", "dv", d.inputs.v);
  check("dual", "deta", Tensor<T, 4>(d.inputs.rate.reshape(eta.dimensions())));
  const auto matrix = [&](const deltanet::Matrix<T>& m) {
    Tensor<T, 2> copy(m.rows(), m.cols());
    deltanet::rows(copy) = m;
    return copy;
  };
  check("dual", "dw", matrix(*d.params.norm_weight));
  check("dual", "db", matrix(*d.params.norm_bias));
  const Tensor<T, 3> dinitial = d.initial_state.start + d.initial_state.weights;  // which began as one
  check("dual", "dinitial_state", part(dinitial, 0, D, D));
  check("dual", "dinitial_state_bias", part(dinitial, D * D, 1, D));
  return deviations;
}

}  // namespace

Handlers memory_handlers() {
  return {{"ttt_linear", [](const Case& c) {
             return Deviations{{"double", run_ttt_linear<double>(c)}, {"float", run_ttt_linear<float>(c)}};
           }}};
}

}  // namespace golden
