#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "deltanet/core/matrix_product.hpp"
#include "deltanet/core/product.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/attention_products.hpp"
#include "deltanet/layers/tokens.hpp"

/// Causal softmax attention in blocks: scores exist for a block of queries and a block of keys at a time, and the sums over all
/// keys are corrected as a larger score comes along (arXiv 2112.05682, 2205.14135). Memory O(T), work O(T S K) a head. What a
/// query reads does not depend on what other queries there are, bit for bit.
namespace deltanet {

/// Of every sequence the last tokens ask: of S tokens, query t of T stands at p = S - T + t and sees p - window + 1 .. p, and
/// the prefix.
template <Real T>
struct AttentionInputs {
  /// The tokens of one sequence.
  struct Sequence {
    Index tokens = 0;       // T of them ask
    View<const T, 3> k, v;  // [n S, HKV, K]: query head h reads key head h / (H / HKV)
    Index before = 0;       // tokens of the sequence that are not among the S
  };
  /// What all tokens of all sequences see, whatever the window.
  struct Prefix {
    View<const T, 3> q{};       // [M, H, K]: by which the tokens ask it
    View<const T, 3> k{}, v{};  // [P, HKV, K]
  };

  View<const T, 3> q;  // [M, H, K]: those that ask, of all sequences, one after the other
  detail::PoolVector<Sequence> sequences;
  Index window = std::numeric_limits<Index>::max();
  Index keys_per_token = 1;  // n: a token is seen with all its keys
  Prefix prefix{};           // of no keys where absent

  [[nodiscard]] T scale() const { return 1 / std::sqrt(static_cast<T>(q.shape[2])); }
};

namespace detail {

/// Some queries of all the heads that read one key head, against the keys of that head, block by block.
template <Real T>
struct AttentionBlock {
  static constexpr Index max_queries = 64;  // rows of scores, tokens times heads
  static constexpr Index max_keys = AttentionProducts<T>::max_keys;

  const AttentionInputs<T>* in;
  const typename AttentionInputs<T>::Sequence* sequence;
  Index head;      // of the keys
  Index position;  // of the first query's token in its sequence
  Index start;     // of the first query's token in q
  Index tokens;    // of the queries
  Index group;     // query heads a key head

  /// Keys and values that are asked at a time.
  struct Keys {
    HeadRows<T> k, v;  // [keys, K]
    Index first;       // the first among those of the sequence, or of the prefix
    Index place;       // of the first among max_keys, which begin at multiples of that in the sequence
    bool prefix;       // whether all rows see them all
  };

