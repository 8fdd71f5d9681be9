#include "deltanet/training/adamw.hpp"
#include "support/parameters.hpp"
#include "support/program.hpp"

/// `adamw`: one step of the optimiser on N parameters, with gradients as large as a model's (`mild`), or so small that their
/// squares, and so the second moments, are below the smallest normal float (`strong`). A parameter counts as a token.
namespace deltanet::bench {
namespace {

/// Squares, sums, a root and quotients of a parameter's step.
constexpr double flops_per_parameter = 14;

template <Real T>
struct Numbers {
  Vector<T> weight;

  static constexpr auto fields() { return std::tuple{Field{"weight", &Numbers::weight}}; }
};

/// Parameters, their gradients, which stay, and the optimiser.
template <Real T>
struct Descent {
  Numbers<T> params, gradients;
  AdamW<Numbers<T>> optimiser{params};

  void step() { optimiser.step(params, gradients, 1e-3); }
};

Descent<float> draw(Index N, double deviation) {
  Random random(1);
  Numbers<float> params{Vector<float>(N)}, gradients{Vector<float>(N)};
  random.fill_normal(params.weight);
  random.fill_normal(gradients.weight, deviation);
  return {params, gradients};
}

/// Ten steps against the same in double.
std::string wrong(Descent<float> fast) {
  Descent<double> exact{{fast.params.weight.cast<double>()}, {fast.gradients.weight.cast<double>()}};
  for (int i = 0; i < 10; ++i) {
    fast.step();
    exact.step();
  }
  Judge judge("ten steps");
  judge.compare<float>("weight", fast.params.weight, exact.params.weight);
  judge.compare<float>("second moment", fast.optimiser.state.second_moment.weight, exact.optimiser.state.second_moment.weight);
  return judge.complaint();
}

void add_adamw(Index N, const char* gradients, double deviation) {
  const auto n = static_cast<double>(N);
  add<float>(deltanet::detail::concat("adamw/float/N", N, "/", gradients), {1, n, flops_per_parameter * n}, [=] {
    const auto descent = std::make_shared<Descent<float>>(draw(N, deviation));
    return Prepared{wrong(*descent), [descent] {
                      descent->step();
                      benchmark::DoNotOptimize(descent->params.weight.data());
                    }};
  });
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  constexpr deltanet::Index N = 1 << 20;
  add_adamw(N, "mild", 1e-3);
  add_adamw(N, "strong", 1e-20);
  return run_benchmarks(argc, argv);
}
