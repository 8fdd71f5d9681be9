#include "deltanet/recurrence/backward_piece.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/memory/momentum.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

using namespace deltanet;

namespace {

/// Any number of threads finds the bits of one, and they are the definition's gradients.
template <class M>
void threads_find_the_same(const test::Sizes& sizes, Index chunk_size, const std::vector<Index>& cu_seqlens = {}) {
  const test::RandomInputs<M, float> inputs(sizes);
  const ScanOptions<float> options{.cu_seqlens = cu_seqlens, .chunk_size = chunk_size};
  const int before = num_threads();
  const auto run = [&](int threads) {
    set_num_threads(threads);
    ScanCache<float> cache;
    (void)chunked(inputs.in(), options, &cache);
    return chunked_backward(inputs.in(), cache, inputs.cotangents(), options);
  };
  const auto one = run(1);
  for (const int threads : {2, 4, 16}) {
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
  const auto exact = sequential_backward(inputs.in(), inputs.cotangents(), options);
  CHECK(test::relative_error(rows(one.inputs.k), rows(exact.inputs.k)) < 1e-5);
  CHECK(test::relative_error(one.initial_state, exact.initial_state) < 1e-5);
}

}  // namespace

TEST_CASE("threads that share a state find the same bits as one, over one stretch of blocks and several") {
  threads_find_the_same<GatedDeltaRule>({.B = 1, .T = 1100, .H = 1, .HV = 1, .V = 130, .N = 1}, 16);
  threads_find_the_same<GatedDeltaRule>({.B = 1, .T = 230, .H = 1, .HV = 1, .V = 130, .N = 1}, 100);
  threads_find_the_same<MomentumDeltaRule>({.B = 1, .T = 70, .H = 1, .HV = 1, .V = 64, .N = 1}, 16);
}

TEST_CASE("so do threads that share the states of unequal sequences, where value heads share their keys") {
  threads_find_the_same<GatedDeltaRule>({.B = 1, .T = 700, .H = 1, .HV = 2, .V = 64, .N = 3}, 16, {0, 10, 10, 700});
}
