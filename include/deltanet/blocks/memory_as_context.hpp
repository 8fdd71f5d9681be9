#pragma once

#include "deltanet/blocks/gated_branches.hpp"
#include "deltanet/blocks/memory_segments.hpp"
#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/retrieval.hpp"

namespace deltanet {

/// Sizes and options of Titans' memory as context. The memory's hidden_size and attn's are the width D.
template <class MemoryConfig>
struct MemoryAsContextConfig {
  Index hidden_size = 2048;
  Index num_persistent_tokens = 4;
  /// Tokens of a segment: part of what the model means, C in the paper.
  Index segment_size = 64;
  MemoryConfig memory{};
  AttentionConfig attn{};  ///< without a window: it is over a segment
  double norm_eps = 1e-5;
  std::optional<double> initializer_range{};  ///< of o_proj, as in LinearConfig
};

template <RetrievableMemory Memory>
struct MemoryAsContextState {
  typename Memory::State memory;
  typename Memory::RetrievalState retrieval;        // the memory as it was where the segment began
  AttentionState<typename Memory::Scalar> segment;  // of the segment's tokens so far, each after what was retrieved for it

  static constexpr auto fields() {
    using S = MemoryAsContextState;
    return std::tuple{Field{"memory", &S::memory}, Field{"retrieval", &S::retrieval}, Field{"segment", &S::segment}};
  }
};

/// Titans' memory as context (MAC), arXiv 2501.00663, section 4.1: softmax attention within segments S^(t) of fixed size, that
/// sees beside them persistent tokens p and what a memory of all earlier segments answers; and the memory learns what attention
/// makes of it,
///
///   h = M*_{t-1}(S^(t))                    one retrieved token for each of the segment's                                (21)
///   y = norm(Attn([p | h | S^(t)]))        token i sees p, h_1 .. h_i, S_1 .. S_i; the rows of S^(t) go on        (22), (23)
///   M_i = M_{i-1} after y_i                token by token within the segment                                          (24)
///   o_i = y_i (x) M*_i(y_i)                                                                                           (25)
///
/// where (x) is that of gated_branches.hpp, whose attn_norm is the norm of y.
///
/// Taken literally the paper's equations let tokens see the future of their segment: (22) puts every h before all of S, though
/// h_j comes of token j, and (25) reads with a memory that has learnt the whole segment. Here h_j is seen from token j on, and
/// token i reads the memory after y_i. Retrieved tokens have the positions of those that asked. The memory's convolution of
/// queries has two streams, of which neither sees the other: the tokens in (21), y in (25). That y passes through its norm
/// before the memory is ours too.
///
/// [B, T, D] -> [B, T, D]. Runs a segment at a time, all sequences together; a step costs O(C) for attention and what the
/// memory does. A state given to `forward` counts as a constant: no gradient reaches the tokens before it.
template <RetrievableMemory Memory>
class MemoryAsContext {
 public:
  using Scalar = typename Memory::Scalar;
  using T = Scalar;
  using Config = MemoryAsContextConfig<typename Memory::Config>;
  using Params = GatedBranchesParams<Memory>;
  using State = MemoryAsContextState<Memory>;
  struct Cache {
    struct Segment {
      detail::MemorySegment tokens;
      typename Memory::RetrievalCache retrieval;
      Tensor<T, 3> h;  // [1, M, D]
      typename Attention<T>::Cache attn;
      typename RMSNorm<T>::Cache attn_norm;
      typename Memory::Cache memory;
    };
    std::vector<Segment> segments;
    typename RMSNorm<T>::Cache memory_norm;
    Tensor<T, 3> y, m;  // [B, T, D]: what gates each other
    typename Linear<T>::Cache o_proj;
    Index N = 0;
    bool from_initial = false;  // whether the memory began with the initial state
  };

  Config config;
  Params params;

  explicit MemoryAsContext(const Config& config_) : config(config_), params(gated_branches_params<Memory>(config_)) {
    expect(config.segment_size >= 1, "segment_size: expected at least 1, got ", config.segment_size);
    expect(!config.attn.window_size, "attn.window_size: expected none, attention being over a segment, got ",
           config.attn.window_size.value_or(0));
  }

  void initialize(Random& random) { initialize_gated_branches(params, random); }

