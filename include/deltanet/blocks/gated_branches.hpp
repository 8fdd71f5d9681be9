#pragma once

#include "deltanet/blocks/memory_and_attention.hpp"
#include "deltanet/blocks/persistent_tokens.hpp"
#include "deltanet/blocks/silu_product.hpp"

/// What Titans' memory as context and memory as a gate are made of: attention and a memory that gate each other,
///
///   a (x) b = o_proj(silu(attn_norm(a)) (.) silu(memory_norm(b)))
///
/// with a learnt weight a channel in each norm, as the paper says of its non-linear gate (arXiv 2501.00663, section 4.2).
namespace deltanet {

template <Layer Memory>
struct GatedBranchesParams {
  using T = typename Memory::Scalar;
  std::optional<Matrix<T>> persistent_tokens;  // [P, D]
  Attention<T> attn;
  RMSNorm<T> attn_norm;
  Memory memory;
  RMSNorm<T> memory_norm;
  Linear<T> o_proj;

  static constexpr auto fields() {
    using P = GatedBranchesParams;
    return std::tuple{Field{"persistent_tokens", &P::persistent_tokens, no_weight_decay},
                      Field{"attn", &P::attn},
                      Field{"attn_norm", &P::attn_norm},
                      Field{"memory", &P::memory},
                      Field{"memory_norm", &P::memory_norm},
                      Field{"o_proj", &P::o_proj}};
  }
};

/// The parts that a Config describes. Throws unless they are of its width.
template <Layer Memory, class Config>
[[nodiscard]] GatedBranchesParams<Memory> gated_branches_params(const Config& config) {
  using T = typename Memory::Scalar;
  detail::expect_memory_and_attention_widths(config);
  const RMSNorm<T> norm({config.hidden_size, config.norm_eps});
  return {persistent_tokens<T>(config.num_persistent_tokens, config.hidden_size),
          Attention<T>(config.attn),
          norm,
          Memory(config.memory),
          norm,
          Linear<T>({config.hidden_size, config.hidden_size, false, config.initializer_range})};
}

template <Layer Memory>
void initialize_gated_branches(GatedBranchesParams<Memory>& params, Random& random) {
  initialize_persistent_tokens(params.persistent_tokens, random);
  params.attn.initialize(random);
  params.attn_norm.initialize(random);
  params.memory.initialize(random);
  params.memory_norm.initialize(random);
  params.o_proj.initialize(random);
}

}  // namespace deltanet
