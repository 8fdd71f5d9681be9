#include "deltanet/blocks/memory_and_attention.hpp"

#include "support/catch.hpp"

TEST_CASE("a memory and attention are of the width of what they are part of", "[blocks]") {
  struct {
    deltanet::Index hidden_size = 6;
    deltanet::AttentionConfig memory{.hidden_size = 6}, attn{.hidden_size = 6};
  } config;
  CHECK_NOTHROW(deltanet::detail::expect_memory_and_attention_widths(config));
  config.attn.hidden_size = 4;
  CHECK_THROWS_WITH(deltanet::detail::expect_memory_and_attention_widths(config),
                    "attn.hidden_size: expected hidden_size=6, got 4");
  config.memory.hidden_size = 5;
  CHECK_THROWS_WITH(deltanet::detail::expect_memory_and_attention_widths(config),
                    "memory.hidden_size: expected hidden_size=6, got 5");
}
