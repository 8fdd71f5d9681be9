#pragma once

#include "deltanet/core/block_product.hpp"

/// Products of Eigen's matrices, maps, blocks of them and their transposes by the library's own tiles: they take their scratch
/// from the workspace, where Eigen's allocate it, and sum every entry over the depth in order.
namespace deltanet::detail {

/// The entries of a matrix as tiles read them.
template <class A>
[[nodiscard]] auto factor(const Eigen::MatrixBase<A>& a) {
  using T = typename A::Scalar;
  const A& matrix = a.derived();
  if constexpr (A::IsRowMajor) {
    return Plain<T>{matrix.data(), matrix.outerStride()};
  } else {
    return Transposed<T>{matrix.data(), matrix.outerStride()};
  }
}

template <Keep keep, class A, class B, class C>
void product(const A& a, const B& b, C&& c) {
  eigen_assert(a.rows() == c.rows() && b.cols() == c.cols() && a.cols() == b.rows());
  block_product<keep>(c.rows(), c.cols(), a.cols(), factor(a), factor(b), c.data(), c.outerStride());
}

/// C = A B.  A [M, depth], B [depth, N], C [M, N], which is neither of them and is sized where it owns its memory.
template <class A, class B, class C>
void multiply(const A& a, const B& b, C&& c) {
  c.resize(a.rows(), b.cols());
  product<Keep::nothing>(a, b, c);
}

/// C += A B.
template <class A, class B, class C>
void multiply_add(const A& a, const B& b, C&& c) {
  product<Keep::all>(a, b, c);
}

}  // namespace deltanet::detail
