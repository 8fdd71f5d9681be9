#include "deltanet/memory/erase_write.hpp"

#include "laws/member_laws.hpp"

using namespace deltanet;

TEST_CASE("Gated DeltaNet-2 keeps the laws of a member") { test::member_laws<GatedDeltaRule2>(); }
