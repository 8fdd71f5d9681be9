#include "deltanet/recurrence/chunked_backward.hpp"

#include <limits>

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;
using test::RandomInputs;

namespace {

struct Backward {
  RandomInputs<GatedDeltaRule, float> inputs{{.T = 20}};
  ScanCache<float> cache;
  Backward() { (void)chunked(inputs.in(), {}, &cache); }
};

}  // namespace

TEST_CASE("the cache holds errors and one state a block, and nothing that grows with T K V") {
  const Index T = 1024, K = 32, V = 64;
  const RandomInputs<GatedDeltaRule, float> inputs({.B = 1, .T = T, .H = 1, .HV = 1, .K = K, .V = V, .N = 1});
  ScanCache<float> cache;
  (void)chunked(inputs.in(), {}, &cache);
  CHECK(cache.errors.size() == T * V);
  REQUIRE(cache.states.size() == 1);
  CHECK(cache.states[0].size() == T / 64 * K * V);
}

TEST_CASE("without sequences, and without tokens, gradients are empty") {
  const auto check = [](const test::Sizes& sizes, const std::vector<Index>& cu_seqlens) {
    const RandomInputs<GatedDeltaRule, float> inputs(sizes);
    ScanCache<float> cache;
    (void)chunked(inputs.in(), {.cu_seqlens = cu_seqlens}, &cache);
    const auto d = chunked_backward(inputs.in(), cache, inputs.cotangents(), {.cu_seqlens = cu_seqlens});
    CHECK(d.inputs.k.size() == 0);
    CHECK(test::identical(d.initial_state, inputs.dfinal_state));
  };
  check({.B = 0, .T = 20, .N = 0}, {});
  check({.B = 1, .T = 0, .N = 0}, {0});
  check({.B = 1, .T = 0, .N = 2}, {0, 0, 0});
}

TEST_CASE("a missing cotangent of the final state counts as zero") {
  Backward b;
  const Tensor<float, 4> zero = zeros<float>(2, 4, 12, 20);
  const auto without = chunked_backward(b.inputs.in(), b.cache, {.o = b.inputs.do_});
  const auto with = chunked_backward(b.inputs.in(), b.cache, {.o = b.inputs.do_, .final_state = zero});
  CHECK(test::identical(without.inputs.k, with.inputs.k));
  CHECK(test::identical(without.initial_state, with.initial_state));
}

TEST_CASE("a cache of other sizes or another chunk size is refused") {
  Backward b;
  CHECK_THROWS_WITH(chunked_backward(b.inputs.in(), b.cache, b.inputs.cotangents(), {.chunk_size = 8}),
                    "cache.chunk_size: expected 8, got 16");
  CHECK_THROWS_WITH(chunked_backward(b.inputs.in(), ScanCache<float>{}, b.inputs.cotangents()),
                    "cache.errors: expected [B=2, T=20, HV=4, V=20], got [0, 0, 0, 0]");
}

TEST_CASE("a cotangent that is not finite is refused, wherever it is, and nothing is left behind") {
  const Index T = 300, HV = 2, V = 130;  // several blocks and panels
  const RandomInputs<GatedDeltaRule, float> inputs({.B = 1, .T = T, .H = 1, .HV = HV, .V = V, .N = 3});
  const ScanOptions<float> options{.cu_seqlens = {0, 10, 10, T}};
  ScanCache<float> cache;
  (void)chunked(inputs.in(), options, &cache);
  const auto expected = chunked_backward(inputs.in(), cache, {.o = inputs.do_}, options);
  const float broken = GENERATE(std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity());
  const int before = num_threads();
  for (const int threads : {1, 16}) {  // a piece for all of a state; several that share one
    set_num_threads(threads);
    for (const Index at : {Index{0}, T / 2 * HV * V + 70, T * HV * V - 1}) {
      Tensor<float, 4> dO = inputs.do_;
      dO.data()[at] = broken;
      const std::string complaint = detail::concat("do: expected finite numbers, got ", broken, " at flat index ", at);
      CHECK_THROWS_WITH(chunked_backward(inputs.in(), cache, {.o = dO}, options), complaint);
      CHECK_THROWS_WITH(sequential_backward(inputs.in(), {.o = dO}, options), complaint);
    }
    CHECK(test::identical(chunked_backward(inputs.in(), cache, {.o = inputs.do_}, options).inputs.k, expected.inputs.k));
  }
  set_num_threads(before);
}

TEST_CASE("cotangents of a wrong shape are refused by name") {
  Backward b;
  CHECK_THROWS_WITH(chunked_backward(b.inputs.in(), b.cache, {.o = b.inputs.initial_state}),
                    "do: expected [B=2, T=20, HV=4, V=20], got [2, 4, 12, 20]");
  CHECK_THROWS_WITH(chunked_backward(b.inputs.in(), b.cache, {.o = b.inputs.do_, .final_state = b.inputs.do_}),
                    "dfinal_state: expected [N=2, HV=4, K=12, V=20], got [2, 20, 4, 20]");
}
