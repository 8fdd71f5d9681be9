#include "deltanet/memory/no_decay.hpp"

#include "laws/dynamics_laws.hpp"

using namespace deltanet;

TEST_CASE("NoDecay keeps the laws of a dynamics") { test::dynamics_laws<NoDecay>(); }
