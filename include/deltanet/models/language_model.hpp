#pragma once

#include <optional>
#include <vector>

#include "deltanet/blocks/residual.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/embedding.hpp"
#include "deltanet/layers/linear.hpp"

namespace deltanet {

/// Sizes and options of a language model. Names are flash-linear-attention's.
template <class MixerConfig>
struct LanguageModelConfig {
  Index vocab_size = 256;  // bytes
  Index num_hidden_layers = 4;
  ResidualBlockConfig<MixerConfig> block{};  // of every layer
  /// Of each layer, where they differ, as in hybrid models: as many as layers, of the width of `block`.
  std::vector<ResidualBlockConfig<MixerConfig>> blocks{};
  bool tie_word_embeddings = false;  // the head reads with the embedding's weight
  double initializer_range = 0.02;   // deviation of the initial embedding and head
};

/// The parts of a language model, by the names of flash-linear-attention's checkpoints: "model.layers.0.attn.q_proj.weight".
template <Layer Mixer>
struct LanguageModelParams {
  using T = typename Mixer::Scalar;
  struct Backbone {
    Embedding<T> embeddings;
    std::vector<ResidualBlock<Mixer>> layers;
    RMSNorm<T> norm;

    static constexpr auto fields() {
      return std::tuple{Field{"embeddings", &Backbone::embeddings}, Field{"layers", &Backbone::layers},
                        Field{"norm", &Backbone::norm}};
    }
  };

  Backbone model;
  std::optional<Linear<T>> lm_head;  // absent where it is tied to the embedding

  static constexpr auto fields() {
    return std::tuple{Field{"model", &LanguageModelParams::model}, Field{"lm_head", &LanguageModelParams::lm_head}};
  }
};

/// A language model over residual blocks: logits = lm_head(norm(block_n(.. block_1(embeddings(tokens))))).
/// Tokens [B, T] -> logits [B, T, V], where the logits at t are of the token at t + 1. The mixer may be any Layer:
/// `LanguageModel<GatedDeltaNet<float>>`. State and Cache are lists of the blocks'.
template <Layer Mixer>
class LanguageModel {
 public:
  using Scalar = typename Mixer::Scalar;
  using T = Scalar;
  using Block = ResidualBlock<Mixer>;
  using Config = LanguageModelConfig<typename Mixer::Config>;
  using Params = LanguageModelParams<Mixer>;
  /// A parameter list too, where the mixer's State is: for checkpoints.
  struct State {
    std::vector<typename Block::State> layers;
    static constexpr auto fields() { return std::tuple{Field{"layers", &State::layers}}; }
  };
  struct Cache {
    typename Embedding<T>::Cache embeddings;
    std::vector<typename Block::Cache> layers;
    typename RMSNorm<T>::Cache norm;
    Tensor<T, 3> features;  // [B, T, D], what the head reads
  };

  Config config;
  Params params;

  explicit LanguageModel(const Config& config_) : config(config_), params(make_params(config_)) {}

  void initialize(Random& random) {
    const FlushToZero flush;
    params.model.embeddings.initialize(random);
    for (Block& block : params.model.layers) block.initialize(random);
    params.model.norm.initialize(random);
    if (params.lm_head) params.lm_head->initialize(random);
  }

  /// The state before the first token of N sequences.
  [[nodiscard]] State initial_state(Index N) const {
    State state;
    for (const Block& block : params.model.layers) state.layers.push_back(block.initial_state(N));
    return state;
  }

  /// Logits [B, T, V] of the tokens [B, T]; continues from *state and replaces it where it is not null. Each of the B rows is a
  /// sequence, or they are packed into one as `sequences` says; for rows padded on the left see Padding (core/padding.hpp).
  Tensor<T, 3> forward(View<const std::int32_t, 2> tokens, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    Tensor<T, 3> x =
        params.model.norm.forward(features(tokens, state, cache, sequences), nullptr, cache ? &cache->norm : nullptr);
    Tensor<T, 3> logits(x.dimension(0), x.dimension(1), config.vocab_size);
    apply_head(rows(std::as_const(x)), rows(logits), pass_of(cache));
    if (cache) cache->features = std::move(x);
    return logits;
  }

  /// Logits [N, V] after the last token of each sequence alone, which must have one: how prompts are read, since logits of a
  /// large vocabulary cost as much as several layers.
  Tensor<T, 2> prefill(View<const std::int32_t, 2> tokens, State& state, const Sequences& sequences = {}) const {
    const FlushToZero flush;
    const auto cut = sequences.cut(tokens.shape[0], tokens.shape[1]);
    for (const detail::Sequence& sequence : cut) expect(sequence.tokens() > 0, "tokens: expected at least one, got none");
    const Tensor<T, 3> x = features(tokens, &state, nullptr, sequences);
    Tensor<T, 2> last(static_cast<Index>(cut.size()), x.dimension(2));
    for (std::size_t n = 0; n < cut.size(); ++n) rows(last).row(static_cast<Index>(n)) = rows(x).row(cut[n].end - 1);
    NoState none;
    last = params.model.norm.step(last, none);
    Tensor<T, 2> logits(last.dimension(0), config.vocab_size);
    apply_head(rows(std::as_const(last)), rows(logits));
    return logits;
  }

