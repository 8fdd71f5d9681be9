/// DeltaNet and its kin "replace the additive update in linear transformers with the delta rule" (arXiv 2406.06484). A memory
/// S [K, V] maps keys to values. Linear attention can only add to it, S += k v^T, so that a key used twice recalls the sum of
/// its values. The delta rule first asks the memory what it would recall under the key and writes only the difference: the old
/// value is overwritten, and what is stored under orthogonal keys stays.
#include <cstdio>

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"

using namespace deltanet;

void print(const char* what, const auto& value) { std::printf("%-24s%5.1f%5.1f%5.1f\n", what, value[0], value[1], value[2]); }

int main() {
  const Vector<double> a{{0.5, 0.5, 0.5, 0.5}}, b{{0.5, 0.5, -0.5, -0.5}};   // keys: orthogonal, of unit length
  const Vector<double> one{{1, 2, 3}}, two{{10, 20, 30}}, three{{7, 8, 9}};  // values

  // By hand: e = v - S^T k is what the memory fails to predict; S += beta k e^T.
  Matrix<double> S = Matrix<double>::Zero(4, 3);
  const auto write = [&](const Vector<double>& k, const Vector<double>& v, double beta) {
    const Vector<double> e = v - S.transpose() * k;
    S += beta * k * e.transpose();
  };
  const auto recall = [&](const Vector<double>& k) -> Vector<double> { return S.transpose() * k; };
  write(a, one, 1), write(b, two, 1);
  print("stored under a:", recall(a));
  print("stored under b:", recall(b));
  write(a, three, 1);
  print("overwritten under a:", recall(a));
  print("still under b:", recall(b));
  write(a, one, 0.5);
  print("a, moved half way back:", recall(a));
  print("linear attention's a:", Vector<double>(one + three));

  // The same five tokens with the library, which reads after it writes; the last only reads, with beta = 0.
  Tensor<double, 4> k(1, 5, 1, 4), v(1, 5, 1, 3);  // [B, T, H, K], [B, T, HV, V]
  Tensor<double, 3> beta(1, 5, 1);                 // [B, T, HV]
  rows(k) << a.transpose(), b.transpose(), a.transpose(), a.transpose(), b.transpose();
  rows(v) << one.transpose(), two.transpose(), three.transpose(), one.transpose(), two.transpose();
  rows(beta) << 1, 1, 1, 0.5, 0;
  const auto memory = chunked(DeltaRule::Inputs<double>{.q = k, .k = k, .v = v, .beta = beta}, {.scale = 1});
  print("deltanet, a at the end:", rows(memory.o).row(3));
  print("deltanet, b at the end:", rows(memory.o).row(4));
}
// Prints:
//   stored under a:           1.0  2.0  3.0
//   stored under b:          10.0 20.0 30.0
//   overwritten under a:      7.0  8.0  9.0
//   still under b:           10.0 20.0 30.0
//   a, moved half way back:   4.0  5.0  6.0
//   linear attention's a:     8.0 10.0 12.0
//   deltanet, a at the end:   4.0  5.0  6.0
//   deltanet, b at the end:  10.0 20.0 30.0
//
// To try next:
//   1. Keys that are not orthogonal, b(2) = 0.5: what does writing under a do to b?
//   2. beta = 2, which mirrors the old value at the new one: where does repeating the same write lead?