  [[nodiscard]] State initial_state(Index N) const {
    return {params.memory.initial_state(N), params.memory.initial_retrieval_state(N), params.attn.initial_state(N)};
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    expect_shape("x", x, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    const auto cut = sequences.cut(x.shape[0], x.shape[1]);
    const auto N = static_cast<Index>(cut.size());
    State carried = state ? *state : initial_state(N);  // a copy: *state stays as it is if the memory throws
    const auto segments = detail::memory_segments(cut, positions(N, carried), config.segment_size);
    Tensor<T, 3> y(x.shape), m(x.shape);
    if (cache) {
      cache->segments.assign(segments.size(), {});
      cache->N = N;
      cache->from_initial = !state;
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
      typename Cache::Segment own;
      typename Cache::Segment& kept = cache ? cache->segments[i] : own;
      kept.tokens = segments[i];
      read(x, carried, cache != nullptr, kept, y, m);
    }
    m = params.memory_norm.forward(m, nullptr, cache ? &cache->memory_norm : nullptr);
    Tensor<T, 3> o = params.o_proj.forward(silu_product(y, m), nullptr, cache ? &cache->o_proj : nullptr);
    if (state) *state = std::move(carried);
    if (cache) {
      cache->y = std::move(y);
      cache->m = std::move(m);
    }
    return o;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  /// From the last segment to the first: the gradient by the memory runs through all of them.
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    Tensor<T, 3> dx(dy.shape), dy_gated, dm;
    silu_product_backward(cache.y, cache.m, params.o_proj.backward(cache.o_proj, dy, gradients.o_proj.params), dy_gated, dm);
    dm = params.memory_norm.backward(cache.memory_norm, dm, gradients.memory_norm.params);
    Matrix<T> dpersistent = Matrix<T>::Zero(config.num_persistent_tokens, config.hidden_size);
    State dstate = zeros_like(initial_state(cache.N));  // of its segment nothing is used
    for (std::size_t i = cache.segments.size(); i-- > 0;)
      read_backward(cache.segments[i], dy_gated, dm, dstate, dpersistent, gradients, dx);
    if (cache.from_initial) params.memory.initial_state_backward(dstate.memory, gradients.memory.params);
    if (gradients.persistent_tokens) *gradients.persistent_tokens += dpersistent;
    return dx;
  }

 private:
  /// How many tokens of its segment each sequence has read.
  [[nodiscard]] detail::PoolVector<Index> positions(Index N, const State& state) const {
    const auto found = static_cast<Index>(state.segment.sequences.size());
    expect(found == N, "state: expected that of N=", N, " sequences, got ", found);
    detail::PoolVector<Index> all;
    for (const AttentionRows<T>& rows : state.segment.sequences) {
      all.push_back(rows.k.tokens() / 2);
      expect(all.back() < config.segment_size, "state.segment: expected fewer tokens than segment_size=", config.segment_size,
             ", got ", all.back());
    }
    return all;
  }

  [[nodiscard]] AttentionContext<T> context(View<const T, 3> h) const {
    return {.persistent = view_of(params.persistent_tokens), .retrieved = h};
  }

  /// Some tokens of a segment of each sequence: fills their places in y and m [B, T, D].
  void read(View<const T, 3> x, State& state, bool caching, typename Cache::Segment& kept, Tensor<T, 3>& y,
            Tensor<T, 3>& m) const {
    const auto& [ranges, sequences, begins, ends] = kept.tokens;
    const Tensor<T, 3> tokens = detail::gather<T>(x, ranges);
    if (!begins.empty()) {
      const auto& contents = Memory::contents(state.memory);
      for (const Index n : begins) detail::copy_sequence(contents, n, state.retrieval.contents);
    }
    kept.h = params.memory.retrieve(tokens, state.retrieval, caching ? &kept.retrieval : nullptr, sequences);
    Tensor<T, 3> part = params.attn.attend(tokens, context(kept.h), &state.segment, caching ? &kept.attn : nullptr, sequences);
    part = params.attn_norm.forward(part, nullptr, caching ? &kept.attn_norm : nullptr);
    detail::scatter<T>(part, ranges, y);
    part = params.memory.forward(part, &state.memory, caching ? &kept.memory : nullptr, sequences);
    detail::scatter<T>(part, ranges, m);
    const TokenRows<T> none(params.attn.config.kv_heads(), params.attn.config.head_width());
    for (const Index n : ends) state.segment.sequences[static_cast<std::size_t>(n)] = {none, none};
  }

  // forward: contents = memory where the segment begins,   h = retrieve(x, contents),   y = norm(attend(x, h)),
  //          m, memory = memory(y)
  // so:      backwards, and by the memory where the segment begins: dmemory += dcontents
  void read_backward(const typename Cache::Segment& kept, const Tensor<T, 3>& dy, const Tensor<T, 3>& dm, State& dstate,
                     Matrix<T>& dpersistent, Params& gradients, Tensor<T, 3>& dx) const {
    const auto& [ranges, sequences, begins, ends] = kept.tokens;
    Tensor<T, 3> part =
        params.memory.backward(kept.memory, detail::gather<T>(dm, ranges), gradients.memory.params, &dstate.memory);
    detail::add_to(part, detail::gather<T>(dy, ranges));
    part = params.attn_norm.backward(kept.attn_norm, part, gradients.attn_norm.params);
    AttentionContextGradients<T> dcontext{std::move(dpersistent),
                                          zeros<T>(part.dimension(0), part.dimension(1), part.dimension(2))};
    part = params.attn.attend_backward(kept.attn, context(kept.h), part, gradients.attn.params, dcontext);
    dpersistent = std::move(dcontext.persistent);
    detail::add_to(
        part, params.memory.retrieve_backward(kept.retrieval, dcontext.retrieved, gradients.memory.params, &dstate.retrieval));
    for (const Index n : begins) detail::move_gradient(dstate.retrieval.contents, n, Memory::contents_gradient(dstate.memory));
    detail::scatter<T>(part, ranges, dx);
  }
};

}  // namespace deltanet
