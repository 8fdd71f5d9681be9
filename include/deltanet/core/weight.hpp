#pragma once

#include <variant>

#include "deltanet/core/parameters.hpp"
#include "deltanet/core/token_product.hpp"

/// Weights kept in 16 bits: half the memory, and half of what a decoded token has to read.
namespace deltanet {

/// How the entries of a weight are kept. Products widen them, which is exact, and multiply and add in T.
enum class Precision {
  full,      ///< T itself
  bfloat16,  ///< 8 bits of mantissa, float's range
  float16    ///< 11 bits of mantissa, magnitudes from 6e-8 to 65504
};

/// The weight [Out, In] of a linear map, or the rows of an embedding, for inference. `T` is the type of what it multiplies.
///
///   Weight<float> W(Out, In, Precision::bfloat16);      zeros, to be loaded
///   Weight<float> W(matrix, Precision::bfloat16);       rounded to nearest, ties to even
///   multiply_transposed<float>(x, W, y);                y = x W^T
///
/// As a field of a parameter list it is one tensor of the type it is kept in.
template <Real T>
class Weight {
 public:
  using Storage = std::variant<Matrix<T>, Matrix<Eigen::bfloat16>, Matrix<Eigen::half>>;

  Weight() = default;
  explicit Weight(Index rows, Index columns, Precision precision = Precision::full) : storage_(make(precision)) {
    visit([&](auto& matrix) { matrix.setZero(rows, columns); });
  }
  explicit Weight(const Matrix<T>& matrix, Precision precision = Precision::full) : storage_(make(precision)) {
    visit([&]<class Stored>(Matrix<Stored>& kept) { kept = matrix.template cast<Stored>(); });
  }

  [[nodiscard]] Index rows() const {
    return visit([](const auto& matrix) { return matrix.rows(); });
  }
  [[nodiscard]] Index cols() const {
    return visit([](const auto& matrix) { return matrix.cols(); });
  }
  [[nodiscard]] Precision precision() const { return static_cast<Precision>(storage_.index()); }
  [[nodiscard]] Index bytes() const {
    return visit([]<class Stored>(const Matrix<Stored>& matrix) { return matrix.size() * Index(sizeof(Stored)); });
  }

  /// Calls f(matrix) with the Matrix<T>, Matrix<bfloat16> or Matrix<half> that holds the entries.
  template <class F>
  decltype(auto) visit(const F& f) {
    return std::visit(f, storage_);
  }
  template <class F>
  decltype(auto) visit(const F& f) const {
    return std::visit(f, storage_);
  }

  /// The matrix of another weight's type, which this one must be kept in too.
  template <class Kept>
  [[nodiscard]] auto& as() {
    return std::get<std::remove_const_t<Kept>>(storage_);
  }
  template <class Kept>
  [[nodiscard]] const auto& as() const {
    return std::get<std::remove_const_t<Kept>>(storage_);
  }

  /// The entries in T.
  [[nodiscard]] Matrix<T> widened() const {
    return visit([](const auto& matrix) -> Matrix<T> { return matrix.template cast<T>(); });
  }

  /// Writes row `i` in T to `to` [In]: how a token is embedded.
  void copy_row(Index i, T* to) const {
    eigen_assert(i >= 0 && i < rows());
    visit([&](const auto& matrix) { VectorMap<T>(to, matrix.cols()) = matrix.row(i).transpose().template cast<T>(); });
  }

 private:
  static Storage make(Precision precision) {
    switch (precision) {
      case Precision::bfloat16:
        return Matrix<Eigen::bfloat16>();
      case Precision::float16:
        return Matrix<Eigen::half>();
      default:
        return Matrix<T>();
    }
  }

  Storage storage_;  // in the order of Precision
};

/// y = x W^T, where 16 bits are widened in registers; every token is summed in the same order, whatever others there are.
/// x [M, In], W [Out, In], y [M, Out].
template <Real T>
void multiply_transposed(ConstMatrixRef<T> x, const std::type_identity_t<Weight<T>>& W, MatrixRef<T> y) {
  W.visit([&](const auto& kept) { detail::multiply_tokens<T>(x, kept.data(), kept.cols(), y); });
}

}  // namespace deltanet
