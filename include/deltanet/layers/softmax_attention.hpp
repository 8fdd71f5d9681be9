#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "deltanet/layers/tokens.hpp"

/// Causal softmax attention in blocks: scores exist for a block of queries and a block of keys at a time, and the sums over all
/// keys are corrected as a larger score comes along (arXiv 2112.05682, 2205.14135). Memory O(T), work O(T S K) a head.
namespace deltanet {

/// Of every sequence the last tokens ask: of S tokens, query t of T stands at p = S - T + t and sees p - window + 1 .. p.
template <Real T>
struct AttentionInputs {
  /// The tokens of one sequence.
  struct Sequence {
    Index tokens = 0;       // T of them ask
    View<const T, 3> k, v;  // [S, HKV, K]: query head h reads key head h / (H / HKV)
  };

  View<const T, 3> q;  // [M, H, K]: those that ask, of all sequences, one after the other
  std::vector<Sequence> sequences;
  Index window = std::numeric_limits<Index>::max();

  [[nodiscard]] T scale() const { return 1 / std::sqrt(static_cast<T>(q.shape[2])); }
};

namespace detail {

/// Some queries of all the heads that read one key head, against the keys of that head, block by block.
template <Real T>
struct AttentionBlock {
  static constexpr Index max_queries = 64, max_keys = 128;  // rows and columns of scores; queries are tokens times heads
  using Rows = Eigen::Map<const Matrix<T>, 0, Eigen::OuterStride<>>;

  const typename AttentionInputs<T>::Sequence* sequence;
  Index head;      // of the keys
  Index position;  // of the first query's token in its sequence
  Index start;     // of the first query's token in q
  Index tokens;    // of the queries
  Index group;     // query heads a key head
  Index window;

  /// All blocks of a problem, in order; those of one sequence and key head follow each other.
  [[nodiscard]] static std::vector<AttentionBlock> all(const AttentionInputs<T>& in) {
    std::vector<AttentionBlock> blocks;
    Index before = 0;
    for (const auto& sequence : in.sequences) {
      const Index past = sequence.k.shape[0] - sequence.tokens, group = in.q.shape[1] / sequence.k.shape[1];
      const Index most = std::max<Index>(1, max_queries / group);
      for (Index head = 0; head < sequence.k.shape[1]; ++head)
        for (Index first = 0; first < sequence.tokens; first += most)
          blocks.push_back(
              {&sequence, head, past + first, before + first, std::min(most, sequence.tokens - first), group, in.window});
      before += sequence.tokens;
    }
    return blocks;
  }

  [[nodiscard]] bool same_keys(const AttentionBlock& other) const { return sequence == other.sequence && head == other.head; }
  [[nodiscard]] Index rows() const { return tokens * group; }
  /// Where row i, of a token and a query head, lies in a tensor [M, H, K], in heads.
  [[nodiscard]] Index at(Index i) const {
    return (start + i / group) * sequence->k.shape[1] * group + head * group + i % group;
  }
  /// Copies the rows of a tensor [M, H, K].
  void gather(const T* from, Eigen::Ref<Matrix<T>> to) const {
    for (Index i = 0; i < rows(); ++i) to.row(i) = VectorMap<const T>(from + at(i) * to.cols(), to.cols());
  }

  /// The tokens that a row sees.
  [[nodiscard]] Index end(Index i) const { return position + i / group + 1; }
  [[nodiscard]] Index begin(Index i) const { return window < end(i) ? end(i) - window : 0; }

  /// Keys or values [.., HKV, K] from token `from` on.  [keys, K]
  [[nodiscard]] Rows keys(const View<const T, 3>& x, Index from, Index keys) const {
    const Index K = x.shape[2], stride = x.shape[1] * K;
    return {x.data + from * stride + head * K, keys, K, Eigen::OuterStride<>(stride)};
  }