  /// Logits [B, V] after one token of each sequence, [B].
  Tensor<T, 2> step(View<const std::int32_t, 1> tokens, State& state) const {
    const FlushToZero flush;
    const auto& [embeddings, layers, norm] = params.model;
    expect_layers(state);
    const Tensor<T, 3> vectors = embeddings.forward({tokens.data, {tokens.size(), 1}});  // [B, 1, D]
    Tensor<T, 2> x = layers[0].step({vectors.data(), {tokens.size(), vectors.dimension(2)}}, state.layers[0]);
    for (std::size_t i = 1; i < layers.size(); ++i) x = layers[i].step(x, state.layers[i]);
    NoState none;
    x = norm.step(x, none);
    Tensor<T, 2> logits(tokens.size(), config.vocab_size);
    apply_head(rows(std::as_const(x)), rows(logits));
    return logits;
  }

  /// Adds the gradients of the parameters to `gradients`, given those of the logits, [B, T, V].
  void backward(const Cache& cache, View<const T, 3> dlogits, Params& gradients) const {
    const FlushToZero flush;
    expect(!kept_head(), "weight: expected one in full for a gradient, got one kept in 16 bits");
    const auto& [embeddings, layers, norm] = params.model;
    auto& [dembeddings, dlayers, dnorm] = gradients.model;
    expect_shape("dlogits", dlogits,
                 {{"B", cache.features.dimension(0)}, {"T", cache.features.dimension(1)}, {"V", config.vocab_size}});
    // forward: logits = x W^T
    // so:      dx = dlogits W,   dW += dlogits^T x
    Tensor<T, 3> dx = zeros<T>(cache.features.dimension(0), cache.features.dimension(1), cache.features.dimension(2));
    add_product<T>(dlogits.rows(), head(), rows(dx));
    add_transposed_product<T>(dlogits.rows(), rows(cache.features),
                              gradients.lm_head ? gradients.lm_head->params.weight : dembeddings.params.weight);
    dx = norm.backward(cache.norm, dx, dnorm.params);
    for (std::size_t i = layers.size(); i-- > 0;) dx = layers[i].backward(cache.layers[i], dx, dlayers[i].params);
    embeddings.backward(cache.embeddings, dx, dembeddings.params);
  }

 private:
  /// What the last norm reads, [B, T, D].
  Tensor<T, 3> features(View<const std::int32_t, 2> tokens, State* state, Cache* cache, const Sequences& sequences = {}) const {
    const auto& [embeddings, layers, norm] = params.model;
    if (state) expect_layers(*state);
    if (cache) cache->layers.resize(layers.size());
    Tensor<T, 3> x = embeddings.forward(tokens, cache ? &cache->embeddings : nullptr);
    for (std::size_t i = 0; i < layers.size(); ++i)
      x = layers[i].forward(x, state ? &state->layers[i] : nullptr, cache ? &cache->layers[i] : nullptr, sequences);
    return x;
  }

  /// The weight that makes logits, [V, D].
  const Matrix<T>& head() const {
    return params.lm_head ? params.lm_head->params.weight : params.model.embeddings.params.weight;
  }

  /// The same in 16 bits, where it is kept so.
  [[nodiscard]] const std::optional<Weight<T>>& kept_head() const {
    return params.lm_head ? params.lm_head->params.kept : params.model.embeddings.params.kept;
  }

  /// logits = x W^T.
  void apply_head(ConstMatrixRef<T> x, MatrixRef<T> logits, Pass pass = Pass::inference) const {
    if (kept_head())
      multiply_transposed<T>(x, *kept_head(), logits);
    else
      multiply_transposed<T>(x, head(), logits, pass);
  }

  void expect_layers(const State& state) const {
    expect(state.layers.size() == params.model.layers.size(), "state: expected that of ", params.model.layers.size(),
           " layers, got ", state.layers.size());
  }

  static Params make_params(const Config& config) {
    expect(config.num_hidden_layers > 0, "num_hidden_layers: expected at least 1, got ", config.num_hidden_layers);
    const Index D = config.block.mlp.hidden_size;
    const auto count = static_cast<std::size_t>(config.num_hidden_layers);
    expect(config.blocks.empty() || config.blocks.size() == count, "blocks: expected num_hidden_layers=", count, ", got ",
           config.blocks.size());
    Params params{{Embedding<T>({config.vocab_size, D, config.initializer_range}), {}, RMSNorm<T>(config.block.norm())}, {}};
    for (const auto& block : config.blocks) {
      expect(block.mlp.hidden_size == D, "blocks: expected the width D=", D, ", got ", block.mlp.hidden_size);
      params.model.layers.emplace_back(block);
    }
    if (config.blocks.empty()) params.model.layers.assign(count, Block(config.block));
    if (!config.tie_word_embeddings)
      params.lm_head.emplace(LinearConfig{D, config.vocab_size, false, config.initializer_range});
    return params;
  }
};

/// Keeps the weights of all linear maps and of the embedding in 16 bits, rounded to nearest: half the memory, for inference
/// alone. Norms, convolutions, decays and biases stay in T, and so do all sums.
template <Layer Mixer>
void keep_weights_in(Precision precision, LanguageModel<Mixer>& model) {
  using T = typename Mixer::Scalar;
  const auto keep = [&](const std::string&, auto& part) { keep_in(precision, part); };
  for_each_node<LinearParams<T>>(keep, model.params);
  for_each_node<EmbeddingParams<T>>(keep, model.params);
}

}  // namespace deltanet
