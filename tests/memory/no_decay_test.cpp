#include "deltanet/memory/no_decay.hpp"

#include "laws/decay_laws.hpp"

using namespace deltanet;

TEST_CASE("a window of NoDecay is forgetting nothing, token by token") {
  for (const Index n : {1, 3, 8}) test::check_window_is_forgetting<NoDecay>(n);
}

TEST_CASE("a window of NoDecay has the gradients of finite differences") {
  for (const Index n : {1, 3, 8}) test::check_window_gradients<NoDecay>(n);
}
