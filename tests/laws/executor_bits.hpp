#pragma once

#include "deltanet/core/current_executor.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "support/catch.hpp"
#include "support/random_inputs.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

/// A scan has the same bits on `executor` as on this thread alone.
inline void check_that_bits_do_not_depend_on(Executor& executor) {
  const RandomInputs<GatedDeltaRule, float> inputs({.B = 2, .T = 150, .H = 4, .HV = 8, .K = 32, .V = 64});
  const auto scan = [&](Executor& on) {
    const ExecutorScope scope(on);
    return chunked(inputs.in(), {.initial_state = inputs.initial_state});
  };
  ThisThreadExecutor this_thread;
  const auto expected = scan(this_thread), found = scan(executor);
  CHECK(identical(found.o, expected.o));
  CHECK(identical(found.final_state, expected.final_state));
}

}  // namespace deltanet::test
