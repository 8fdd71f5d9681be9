#pragma once

#include <Eigen/Core>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>

#include "deltanet/core/workspace.hpp"

/// Tensors and matrices that own their memory, which comes from a workspace (workspace.hpp). In expressions they are Eigen's
/// maps, so all of Eigen's arithmetic takes them and gives them; an Eigen matrix or tensor converts to one by a copy, and back.
namespace deltanet {

using Eigen::Index;

namespace detail {

/// `count` numbers in memory of a workspace: copied deeply, moved by a pointer.
template <class T>
class Storage {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Storage() = default;
  explicit Storage(Index count)
      : data_(count > 0 ? static_cast<T*>(allocate(static_cast<std::size_t>(count) * sizeof(T))) : nullptr) {}
  Storage(Storage&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Storage& operator=(Storage&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Storage() {
    if (data_) Pool::free(data_);
  }

  [[nodiscard]] T* data() const { return data_; }

 private:
  T* data_ = nullptr;
};

}  // namespace detail

/// An Eigen matrix or vector of dynamic size, `Plain`, in memory of a workspace.
template <class Plain>
class OwnedMatrix : public Eigen::Map<Plain> {
  using Map = Eigen::Map<Plain>;
  static constexpr bool is_vector = Plain::ColsAtCompileTime == 1;

 public:
  using typename Map::Scalar;

  OwnedMatrix() : OwnedMatrix(detail::Storage<Scalar>(), 0, is_vector ? 1 : 0) {}
  OwnedMatrix(Index rows, Index columns) : OwnedMatrix(detail::Storage<Scalar>(rows * columns), rows, columns) {}
  explicit OwnedMatrix(Index size) requires is_vector : OwnedMatrix(size, 1) {}
  OwnedMatrix(const OwnedMatrix& other) : OwnedMatrix(other.rows(), other.cols()) { copy(other.data()); }
  OwnedMatrix(OwnedMatrix&& other) noexcept : OwnedMatrix(std::move(other.storage_), other.rows(), other.cols()) {
    other.place(0, is_vector ? 1 : 0);
  }
  explicit OwnedMatrix(const std::initializer_list<std::initializer_list<Scalar>>& rows) : OwnedMatrix(Plain(rows)) {}
  template <class Other>
  OwnedMatrix(const Eigen::EigenBase<Other>& other) : OwnedMatrix() {
    *this = other;
  }

  OwnedMatrix& operator=(const OwnedMatrix& other) {
    resize(other.rows(), other.cols());
    copy(other.data());
    return *this;
  }
  OwnedMatrix& operator=(OwnedMatrix&& other) noexcept {
    const Index rows = this->rows(), columns = this->cols();
    storage_ = std::move(other.storage_);
    place(other.rows(), other.cols());
    other.place(rows, columns);
    return *this;
  }
  template <class Other>
  OwnedMatrix& operator=(const Eigen::EigenBase<Other>& other) {
    const Other& x = other.derived();
    const Index rows = is_vector ? x.size() : x.rows(), columns = is_vector ? 1 : x.cols();  // a row becomes a vector
    // What a product reads may be what it is assigned to, and so may a source of another size: evaluated beside it.
    constexpr bool is_product = Eigen::internal::evaluator_assume_aliasing<Other>::value;
    if (!is_product && rows == this->rows() && columns == this->cols()) {
      Map::operator=(x);
      return *this;
    }
    OwnedMatrix fresh(rows, columns);
    if constexpr (is_product)
      fresh.noalias() = x;
    else
      static_cast<Map&>(fresh) = x;
    return *this = std::move(fresh);
  }

  /// Other sizes. Numbers are kept only where there are as many as before.
  void resize(Index rows, Index columns) {
    if (rows * columns != this->size()) storage_ = detail::Storage<Scalar>(rows * columns);
    place(rows, columns);
  }
  void resize(Index size) requires is_vector { resize(size, 1); }

  using Map::setConstant, Map::setOnes, Map::setZero;
  OwnedMatrix& setZero(Index rows, Index columns) { return setConstant(rows, columns, Scalar(0)); }
  OwnedMatrix& setZero(Index size) requires is_vector { return setZero(size, 1); }
  OwnedMatrix& setConstant(Index rows, Index columns, Scalar value) {
    resize(rows, columns);
    Map::setConstant(value);
    return *this;
  }
  OwnedMatrix& setConstant(Index size, Scalar value) requires is_vector { return setConstant(size, 1, value); }
  OwnedMatrix& setOnes(Index rows, Index columns) { return setConstant(rows, columns, Scalar(1)); }
  OwnedMatrix& setOnes(Index size) requires is_vector { return setOnes(size, 1); }

  void swap(OwnedMatrix& other) { std::swap(*this, other); }

 private:
  OwnedMatrix(detail::Storage<Scalar>&& storage, Index rows, Index columns)
      : Map(storage.data(), rows, columns), storage_(std::move(storage)) {}

