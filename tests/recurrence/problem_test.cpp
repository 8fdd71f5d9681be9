#include "deltanet/recurrence/problem.hpp"

#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/finite_differences.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;
using Inputs = test::RandomInputs<GatedDeltaRule, float>;

TEST_CASE("a tensor of a wrong shape is refused with the shape that was expected") {
  const Inputs inputs({.B = 2, .T = 7, .H = 4, .HV = 4, .K = 16, .V = 8});
  const Tensor<float, 4> narrow(2, 7, 4, 8);
  auto in = inputs.in();
  in.k = narrow;
  CHECK_THROWS_WITH(sequential(in), "k: expected [B=2, T=7, H=4, K=16], got [2, 7, 4, 8]");
  CHECK_THROWS_WITH(chunked(in), "k: expected [B=2, T=7, H=4, K=16], got [2, 7, 4, 8]");
  in = inputs.in();
  in.beta = {};
  CHECK_THROWS_WITH(chunked(in), "beta: expected [B=2, T=7, HV=4], got [0, 0, 0]");
}

TEST_CASE("value heads that are no multiple of the key heads are refused") {
  const Inputs inputs({.H = 2, .HV = 3});
  CHECK_THROWS_WITH(chunked(inputs.in()), "v: expected a multiple of H=2 value heads, got HV=3");
}

TEST_CASE("NaN and infinity are refused by name, wherever they are") {
  for (const char* name : {"q", "k", "v", "beta"}) {
    Inputs inputs({});
    for_each_input(
        [&](const auto& field, auto& tensor) {
          if (field.name == name) tensor.data()[tensor.size() - 1] = std::numeric_limits<float>::quiet_NaN();
        },
        inputs.owned);
    CHECK_THROWS_WITH(sequential(inputs.in()),
                      Catch::Matchers::ContainsSubstring(std::string(name) + ": expected finite numbers"));
    CHECK_THROWS_WITH(chunked(inputs.in()),
                      Catch::Matchers::ContainsSubstring(std::string(name) + ": expected finite numbers"));
  }
  Inputs inputs({});
  inputs.initial_state(0, 0, 0, 0) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(chunked(inputs.in(), {.initial_state = inputs.initial_state}),
                    "initial_state: expected finite numbers, got inf at flat index 0");
}

TEST_CASE("a state that outgrows its type is an error, not a NaN") {
  Inputs inputs({.T = 200});
  for (Index i = 0; i < inputs.owned.k.size(); ++i) inputs.owned.k.data()[i] = 10;
  CHECK_THROWS_AS(chunked(inputs.in()), std::overflow_error);
}

TEST_CASE("cu_seqlens that do not pack one row from end to end are refused") {
  const Inputs one({.B = 1, .T = 10, .N = 1}), two({.T = 10});
  CHECK_THROWS_WITH(chunked(one.in(), {.cu_seqlens = {0, 9}}), "cu_seqlens: expected to run from 0 to T=10, got 0 to 9");
  CHECK_THROWS_WITH(chunked(one.in(), {.cu_seqlens = {0, 6, 4, 10}}),
                    "cu_seqlens: expected non-decreasing ends, got 4 after 6");
  CHECK_THROWS_WITH(chunked(two.in(), {.cu_seqlens = {0, 10}}),
                    "cu_seqlens: expected B=1, all sequences packed into one row, got B=2");
}

TEST_CASE("options out of range are refused") {
  const Inputs inputs({});
  CHECK_THROWS_WITH(chunked(inputs.in(), {.chunk_size = 0}), "chunk_size: expected at least 1, got 0");
  CHECK_THROWS_WITH(chunked(inputs.in(), {.scale = std::numeric_limits<float>::infinity()}),
                    "scale: expected a finite number, got inf");
  CHECK_THROWS_WITH(chunked(inputs.in(), {.initial_state = inputs.do_}),
                    "initial_state: expected [N=2, HV=4, K=12, V=20], got [2, 37, 4, 20]");
}

TEST_CASE("queries and keys are normalised inside where asked, and a zero vector has a finite gradient") {
  Inputs inputs({});
  inputs.owned.q.setZero();
  ScanCache<float> cache;
  const ScanOptions<float> options{.use_qk_l2norm = true};
  const auto result = chunked(inputs.in(), options, &cache);
  CHECK(test::relative_error(result.o, zeros<float>(2, 37, 4, 20)) == 0);
  const auto d = chunked_backward(inputs.in(), cache, inputs.cotangents(), options);
  CHECK(VectorMap<const float>(d.inputs.q.data(), d.inputs.q.size()).allFinite());
}