  /// Calls f(from, keys) for every block of keys that any row sees.
  template <class F>
  void for_each_keys(const F& f) const {
    const Index last = end(rows() - 1);
    for (Index from = begin(0); from < last; from += max_keys) f(from, std::min(max_keys, last - from));
  }
  /// Calls f(row, first column, columns) for every row that sees some of the keys; all other scores become 0.
  template <class F>
  void for_each_visible(Eigen::Ref<Matrix<T>> scores, Index first_key, const F& f) const {
    for (Index i = 0; i < rows(); ++i) {
      const Index from = std::clamp<Index>(begin(i) - first_key, 0, scores.cols());
      const Index to = std::clamp<Index>(end(i) - first_key, from, scores.cols());
      scores.row(i).head(from).setZero();
      scores.row(i).tail(scores.cols() - to).setZero();
      if (from < to) f(i, from, to - from);
    }
  }
};

}  // namespace detail

template <Real T>
struct AttentionOutputs {
  Tensor<T, 3> o;  // [M, H, K]
  Matrix<T> lse;   // [M, H]: the logarithm of the sum of exponentials of a query's scores
};

/// o_t = sum over s of softmax(K^-0.5 q_t^T k_s) v_s, for every query head.
template <Real T>
[[nodiscard]] AttentionOutputs<T> softmax_attention(const AttentionInputs<T>& in) {
  const Index K = in.q.shape[2];
  AttentionOutputs<T> result{Tensor<T, 3>(in.q.shape), Matrix<T>(in.q.shape[0], in.q.shape[1])};
  const auto blocks = detail::AttentionBlock<T>::all(in);
  parallel_for(static_cast<Index>(blocks.size()), [&](Index piece) {
    const detail::AttentionBlock<T>& block = blocks[static_cast<std::size_t>(piece)];
    const Index rows = block.rows();
    Matrix<T> q(rows, K), o = Matrix<T>::Zero(rows, K), buffer(rows, block.max_keys);
    Vector<T> sum = Vector<T>::Zero(rows), most = Vector<T>::Constant(rows, -std::numeric_limits<T>::infinity());
    block.gather(in.q.data, q);
    q *= in.scale();
    block.for_each_keys([&](Index first, Index keys) {
      auto scores = buffer.leftCols(keys);
      scores.noalias() = q * block.keys(block.sequence->k, first, keys).transpose();
      block.for_each_visible(scores, first, [&](Index i, Index from, Index count) {
        auto seen = scores.row(i).segment(from, count).array();
        const T larger = std::max(most[i], seen.maxCoeff()), correction = std::exp(most[i] - larger);
        most[i] = larger;
        seen = (seen - larger).exp();
        sum[i] = sum[i] * correction + seen.sum();
        o.row(i) *= correction;
      });
      o.noalias() += scores * block.keys(block.sequence->v, first, keys);
    });
    for (Index i = 0; i < rows; ++i) {
      VectorMap<T>(result.o.data() + block.at(i) * K, K) = o.row(i) / sum[i];
      result.lse.data()[block.at(i)] = most[i] + std::log(sum[i]);
    }
  });
  return result;
}

/// Of the tokens that ask: those before count as constants.
template <Real T>
struct AttentionGradients {
  Tensor<T, 3> q;     // [M, H, K]
  Tensor<T, 3> k, v;  // [M, HKV, K]
};

/// The gradients of `softmax_attention`, given that by o [M, H, K]. `kv_heads` is HKV.
//
// forward: P = exp(s Q K^T - lse),   O = P V
// so:      dV = P^T dO,   dP = dO V^T,   dS = P (.) (dP - rowsum(dO (.) O)),   dQ = s dS K,   dK = s dS^T Q
template <Real T>
[[nodiscard]] AttentionGradients<T> softmax_attention_backward(const AttentionInputs<T>& in, Index kv_heads,
                                                               const AttentionOutputs<T>& out,
                                                               std::type_identity_t<View<const T, 3>> d_o) {
  const Index M = in.q.shape[0], K = in.q.shape[2];
  AttentionGradients<T> d{Tensor<T, 3>(in.q.shape), zeros<T>(M, kv_heads, K), zeros<T>(M, kv_heads, K)};
  const auto backward = [&](const detail::AttentionBlock<T>& block) {
    const Index rows = block.rows(), past = block.sequence->k.shape[0] - block.sequence->tokens;
    const Index offset = block.start - block.position;  // from a token's place in its sequence to that in q
    Matrix<T> q(rows, K), o(rows, K), dout(rows, K), dq = Matrix<T>::Zero(rows, K);
    Matrix<T> p_buffer(rows, block.max_keys), ds_buffer(rows, block.max_keys);
    block.gather(in.q.data, q);
    block.gather(out.o.data(), o);
    block.gather(d_o.data, dout);
    q *= in.scale();
    const Vector<T> projection = dout.cwiseProduct(o).rowwise().sum();
    block.for_each_keys([&](Index first, Index keys) {
      auto p = p_buffer.leftCols(keys), ds = ds_buffer.leftCols(keys);
      p.noalias() = q * block.keys(block.sequence->k, first, keys).transpose();
      ds.noalias() = dout * block.keys(block.sequence->v, first, keys).transpose();
      block.for_each_visible(p, first, [&](Index i, Index from, Index count) {
        auto seen = p.row(i).segment(from, count).array();
        seen = (seen - out.lse.data()[block.at(i)]).exp();
      });
      ds.array() = p.array() * (ds.array().colwise() - projection.array());
      dq.noalias() += ds * block.keys(block.sequence->k, first, keys);
      const Index own = first + keys - std::max(first, past);  // of these keys, the last ones
      if (own <= 0) return;
      const auto gradient = [&](Tensor<T, 3>& x) {
        T* place = x.data() + ((first + keys - own + offset) * kv_heads + block.head) * K;
        return Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>(place, own, K, Eigen::OuterStride<>(kv_heads * K));
      };
      gradient(d.v).noalias() += p.rightCols(own).transpose() * dout;
      gradient(d.k).noalias() += ds.rightCols(own).transpose() * q;
    });
    for (Index i = 0; i < rows; ++i) VectorMap<T>(d.q.data() + block.at(i) * K, K) = in.scale() * dq.row(i);
  };
  // blocks that add to the gradients of the same keys run in order
  const auto blocks = detail::AttentionBlock<T>::all(in);
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (i == 0 || !blocks[i].same_keys(blocks[i - 1])) begins.push_back(i);
  parallel_for(static_cast<Index>(begins.size()), [&](Index piece) {
    const std::size_t first = begins[static_cast<std::size_t>(piece)];
    for (std::size_t i = first; i < blocks.size() && blocks[i].same_keys(blocks[first]); ++i) backward(blocks[i]);
  });
  return d;
}

}  // namespace deltanet