  /// All blocks of a problem, in order; those of one sequence and key head follow each other.
  [[nodiscard]] static detail::PoolVector<AttentionBlock> all(const AttentionInputs<T>& in) {
    detail::PoolVector<AttentionBlock> blocks;
    Index before = 0;
    for (const auto& sequence : in.sequences) {
      const Index past = sequence.k.shape[0] / in.keys_per_token - sequence.tokens;
      const Index group = in.q.shape[1] / sequence.k.shape[1];
      const Index most = std::max<Index>(1, max_queries / group);
      for (Index head = 0; head < sequence.k.shape[1]; ++head)
        for (Index first = 0; first < sequence.tokens; first += most)
          blocks.push_back(
              {&in, &sequence, head, past + first, before + first, std::min(most, sequence.tokens - first), group});
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
  void gather(const T* from, Eigen::Ref<EigenMatrix<T>> to) const {
    for (Index i = 0; i < rows(); ++i) to.row(i) = VectorMap<const T>(from + at(i) * to.cols(), to.cols());
  }

  /// The keys of its sequence that a row sees.
  [[nodiscard]] Index end(Index i) const { return in->keys_per_token * (position + i / group + 1); }
  [[nodiscard]] Index begin(Index i) const {
    const Index seen = position + i / group + 1;
    return in->window < seen ? in->keys_per_token * (seen - in->window) : 0;
  }

  /// Keys or values [.., HKV, K] from place `from` on.  [keys, K]
  [[nodiscard]] HeadRows<T> rows_of(const View<const T, 3>& x, Index from, Index keys) const {
    const Index K = x.shape[2], stride = x.shape[1] * K;
    return {x.data + from * stride + head * K, keys, K, Eigen::OuterStride<>(stride)};
  }

  /// Calls f(keys) for every block of keys that any row sees.
  template <class F>
  void for_each_keys(const F& f) const {
    const auto blocks = [&](const View<const T, 3>& k, const View<const T, 3>& v, Index from, Index to, Index before,
                            bool prefix) {
      for (Index keys; from < to; from += keys) {
        const Index place = (before + from) % max_keys;
        keys = std::min(max_keys - place, to - from);
        f(Keys{rows_of(k, from, keys), rows_of(v, from, keys), from, place, prefix});
      }
    };
    blocks(in->prefix.k, in->prefix.v, 0, in->prefix.k.shape[0], 0, true);
    blocks(sequence->k, sequence->v, begin(0), end(rows() - 1), in->keys_per_token * sequence->before, false);
  }
  /// The first of the keys that row i sees, and their number.
  [[nodiscard]] std::pair<Index, Index> visible(Index i, const Keys& keys) const {
    const Index all = keys.k.rows();
    if (keys.prefix) return {0, all};
    const Index from = std::clamp<Index>(begin(i) - keys.first, 0, all);
    return {from, std::clamp<Index>(end(i) - keys.first, from, all) - from};
  }
  /// Calls f(row, first column, columns) for every row that sees some of the keys; all other scores become 0.
  template <class F>
  void for_each_visible(Eigen::Ref<EigenMatrix<T>> scores, const Keys& keys, const F& f) const {
    for (Index i = 0; i < rows(); ++i) {
      const auto [from, count] = visible(i, keys);
      scores.row(i).head(from).setZero();
      scores.row(i).tail(scores.cols() - from - count).setZero();
      if (count > 0) f(i, from, count);
    }
  }
};

/// The queries of a block, times the scale: those that ask the sequence, and those that ask the prefix.
template <Real T>
struct ScaledQueries {
  Matrix<T> of_sequence, of_prefix;  // [rows, K]

  ScaledQueries(const AttentionBlock<T>& block, Index K)
      : of_sequence(block.rows(), K), of_prefix(block.in->prefix.q.absent() ? 0 : block.rows(), K) {
    block.gather(block.in->q.data, of_sequence);
    of_sequence *= block.in->scale();
    if (of_prefix.rows() == 0) return;
    block.gather(block.in->prefix.q.data, of_prefix);
    of_prefix *= block.in->scale();
  }
  [[nodiscard]] const Matrix<T>& that_ask(const typename AttentionBlock<T>::Keys& keys) const {
    return keys.prefix ? of_prefix : of_sequence;
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
    const detail::ScaledQueries<T> q(block, K);
    detail::AttentionProducts<T> products(rows, K);
    const detail::AttentionQueries<T> of_sequence(q.of_sequence), of_prefix(q.of_prefix);
    block.for_each_keys([&](const auto& keys) {
      products.add(keys.prefix ? of_prefix : of_sequence, keys.k, keys.v, keys.place,
                   [&](Index i) { return block.visible(i, keys); });
    });
    for (Index i = 0; i < rows; ++i) {
      VectorMap<T>(result.o.data() + block.at(i) * K, K) = products.o.row(i).head(K) / products.sum[i];
      result.lse.data()[block.at(i)] = products.most[i] + std::log(products.sum[i]);
    }
  });
  return result;
}

/// Of the tokens that ask: those before count as constants. Of the prefix, where there is one.
template <Real T>
struct AttentionGradients {
  Tensor<T, 3> q;                   // [M, H, K]
  Tensor<T, 3> k, v;                // [n M, HKV, K]
  Tensor<T, 3> prefix_q;            // [M, H, K]
  Tensor<T, 3> prefix_k, prefix_v;  // [P, HKV, K]
};

/// The gradients of `softmax_attention`, given that by o [M, H, K]. `kv_heads` is HKV.
//
// forward: P = exp(s Q K^T - lse),   O = P V
// so:      dV = P^T dO,   dP = dO V^T,   dS = P (.) (dP - rowsum(dO (.) O)),   dQ = s dS K,   dK = s dS^T Q
template <Real T>
[[nodiscard]] AttentionGradients<T> softmax_attention_backward(const AttentionInputs<T>& in, Index kv_heads,
                                                               const AttentionOutputs<T>& out,
                                                               std::type_identity_t<View<const T, 3>> d_o) {
  using MatrixRows = Eigen::Map<EigenMatrix<T>, 0, Eigen::OuterStride<>>;
  const Index M = in.q.shape[0], K = in.q.shape[2], n = in.keys_per_token, P = in.prefix.k.shape[0];
  const auto zero = [&](Index keys) { return zeros<T>(keys, kv_heads, K); };
  AttentionGradients<T> d{Tensor<T, 3>(in.q.shape), zero(n * M), zero(n * M), {}, zero(P), zero(P)};
  if (!in.prefix.q.absent()) d.prefix_q.resize(in.q.shape);

  // dprefix_k, dprefix_v [P, K]: of the block's key head, from its sequence
  const auto backward = [&](const detail::AttentionBlock<T>& block, MatrixRef<T> dprefix_k, MatrixRef<T> dprefix_v) {
    const Index rows = block.rows(), past = block.sequence->k.shape[0] - n * block.sequence->tokens;
    const Index offset = n * (block.start - block.position);  // from a key's place in its sequence to that in d.k
    const detail::ScaledQueries<T> q(block, K);
    Matrix<T> o(rows, K), dout(rows, K), dq = Matrix<T>::Zero(rows, K), dq_prefix = dq;
    Matrix<T> p_buffer(rows, block.max_keys), ds_buffer(rows, block.max_keys);
    block.gather(out.o.data(), o);
    block.gather(d_o.data, dout);
    const Vector<T> projection = dout.cwiseProduct(o).rowwise().sum();
    block.for_each_keys([&](const auto& keys) {
      const Index count = keys.k.rows();
      auto p = p_buffer.leftCols(count), ds = ds_buffer.leftCols(count);
      detail::multiply(q.that_ask(keys), keys.k.transpose(), p);
      detail::multiply(dout, keys.v.transpose(), ds);
      block.for_each_visible(p, keys, [&](Index i, Index from, Index seen_keys) {
        auto seen = p.row(i).segment(from, seen_keys).array();
        seen = (seen - out.lse.data()[block.at(i)]).exp();
      });
      ds.array() = p.array() * (ds.array().colwise() - projection.array());
      if (keys.prefix) {
        detail::multiply_add(ds, keys.k, dq_prefix);
        detail::multiply_add(p.transpose(), dout, dprefix_v.middleRows(keys.first, count));
        detail::multiply_add(ds.transpose(), q.that_ask(keys), dprefix_k.middleRows(keys.first, count));
        return;
      }
      detail::multiply_add(ds, keys.k, dq);
      const Index own = keys.first + count - std::max(keys.first, past);  // of these keys, the last ones
      if (own <= 0) return;
      const auto gradient = [&](Tensor<T, 3>& x) {
        T* place = x.data() + ((keys.first + count - own + offset) * kv_heads + block.head) * K;
        return MatrixRows(place, own, K, Eigen::OuterStride<>(kv_heads * K));
      };
      detail::multiply_add(p.rightCols(own).transpose(), dout, gradient(d.v));
      detail::multiply_add(ds.rightCols(own).transpose(), q.that_ask(keys), gradient(d.k));
    });
    for (Index i = 0; i < rows; ++i) {
      VectorMap<T>(d.q.data() + block.at(i) * K, K) = in.scale() * dq.row(i);
      if (P > 0) VectorMap<T>(d.prefix_q.data() + block.at(i) * K, K) = in.scale() * dq_prefix.row(i);
    }
  };
  // blocks that add to the gradients of the same keys run in order
  const auto blocks = detail::AttentionBlock<T>::all(in);
  detail::PoolVector<std::size_t> begins;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (i == 0 || !blocks[i].same_keys(blocks[i - 1])) begins.push_back(i);
  const Index pieces = static_cast<Index>(begins.size());
  Matrix<T> dprefix_k = Matrix<T>::Zero(pieces * P, K), dprefix_v = dprefix_k;
  parallel_for(pieces, [&](Index piece) {
    const std::size_t first = begins[static_cast<std::size_t>(piece)];
    for (std::size_t i = first; i < blocks.size() && blocks[i].same_keys(blocks[first]); ++i)
      backward(blocks[i], dprefix_k.middleRows(piece * P, P), dprefix_v.middleRows(piece * P, P));
  });
  for (Index piece = 0; piece < (P > 0 ? pieces : 0); ++piece)
    for (auto [to, from] : {std::pair{&d.prefix_k, &dprefix_k}, std::pair{&d.prefix_v, &dprefix_v}}) {
      const Index head = blocks[begins[static_cast<std::size_t>(piece)]].head;
      MatrixRows(to->data() + head * K, P, K, Eigen::OuterStride<>(kv_heads * K)) += from->middleRows(piece * P, P);
    }
  return d;
}

}  // namespace deltanet
