#include "deltanet/core/threads.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/streamed.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"

#ifdef __GLIBC__

namespace {

Eigen::Index allocations = 0;  // since the program began

}  // namespace

// Every allocation of this program goes through here, those of Eigen and of operator new too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
}

using namespace deltanet;

namespace {

/// Allocations of one call on one thread, once everything that is made only once has been made.
template <class F>
Index count_allocations(const F& f) {
  const int threads = num_threads();
  set_num_threads(1);
  f();
  const Index before = allocations;
  f();
  const Index count = allocations - before;
  set_num_threads(threads);
  return count;
}

template <class M>
Index of_scan(Index tokens) {
  const test::RandomInputs<M, float> inputs({.B = 1, .T = tokens, .H = 1, .HV = 2, .K = 32, .V = 32, .N = 1});
  return count_allocations([&] {
    ScanCache<float> cache;
    (void)chunked(inputs.in(), {}, &cache);
    (void)chunked_backward(inputs.in(), cache, inputs.cotangents());
  });
}

template <class M>
Index of_step(Index K) {
  const test::RandomInputs<M, float> inputs({.B = 2, .T = 1, .H = 1, .HV = 2, .K = K, .V = K});
  auto state = RecurrentState<float, M>::zero(2, 2, K, K);
  return count_allocations([&] { (void)streamed(inputs.in(), state); });
}

}  // namespace

TEMPLATE_TEST_CASE("a scan allocates no more for many tokens than for one block of them", "[allocations]", DeltaRule,
                   GatedDeltaRule, KimiDeltaRule, MomentumDeltaRule) {
  const Index few = of_scan<TestType>(64);
  CHECK(few > 0);
  CHECK(of_scan<TestType>(64 * 20) == few);
}

TEMPLATE_TEST_CASE("a step allocates no more for wide heads than for narrow ones", "[allocations]", GatedDeltaRule,
                   KimiDeltaRule, MomentumDeltaRule) {
  CHECK(of_step<TestType>(128) == of_step<TestType>(16));
}

#endif
