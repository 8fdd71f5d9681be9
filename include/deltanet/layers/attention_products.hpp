#pragma once

#include <limits>
#include <optional>

#include "deltanet/core/packet_map.hpp"
#include "deltanet/core/row_sums.hpp"
#include "deltanet/core/tile_product.hpp"
#include "deltanet/core/token_product.hpp"
#include "deltanet/core/transpose.hpp"

namespace deltanet::detail {

/// Keys or values of one head, [keys, K], among those of others.
template <Real T>
using HeadRows = Eigen::Map<const EigenMatrix<T>, 0, Eigen::OuterStride<>>;

/// Queries [rows, K] that ask keys for scores. A score is summed in the same order whatever other queries and keys there are:
/// over the lanes of a token product, or, where heads are so narrow that adding up the lanes would cost more than all else,
/// over K.
template <Real T>
class AttentionQueries {
  using L = Lanes<T>;

 public:
  explicit AttentionQueries(const Matrix<T>& q) : q_(&q) {
    if (!narrow()) packed_.emplace(q.data(), q.outerStride(), q.rows(), q.cols());
  }

  /// scores [rows, keys] = Q K^T, with rows `stride` entries apart; up to a panel of columns after them is written over.
  void multiply(const HeadRows<T>& k, T* scores, Index stride) const {
    if (packed_) return packed_->multiply(k.data(), k.outerStride(), k.rows(), scores, stride);
    constexpr PanelWidth<T> width;
    T panel[static_cast<std::size_t>(most * width)];  // [K, panel]
    for (Index first = 0; first < k.rows(); first += width) {
      transpose(std::min<Index>(width, k.rows() - first), k.cols(), k.row(first).data(), k.outerStride(), panel, width);
      panel_product<Keep::nothing>(q_->rows(), k.cols(), Plain<T>{q_->data(), q_->outerStride()}, panel, width, scores + first,
                                   stride);
    }
  }

 private:
  static constexpr Index most = 2 * L::size;  // width of a narrow head
  [[nodiscard]] bool narrow() const { return q_->cols() <= most; }

  const Matrix<T>* q_;
  std::optional<PackedTokens<T>> packed_;
};

/// What some queries, a row each, make of blocks of keys and values: softmax(Q K^T) V, whose sums are corrected as a larger
/// score comes along.
///
/// A query's numbers do not depend on which others there are. Values are summed over the keys in order, exponentials over the
/// places of a block. So what a query does not see must only lie in the same places of the same blocks.
template <Real T>
class AttentionProducts {
  using L = Lanes<T>;

 public:
  static constexpr Index max_keys = 128;  // places in a block

  Matrix<T> o;          // [rows, K]: the sum of exp(score - most) v, in the first K columns
  Vector<T> sum, most;  // [rows]: the sum of exp(score - most), and the largest score so far

  AttentionProducts(Index rows, Index K)
      : o(Matrix<T>::Zero(rows, padded<T>(K))),
        sum(Vector<T>::Zero(rows)),
        most(Vector<T>::Constant(rows, -std::numeric_limits<T>::infinity())),
        K_(K),
        scores_(rows, max_keys + L::panel),
        factors_(rows),
        panel_(max_keys * (rows > 1 ? L::panel : L::size)) {}

  /// Adds a block's keys and values, which lie in its places from `place` on. `visible(i)` are the first that row i sees of
  /// them and their number.
  template <class Visible>
  void add(const AttentionQueries<T>& q, const HeadRows<T>& k, const HeadRows<T>& v, Index place, const Visible& visible) {
    q.multiply(k, scores_.data() + place, scores_.outerStride());
    for (Index i = 0; i < o.rows(); ++i) {
      const auto [first, count] = visible(i);
      T* const row = scores_.row(i).data();
      std::fill(row, row + place + first, T(0));
      std::fill(row + place + first + count, row + max_keys, T(0));
      factors_[i] = 1;
      if (count == 0) continue;
      T* const seen = row + place + first;
      const T larger = std::max(most[i], VectorMap<const T>(seen, count).maxCoeff());
      factors_[i] = std::exp(most[i] - larger);
      most[i] = larger;
      map_packets(
          count, seen, [larger](const auto& score) { return (score - larger).exp(); }, seen);
      sum[i] = sum[i] * factors_[i] + row_sum(row, max_keys);
    }
    add_values(v, place);
  }

 private:
  /// o = diag(factors) o + P V.
  void add_values(const HeadRows<T>& v, Index place) {
    const Plain<T> weights{scores_.data() + place, scores_.outerStride()};
    Index first = 0;
    const auto copy = [&](Index columns, Index stride) {
      for (Index s = 0; s < v.rows(); ++s) std::copy_n(v.row(s).data() + first, columns, panel_.data() + s * stride);
    };
    if (o.rows() > 1) {
      constexpr PanelWidth<T> width;
      for (; first < K_; first += width) {
        copy(std::min<Index>(width, K_ - first), width);
        panel_product<Keep::scaled>(o.rows(), v.rows(), weights, panel_.data(), width, o.data() + first, o.outerStride(),
                                    Scaled<T>{factors_.data(), o.data() + first});
      }
      return;
    }
    for (; first + 4 * L::size <= K_; first += 4 * L::size)
      add_values_to_one<4>(v.rows(), weights.data, v.data() + first, v.outerStride(), o.data() + first);
    for (; first + L::size <= K_; first += L::size)
      add_values_to_one<1>(v.rows(), weights.data, v.data() + first, v.outerStride(), o.data() + first);
    if (first == K_) return;
    copy(K_ - first, L::size);
    add_values_to_one<1>(v.rows(), weights.data, panel_.data(), L::size, o.data() + first);
  }

  /// The same for one query and some packets of columns, straight from where the values lie.
  template <int packets>
  void add_values_to_one(Index keys, const T* weights, const T* v, Index stride, T* to) const {
    typename L::Packet sums[packets];
    for (auto& packet : sums) packet = L::broadcast(T(0));
    for (Index s = 0; s < keys; ++s)
      for (int j = 0; j < packets; ++j)
        sums[j] = L::multiply_add(L::broadcast(weights[s]), L::load(v + s * stride + j * L::size), sums[j]);
    for (int j = 0; j < packets; ++j, to += L::size)
      L::store(to, L::multiply_add(L::broadcast(factors_[0]), L::load(to), sums[j]));
  }

  Index K_;
  Matrix<T> scores_;   // [rows, places], then their exponentials
  Vector<T> factors_;  // [rows]: by which o and sum shrink
  Vector<T> panel_;    // of values, [keys, columns]
};

}  // namespace deltanet::detail
