#pragma once

#include "deltanet/core/random.hpp"

namespace deltanet::test {

/// [rows, columns] of normal numbers.
template <Real T>
Matrix<T> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  Matrix<T> matrix(rows, columns);
  Random(seed).fill_normal(matrix);
  return matrix;
}

}  // namespace deltanet::test
