#include "deltanet/core/random.hpp"
#include "deltanet/core/weight.hpp"
#include "support/judge.hpp"
#include "support/program.hpp"

/// `weight`: y = x W^T for M tokens and a weight [Out, In] that is kept in float, BF16 or F16.
namespace deltanet::bench {
namespace {

constexpr std::array names{"float", "bfloat16", "float16"};  // in the order of Precision

void add_weight(Precision precision, Index Out, Index In, Index M, int threads) {
  const std::string name = deltanet::detail::concat("weight/", names[static_cast<std::size_t>(precision)], "/", Out, "x", In,
                                                    "/M", M, "/threads", threads);
  const Work work{threads, static_cast<double>(M), 2 * static_cast<double>(M * In * Out)};
  add<float>(name, work, [=] {
    Matrix<float> drawn(Out, In), x(M, In), y(M, Out);
    Random random(1);
    random.fill_normal(drawn);
    random.fill_normal(x);
    Weight<float> W(drawn, precision);
    multiply_transposed<float>(x, W, y);
    Judge judge("product");
    judge.compare<float>("y", y, Matrix<double>(x.cast<double>() * W.widened().cast<double>().transpose()));
    return Prepared{judge.complaint(), [W = std::move(W), x, y]() mutable {
                      multiply_transposed<float>(x, W, y);
                      benchmark::DoNotOptimize(y.data());
                    }};
  });
}

}  // namespace
}  // namespace deltanet::bench

int main(int argc, char** argv) {
  using namespace deltanet::bench;
  using deltanet::Precision;
  for (const int threads : thread_counts())
    for (const deltanet::Index M : {1, 4, 64, 512})
      for (const Precision precision : {Precision::full, Precision::bfloat16, Precision::float16})
        add_weight(precision, 1024, 4096, M, threads);
  return run_benchmarks(argc, argv);
}
