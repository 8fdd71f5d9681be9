#pragma once

#include <Eigen/Core>
#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>

#include "deltanet/core/owned.hpp"

/// deltanet: gated delta-rule recurrent layers on Eigen.
///
/// One glossary for every header, comment and error message:
///
///   B    sequences in a batch                batch_size
///   T    tokens in a sequence                seq_len
///   N    sequences that own a state          B, or the number of packed sequences
///   C    tokens in a chunk                   chunk_size; BT in flash-linear-attention's kernels
///   D    width of a layer's input            hidden_size
///   H    query and key heads                 num_heads
///   HV   value heads, a multiple of H        num_v_heads; value head h reads key head h / (HV / H)
///   K,V  widths of one key, of one value     head_k_dim, head_v_dim
///   S    state of one head, [K, V]           read as S^T q; flash-linear-attention's state_v_first is its transpose
///   g    logarithm of the decay, g <= 0      exp(g) is alpha in the papers
///   beta write strength                      in (0, 1), or (0, 2) with negative eigenvalues
///
/// Tensors are row-major, tokens before heads: [B, T, H, K].
namespace deltanet {

using Eigen::Index;

/// The target of a position that counts neither in the loss nor in its gradient nor in a score, as in PyTorch.
inline constexpr std::int32_t ignore_index = -100;

/// The scalar types of the library.
template <class T>
concept Real = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// Eigen's own types of the same shapes.
template <class T, int N>
using EigenTensor = Eigen::Tensor<T, N, Eigen::RowMajor>;
template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using EigenVector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// Owning row-major tensor of `N` axes.
template <class T, int N>
using Tensor = OwnedTensor<T, N>;

/// Owning row-major matrix; one row a token wherever rows are tokens.
template <class T>
using Matrix = OwnedMatrix<EigenMatrix<T>>;

/// Owning column vector.
template <class T>
using Vector = OwnedMatrix<EigenVector<T>>;

/// A matrix over somebody else's contiguous memory; `MatrixMap<const T>` only reads it.
template <class T>
using MatrixMap = Eigen::Map<
    std::conditional_t<std::is_const_v<T>, const EigenMatrix<std::remove_const_t<T>>, EigenMatrix<std::remove_const_t<T>>>>;

/// A vector over somebody else's contiguous memory; `VectorMap<const T>` only reads it.
template <class T>
using VectorMap = Eigen::Map<
    std::conditional_t<std::is_const_v<T>, const EigenVector<std::remove_const_t<T>>, EigenVector<std::remove_const_t<T>>>>;

/// `count` entries of somebody else's memory: a VectorMap, or, where count is a std::integral_constant, a vector whose size the
/// compiler knows.
template <class T, class Count>
[[nodiscard]] auto segment(T* data, Count count) {
  if constexpr (requires { Count::value; }) {
    using Entries = Eigen::Matrix<std::remove_const_t<T>, static_cast<int>(Count::value), 1>;
    return Eigen::Map<std::conditional_t<std::is_const_v<T>, const Entries, Entries>>(data);
  } else {
    return VectorMap<T>(data, count);
  }
}

/// A row-major tensor of `N` axes in memory that somebody else owns: how every public function takes its tensors.
/// Converts from a `Tensor`, and from Eigen's row-major `Tensor` and `TensorMap`, without a copy. A default-constructed view is
/// `absent()`.
template <class T, int N>
struct View {
  using Value = std::remove_const_t<T>;
  static constexpr bool read_only = std::is_const_v<T>;

  T* data = nullptr;
  std::array<Index, N> shape{};

  View() = default;
  View(T* data_, const std::array<Index, N>& shape_) : data(data_), shape(shape_) {}

  View(const Tensor<Value, N>& tensor) requires read_only : View(tensor.data(), tensor.dimensions()) {}
  View(const Tensor<Value, N>& tensor) requires(!read_only) = delete;
  View(Tensor<Value, N>& tensor) : View(tensor.data(), tensor.dimensions()) {}
  View(const EigenTensor<Value, N>& tensor) requires read_only : View(tensor.data(), tensor.dimensions()) {}
  View(EigenTensor<Value, N>& tensor) : View(tensor.data(), tensor.dimensions()) {}
  View(const Eigen::TensorMap<EigenTensor<Value, N>>& map)
      : View(const_cast<Value*>(map.data()), map.dimensions()) {}  // a TensorMap is a handle: its constness is not deep
  View(const Eigen::TensorMap<const EigenTensor<Value, N>>& map) requires read_only : View(map.data(), map.dimensions()) {}
  template <std::same_as<Value> U>  // a template, so that it is not the copy constructor
  View(const View<U, N>& other) requires(read_only) : View(other.data, other.shape) {}

  [[nodiscard]] bool absent() const { return data == nullptr && shape == std::array<Index, N>{}; }

  [[nodiscard]] Index size() const {
    Index product = 1;
    for (const Index extent : shape) product *= extent;
    return product;
  }

  /// All axes but the last as rows: [B, T, D] -> [B * T, D].
  [[nodiscard]] MatrixMap<T> rows() const {
    const Index width = shape[N - 1];
    return MatrixMap<T>(data, width == 0 ? 0 : size() / width, width);
  }
};

/// The read-only matrix of all tokens of a tensor: [B, T, D] -> [B * T, D].
template <class T, int N>
MatrixMap<const T> rows(const Tensor<T, N>& tensor) {
  return View<const T, N>(tensor).rows();
}

/// The matrix of all tokens of a tensor: [B, T, D] -> [B * T, D].
template <class T, int N>
MatrixMap<T> rows(Tensor<T, N>& tensor) {
  return View<T, N>(tensor).rows();
}

}  // namespace deltanet
