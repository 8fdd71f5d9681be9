#pragma once

#include <cmath>
#include <limits>

#include "deltanet/layers/tokens.hpp"

/// Causal softmax attention in blocks: scores exist for a block of queries and a block of keys at a time, and the sums over all
/// keys are corrected as a larger score comes along (arXiv 2112.05682, 2205.14135). Memory O(T), work O(T S K) a head.
namespace deltanet {

/// The last T of S tokens ask: query t stands at token p = S - T + t and sees the tokens p - window + 1 .. p.
template <Real T>
struct AttentionInputs {
  View<const T, 4> q;     // [B, T, H, K]
  View<const T, 4> k, v;  // [S, B, HKV, K]: query head h reads key head h / (H / HKV)
  Index window = std::numeric_limits<Index>::max();

  [[nodiscard]] T scale() const { return 1 / std::sqrt(static_cast<T>(q.shape[3])); }
};

namespace detail {

/// Some queries of all the heads that read one key head, against the keys of that head, block by block.
template <Real T>
struct AttentionBlock {
  static constexpr Index max_queries = 64, max_keys = 128;  // rows and columns of scores; queries are tokens times heads
  using Rows = Eigen::Map<const Matrix<T>, 0, Eigen::OuterStride<>>;

  const AttentionInputs<T>& in;
  Index b, head;        // of the keys
  Index first, tokens;  // the queries' tokens
  Index group;          // query heads a key head

  AttentionBlock(const AttentionInputs<T>& in_, Index b_, Index head_, Index block)
      : in(in_), b(b_), head(head_), group(in.q.shape[2] / in.k.shape[2]) {
    first = block * tokens_of(in);
    tokens = std::min(tokens_of(in), in.q.shape[1] - first);
  }

  /// How many tokens a block of queries has, and how many blocks there are.
  static Index tokens_of(const AttentionInputs<T>& in) {
    return std::max<Index>(1, max_queries / (in.q.shape[2] / in.k.shape[2]));
  }
  static Index count(const AttentionInputs<T>& in) { return (in.q.shape[1] + tokens_of(in) - 1) / tokens_of(in); }

  [[nodiscard]] Index rows() const { return tokens * group; }
  /// Where row i, of a token and a query head, begins in a tensor [B, T, H, K], in heads.
  [[nodiscard]] Index at(Index i) const {
    return (b * in.q.shape[1] + first + i / group) * in.q.shape[2] + head * group + i % group;
  }
  /// Copies the rows of a tensor [B, T, H, K].
  void gather(const T* from, Eigen::Ref<Matrix<T>> to) const {
    for (Index i = 0; i < rows(); ++i) to.row(i) = VectorMap<const T>(from + at(i) * to.cols(), to.cols());
  }

  /// The tokens that a row sees.
  [[nodiscard]] Index end(Index i) const { return in.k.shape[0] - in.q.shape[1] + first + i / group + 1; }
  [[nodiscard]] Index begin(Index i) const { return in.window < end(i) ? end(i) - in.window : 0; }

  /// Keys or values from token `start` on.  [keys, K]
  [[nodiscard]] Rows keys(const View<const T, 4>& x, Index start, Index keys) const {
    const Index K = x.shape[3], stride = x.shape[1] * x.shape[2] * K;
    return {x.data + start * stride + (b * x.shape[2] + head) * K, keys, K, Eigen::OuterStride<>(stride)};
  }

