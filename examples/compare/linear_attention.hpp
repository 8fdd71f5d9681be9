#pragma once

#include "deltanet/layers/delta_layer.hpp"
#include "deltanet/memory/hebbian.hpp"

namespace compare {

/// Sizes of linear attention, by the names of the delta-rule layers.
struct LinearAttentionConfig {
  deltanet::Index hidden_size = 0;
  deltanet::Index num_heads = 0;
  deltanet::Index head_dim = 0;  // K = V

  /// As a DeltaNet's, without write strengths, and with elu + 1 as the paper's feature map.
  [[nodiscard]] deltanet::DeltaInputsConfig inputs() const {
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .num_v_heads = num_heads,
            .head_k_dim = head_dim,
            .head_v_dim = head_dim,
            .use_beta = false,
            .qk_activation = deltanet::FeatureMap::elu,
            .qk_norm = deltanet::QKNorm::none};
  }
  [[nodiscard]] deltanet::DeltaOutputConfig output() const {
    return {.hidden_size = hidden_size, .num_v_heads = num_heads, .head_v_dim = head_dim};
  }
};

template <deltanet::Real T>
struct LinearAttentionParams : deltanet::DeltaInputsParams<T>, deltanet::DeltaOutputParams<T> {
  static constexpr auto fields() {
    return std::tuple_cat(deltanet::DeltaInputsParams<T>::fields(), deltanet::DeltaOutputParams<T>::fields());
  }
};

/// Linear attention, arXiv 2006.16236, in the clothes of a delta-rule layer, so that nothing but the rule of its memory
/// differs:
///
///   S_t = S_{t-1} + k_t v_t^T,   o_t = K^-0.5 S_t^T q_t,   q and k of elu + 1
///
/// The norm of the read-outs stands for the paper's normaliser. [B, T, D] -> [B, T, D].
template <deltanet::Real T>
class LinearAttention : public deltanet::DeltaLayer<LinearAttention<T>, T, deltanet::LinearAttentionRule, LinearAttentionConfig,
                                                    LinearAttentionParams<T>, deltanet::NoGatesCache> {
  using Base = deltanet::DeltaLayer<LinearAttention, T, deltanet::LinearAttentionRule, LinearAttentionConfig,
                                    LinearAttentionParams<T>, deltanet::NoGatesCache>;
  friend Base;

 public:
  using Base::config;
  using typename Base::Cache;

  explicit LinearAttention(const LinearAttentionConfig& config_) : Base(config_) {}

 private:
  [[nodiscard]] deltanet::LinearAttentionRule::Inputs<T> scan_inputs(const Cache& cache) const {
    const auto heads = [&](const auto& branch) { return deltanet::detail::as_heads<const T>(branch.out, config.num_heads); };
    return {.q = heads(cache.inputs.q), .k = heads(cache.inputs.k), .v = heads(cache.inputs.v)};
  }
};

static_assert(deltanet::Layer<LinearAttention<float>>);

}  // namespace compare
