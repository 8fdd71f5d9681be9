#include "deltanet/core/packet.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEMPLATE_TEST_CASE("a packet computes what its lanes would", "", float, double) {
  using T = TestType;
  using L = Lanes<T>;
  T a[L::size], b[L::size], c[L::size];
  T sum = 0;
  for (Index i = 0; i < L::size; ++i) {
    a[i] = T(i + 1);
    b[i] = T(2 * i);
    sum += a[i];
  }
  L::store(c, L::multiply_add(L::load(a), L::load(b), L::broadcast(T(3))));
  for (Index i = 0; i < L::size; ++i) CHECK(c[i] == a[i] * b[i] + 3);
  L::store(c, L::multiply(L::load(a), L::load(b)));
  for (Index i = 0; i < L::size; ++i) CHECK(c[i] == a[i] * b[i]);
  CHECK(L::sum(L::load(a)) == sum);
}

TEST_CASE("padding goes up to whole panels, or to whole packets") {
  const Index W = Lanes<float>::panel;
  CHECK(padded<float>(1) == W);
  CHECK(padded<float>(W) == W);
  CHECK(padded<float>(W + 1) == 2 * W);
  CHECK(whole_packets<float>(1) == W / 2);
  CHECK(whole_packets<float>(W) == W);
}
