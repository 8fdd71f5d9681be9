#include "deltanet/memory/memory.hpp"

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/memory/hebbian.hpp"
#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("a memory has K rows, and as many again with momentum") {
  CHECK(GatedDeltaRule::state_rows(64) == 64);
  CHECK(MomentumDeltaRule::state_rows(64) == 128);
}

TEST_CASE("a token's work is counted by entries of the memory: prediction, write, read, momentum") {
  CHECK(LinearAttentionRule::flops_per_entry == 4);
  CHECK(GatedDeltaRule::flops_per_entry == 6);
  CHECK(MomentumDeltaRule::flops_per_entry == 10);
}

TEST_CASE("a bundle ends with the gates of its dynamics") {
  const auto names = [](const auto& in) {
    std::string list;
    for_each_input([&](const auto& field, const auto&) { list += std::string(field.name) + ' '; }, in);
    return list;
  };
  CHECK(names(LinearAttentionRule::Inputs<float>{}) == "q k v ");
  CHECK(names(KimiDeltaRule::Inputs<float>{}) == "q k v beta g ");
  CHECK(names(MomentumDeltaRule::Inputs<float>{}) == "q k v beta g eta ");
}