  void copy(const Scalar* from) { std::copy_n(from, this->size(), this->data()); }
  void place(Index rows, Index columns) { std::construct_at(static_cast<Map*>(this), storage_.data(), rows, columns); }

  detail::Storage<Scalar> storage_;
};

/// A row-major Eigen tensor of `N` axes in memory of a workspace.
template <class T, int N>
class OwnedTensor : public Eigen::TensorMap<Eigen::Tensor<T, N, Eigen::RowMajor>> {
  using Map = Eigen::TensorMap<Eigen::Tensor<T, N, Eigen::RowMajor>>;

 public:
  using typename Map::Dimensions;
  using Nested = const OwnedTensor&;  // how Eigen's expressions hold it; a map instead would be converted to a copy that ends

  OwnedTensor() : OwnedTensor(detail::Storage<T>(), Dimensions{}) {}
  explicit OwnedTensor(const Dimensions& shape) : OwnedTensor(detail::Storage<T>(shape.TotalSize()), shape) {}
  explicit OwnedTensor(const std::array<Index, N>& shape) : OwnedTensor(Dimensions(shape)) {}
  template <std::convertible_to<Index>... Extents>
  explicit(N == 1) OwnedTensor(Extents... extents) requires(sizeof...(Extents) == N)
      : OwnedTensor(Dimensions(static_cast<Index>(extents)...)) {}
  OwnedTensor(const OwnedTensor& other) : OwnedTensor(other.dimensions()) { copy(other.data()); }
  OwnedTensor(OwnedTensor&& other) noexcept : OwnedTensor(std::move(other.storage_), other.dimensions()) {
    other.place(Dimensions{});
  }
  template <class Other>
  OwnedTensor(const Eigen::TensorBase<Other, Eigen::ReadOnlyAccessors>& other) : OwnedTensor() {
    *this = other;
  }

  OwnedTensor& operator=(const OwnedTensor& other) {
    resize(other.dimensions());
    copy(other.data());
    return *this;
  }
  OwnedTensor& operator=(OwnedTensor&& other) noexcept {
    const Dimensions shape = this->dimensions();
    storage_ = std::move(other.storage_);
    place(other.dimensions());
    other.place(shape);
    return *this;
  }
  template <class Other>
  OwnedTensor& operator=(const Eigen::TensorBase<Other, Eigen::ReadOnlyAccessors>& other) {
    const auto& x = static_cast<const Other&>(other);
    OwnedTensor fresh(Dimensions(Eigen::TensorEvaluator<const Other, Eigen::DefaultDevice>(x, {}).dimensions()));
    static_cast<Map&>(fresh) = x;
    return *this = std::move(fresh);
  }

  /// Another shape. Numbers are kept only where there are as many as before.
  void resize(const Dimensions& shape) {
    if (shape.TotalSize() != this->size()) storage_ = detail::Storage<T>(shape.TotalSize());
    place(shape);
  }
  void resize(const std::array<Index, N>& shape) { resize(Dimensions(shape)); }
  template <std::convertible_to<Index>... Extents>
  void resize(Extents... extents) requires(sizeof...(Extents) == N) {
    resize(Dimensions(static_cast<Index>(extents)...));
  }

  /// What Eigen's operators call of their right-hand side.
  [[nodiscard]] const OwnedTensor& derived() const { return *this; }

  // A map does not mind whether it is constant; what owns its numbers does.
  [[nodiscard]] T* data() { return storage_.data(); }
  [[nodiscard]] const T* data() const { return storage_.data(); }
  template <class... Indices>
  T& operator()(Indices... indices) {
    return Map::operator()(indices...);
  }
  template <class... Indices>
  const T& operator()(Indices... indices) const {
    return Map::operator()(indices...);
  }

 private:
  OwnedTensor(detail::Storage<T>&& storage, const Dimensions& shape)
      : Map(storage.data(), shape), storage_(std::move(storage)) {}

  void copy(const T* from) { std::copy_n(from, this->size(), storage_.data()); }
  void place(const Dimensions& shape) { std::construct_at(static_cast<Map*>(this), storage_.data(), shape); }

  detail::Storage<T> storage_;
};

}  // namespace deltanet

// In tensor expressions it is what it derives from, held by reference as a tensor of Eigen's is.
namespace Eigen::internal {
template <class T, int N>
struct traits<deltanet::OwnedTensor<T, N>> : traits<TensorMap<Tensor<T, N, RowMajor>>> {};
template <class T, int N>
struct eval<deltanet::OwnedTensor<T, N>, Dense> {
  using type = const deltanet::OwnedTensor<T, N>&;
};
template <class T, int N>
struct nested<deltanet::OwnedTensor<T, N>, 1, const deltanet::OwnedTensor<T, N>&> {
  using type = const deltanet::OwnedTensor<T, N>&;
};
}  // namespace Eigen::internal
