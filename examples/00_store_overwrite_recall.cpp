#include <deltanet/deltanet.hpp>
#include <iostream>

int main() {
  const float k[4][2] = {{1, 0}, {0, 1}, {1, 0}, {0, 1}};  // key a, key b, key a again, key b again
  const float v[4][2] = {{1, 2}, {3, 4}, {5, 6}, {0, 0}};  // what to store under it
  const float beta[4] = {1, 1, 1, 0};                      // store, store, overwrite, write nothing
  const deltanet::View<const float, 4> keys(k[0], {1, 4, 1, 2}), values(v[0], {1, 4, 1, 2});  // [B, T, H, K], [B, T, HV, V]
  const deltanet::DeltaRule::Inputs<float> tokens{.q = keys, .k = keys, .v = values, .beta = {beta, {1, 4, 1}}};
  std::cout << deltanet::rows(deltanet::chunked(tokens, {.scale = 1.f}).o) << '\n';  // what each token recalls
}
// Prints:
//   1 2
//   3 4
//   5 6
//   3 4
