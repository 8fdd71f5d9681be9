#pragma once

#include <cstdint>

#include "deltanet/core/threads.hpp"
#include "deltanet/core/weight.hpp"
#include "deltanet/layers/layer.hpp"

namespace deltanet {

struct EmbeddingConfig {
  Index vocab_size = 0;
  Index hidden_size = 0;
  double initializer_range = 0.02;  ///< deviation of the initial vectors
};

template <Real T>
struct EmbeddingParams {
  Matrix<T> weight;               // [Vocabulary, D]; empty where it is kept in 16 bits
  std::optional<Weight<T>> kept;  // the weight in 16 bits, for inference alone: no field

  static constexpr auto fields() { return std::tuple{Field{"weight", &EmbeddingParams::weight}}; }
};

/// As for a linear map.
template <Real T>
void keep_in(Precision precision, EmbeddingParams<T>& params) {
  if (precision == Precision::full) return;
  params.kept.emplace(params.weight, precision);
  params.weight.resize(0, 0);
}

/// A learnt vector for every token of a vocabulary: ids [B, T] -> [B, T, D]. Not a Layer, since its input is integers.
template <Real T>
class Embedding {
 public:
  using Scalar = T;
  using Config = EmbeddingConfig;
  using Params = EmbeddingParams<T>;
  struct Cache {
    Tensor<std::int32_t, 2> ids;  // [B, T]
  };

  Config config;
  Params params;

  explicit Embedding(const Config& config_) : config(config_) {
    expect(config.vocab_size > 0 && config.hidden_size > 0,
           "embedding: expected positive sizes, got vocab_size=", config.vocab_size, ", hidden_size=", config.hidden_size);
    params.weight.setZero(config.vocab_size, config.hidden_size);
  }

  void initialize(Random& random) { random.fill_normal(params.weight, config.initializer_range); }

  /// The vectors of the tokens. Throws where an id is not in [0, vocab_size).
  Tensor<T, 3> forward(View<const std::int32_t, 2> ids, Cache* cache = nullptr) const {
    const FlushToZero flush;
    for (Index i = 0; i < ids.size(); ++i)
      expect(ids.data[i] >= 0 && ids.data[i] < config.vocab_size, "ids: expected tokens in [0, ", config.vocab_size, "), got ",
             ids.data[i], " at flat index ", i);
    if (cache) cache->ids = Eigen::TensorMap<const EigenTensor<std::int32_t, 2>>(ids.data, ids.shape);
    Tensor<T, 3> y(ids.shape[0], ids.shape[1], config.hidden_size);
    MatrixMap<T> vectors = rows(y);
    for (Index i = 0; i < ids.size(); ++i) {
      if (params.kept)
        params.kept->copy_row(ids.data[i], vectors.row(i).data());
      else
        vectors.row(i) = params.weight.row(ids.data[i]);
    }
    return y;
  }

  /// Adds to the gradients, token after token in every slice of columns, so that repeated tokens always sum in the same order.
  //
  // forward: y_i = W[id_i]
  // so:      dW[id_i] += dy_i
  void backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    const Tensor<std::int32_t, 2>& ids = cache.ids;
    expect_shape("dy", dy, {{"B", ids.dimension(0)}, {"T", ids.dimension(1)}, {"D", config.hidden_size}});
    constexpr Index slice = 64;
    const Index D = config.hidden_size;
    parallel_for((D + slice - 1) / slice, [&](Index piece) {
      const Index column = piece * slice, columns = std::min(slice, D - column);
      for (Index i = 0; i < ids.size(); ++i)
        gradients.weight.row(ids.data()[i]).segment(column, columns) += dy.rows().row(i).segment(column, columns);
    });
  }
};

}  // namespace deltanet
