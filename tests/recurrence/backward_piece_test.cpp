#include "deltanet/recurrence/backward_piece.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

TEST_CASE(
    "threads that share a state find the same bits as one, over several stretches, of unequal sequences and shared keys") {
  const auto check = [](const test::Sizes& sizes, std::vector<Index> cu_seqlens) {
    const test::RandomInputs<GatedDeltaRule, float> inputs(sizes);
    const ScanOptions<float> options{.cu_seqlens = std::move(cu_seqlens)};
    const int before = num_threads();
    const auto run = [&](int threads) {
      set_num_threads(threads);
      ScanCache<float> cache;
      (void)chunked(inputs.in(), options, &cache);
      return chunked_backward(inputs.in(), cache, {.o = inputs.do_}, options);
    };
    const auto one = run(1);
    for (const int threads : {2, 4, 8}) {
      CAPTURE(threads);
      const auto several = run(threads);
      for_each_input(
          [&](const auto& field, const auto& a, const auto& b) {
            INFO(field.name);
            CHECK(test::identical(a, b));
          },
          one.inputs, several.inputs);
      CHECK(test::identical(one.initial_state, several.initial_state));
    }
    set_num_threads(before);
    const auto exact = sequential_backward(inputs.in(), {.o = inputs.do_}, options);
    CHECK(test::relative_error(rows(one.inputs.k), rows(exact.inputs.k)) < 1e-5);
  };
  check({.B = 1, .T = 1100, .H = 1, .HV = 1, .K = 12, .V = 130, .N = 1}, {});
  check({.B = 1, .T = 700, .H = 1, .HV = 2, .K = 12, .V = 64, .N = 3}, {0, 10, 10, 700});
}