  /// Calls f(start, keys) for every block of keys that any row sees.
  template <class F>
  void for_each_keys(const F& f) const {
    const Index last = end(rows() - 1);
    for (Index start = begin(0); start < last; start += max_keys) f(start, std::min(max_keys, last - start));
  }
  /// Calls f(row, first column, columns) for every row that sees some of the keys; all other scores become 0.
  template <class F>
  void for_each_visible(Eigen::Ref<Matrix<T>> scores, Index start, const F& f) const {
    for (Index i = 0; i < rows(); ++i) {
      const Index from = std::clamp<Index>(begin(i) - start, 0, scores.cols());
      const Index to = std::clamp<Index>(end(i) - start, from, scores.cols());
      scores.row(i).head(from).setZero();
      scores.row(i).tail(scores.cols() - to).setZero();
      if (from < to) f(i, from, to - from);
    }
  }
};

/// Calls f(block) in parallel for all blocks of queries.
template <Real T, class F>
void for_each_attention_block(const AttentionInputs<T>& in, const F& f) {
  const Index blocks = AttentionBlock<T>::count(in), heads = in.k.shape[2];
  parallel_for(in.q.shape[0] * heads * blocks,
               [&](Index piece) { f(AttentionBlock<T>(in, piece / blocks / heads, piece / blocks % heads, piece % blocks)); });
}

}  // namespace detail

template <Real T>
struct AttentionOutputs {
  Tensor<T, 4> o;    // [B, T, H, K]
  Tensor<T, 3> lse;  // [B, T, H]: the logarithm of the sum of exponentials of a query's scores
};

/// o_t = sum over s of softmax(K^-0.5 q_t^T k_s) v_s, for every query head.
template <Real T>
[[nodiscard]] AttentionOutputs<T> softmax_attention(const AttentionInputs<T>& in) {
  const Index K = in.q.shape[3];
  AttentionOutputs<T> result{Tensor<T, 4>(in.q.shape), Tensor<T, 3>(in.q.shape[0], in.q.shape[1], in.q.shape[2])};
  detail::for_each_attention_block(in, [&](const detail::AttentionBlock<T>& block) {
    const Index rows = block.rows();
    Matrix<T> q(rows, K), o = Matrix<T>::Zero(rows, K), buffer(rows, block.max_keys);
    Vector<T> sum = Vector<T>::Zero(rows), most = Vector<T>::Constant(rows, -std::numeric_limits<T>::infinity());
    block.gather(in.q.data, q);
    q *= in.scale();
    block.for_each_keys([&](Index start, Index keys) {
      auto scores = buffer.leftCols(keys);
      scores.noalias() = q * block.keys(in.k, start, keys).transpose();
      block.for_each_visible(scores, start, [&](Index i, Index from, Index count) {
        auto seen = scores.row(i).segment(from, count).array();
        const T larger = std::max(most[i], seen.maxCoeff()), correction = std::exp(most[i] - larger);
        most[i] = larger;
        seen = (seen - larger).exp();
        sum[i] = sum[i] * correction + seen.sum();
        o.row(i) *= correction;
      });
      o.noalias() += scores * block.keys(in.v, start, keys);
    });
    for (Index i = 0; i < rows; ++i) {
      VectorMap<T>(result.o.data() + block.at(i) * K, K) = o.row(i) / sum[i];
      result.lse.data()[block.at(i)] = most[i] + std::log(sum[i]);
    }
  });
  return result;
}

template <Real T>
struct AttentionGradients {
  Tensor<T, 4> q;     // [B, T, H, K]
  Tensor<T, 4> k, v;  // [S, B, HKV, K]
};

/// The gradients of `softmax_attention`, given that by o.
//
// forward: P = exp(s Q K^T - lse),   O = P V
// so:      dV = P^T dO,   dP = dO V^T,   dS = P (.) (dP - rowsum(dO (.) O)),   dQ = s dS K,   dK = s dS^T Q
template <Real T>
[[nodiscard]] AttentionGradients<T> softmax_attention_backward(const AttentionInputs<T>& in, const AttentionOutputs<T>& out,
                                                               std::type_identity_t<View<const T, 4>> d_o) {
  const Index K = in.q.shape[3], blocks = detail::AttentionBlock<T>::count(in), heads = in.k.shape[2];
  AttentionGradients<T> d{Tensor<T, 4>(in.q.shape), zeros<T>(in.k.shape[0], in.k.shape[1], heads, K), {}};
  d.v = d.k;
  const auto written = [&](Tensor<T, 4>& x, const detail::AttentionBlock<T>& block, Index start, Index keys) {
    using Rows = Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>;
    const auto place = block.keys(x, start, keys);
    return Rows(x.data() + (place.data() - x.data()), keys, K, Eigen::OuterStride<>(place.outerStride()));
  };
  parallel_for(in.q.shape[0] * heads, [&](Index piece) {
    for (Index i_block = 0; i_block < blocks; ++i_block) {
      const detail::AttentionBlock<T> block(in, piece / heads, piece % heads, i_block);
      const Index rows = block.rows();
      Matrix<T> q(rows, K), o(rows, K), dout(rows, K), dq = Matrix<T>::Zero(rows, K);
      Matrix<T> p_buffer(rows, block.max_keys), ds_buffer(rows, block.max_keys);
      block.gather(in.q.data, q);
      block.gather(out.o.data(), o);
      block.gather(d_o.data, dout);
      q *= in.scale();
      const Vector<T> projection = dout.cwiseProduct(o).rowwise().sum();
      block.for_each_keys([&](Index start, Index keys) {
        auto p = p_buffer.leftCols(keys), ds = ds_buffer.leftCols(keys);
        p.noalias() = q * block.keys(in.k, start, keys).transpose();
        ds.noalias() = dout * block.keys(in.v, start, keys).transpose();
        block.for_each_visible(p, start, [&](Index i, Index from, Index count) {
          auto seen = p.row(i).segment(from, count).array();
          seen = (seen - out.lse.data()[block.at(i)]).exp();
        });
        ds.array() = p.array() * (ds.array().colwise() - projection.array());
        written(d.v, block, start, keys).noalias() += p.transpose() * dout;
        written(d.k, block, start, keys).noalias() += ds.transpose() * q;
        dq.noalias() += ds * block.keys(in.k, start, keys);
      });
      for (Index i = 0; i < rows; ++i) VectorMap<T>(d.q.data() + block.at(i) * K, K) = in.scale() * dq.row(i);
    }
  });
  return d;
}

}  // namespace deltanet
