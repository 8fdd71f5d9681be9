#pragma once

#include "deltanet/core/zeros.hpp"
#include "deltanet/layers/delta_branch.hpp"
#include "deltanet/layers/rms_norm.hpp"
#include "deltanet/layers/rotary.hpp"
#include "deltanet/layers/sigmoid_gate.hpp"
#include "deltanet/layers/softmax_attention.hpp"
#include "deltanet/layers/token_rows.hpp"

namespace deltanet {

/// What an RMS norm of queries and keys is over, before they are turned.
enum class AttentionNorm {
  none,
  head,       ///< each head, with one weight [K] for all: Qwen3's
  projection  ///< all heads at once, with a weight [H K]: OLMo's
};

/// Sizes and options of softmax attention. Names and defaults are flash-linear-attention's Attention's where it has them.
struct AttentionConfig {
  Index hidden_size = 2048;
  Index num_heads = 32;
  std::optional<Index> num_kv_heads{};  ///< a divisor of num_heads; num_heads where absent
  std::optional<Index> head_dim{};      ///< hidden_size / num_heads where absent
  bool attention_bias = false;          ///< of all projections
  bool use_gate = false;                ///< the read-outs are multiplied by sigmoid(g_proj x)
  AttentionNorm qk_norm = AttentionNorm::none;
  bool zero_centered_norm = false;  ///< as in RMSNormConfig
  double norm_eps = 1e-5;
  std::optional<double> rope_theta = 10000;  ///< no positions where absent
  std::optional<Index> rotary_dim{};         ///< as in RotaryConfig; the whole head where absent
  std::optional<Index> window_size{};        ///< a token sees so many tokens, itself included; all where absent
  std::optional<double> initializer_range{};

  [[nodiscard]] Index kv_heads() const { return num_kv_heads.value_or(num_heads); }
  [[nodiscard]] Index head_width() const { return head_dim.value_or(hidden_size / num_heads); }
  [[nodiscard]] Index query_dim() const { return num_heads * head_width(); }
  [[nodiscard]] Index key_dim() const { return kv_heads() * head_width(); }
  [[nodiscard]] RotaryConfig rotary() const {
    return {.theta = rope_theta.value_or(1), .dim = rope_theta ? rotary_dim.value_or(head_width()) : 0};
  }
};

/// Tokens that attention sees beside its own, as keys and values: they ask nothing.
template <Real T>
struct AttentionContext {
  View<const T, 2> persistent{};  // [P, D]: seen by all tokens of all sequences, whatever the window; without a position
  View<const T, 3> retrieved{};   // [B, T, D]: one a token, at its position, seen by the tokens that see it

  [[nodiscard]] Index keys_per_token() const { return retrieved.absent() ? 1 : 2; }
};

/// Gradients by a context; added to.
template <Real T>
struct AttentionContextGradients {
  Matrix<T> persistent;    // [P, D]
  Tensor<T, 3> retrieved;  // [B, T, D]
};

template <Real T>
struct AttentionParams {
  LinearParams<T> q_proj;                          // weight [H K, D]
  LinearParams<T> k_proj, v_proj;                  // weight [HKV K, D]
  std::optional<LinearParams<T>> g_proj;           // weight [H K, D]
  std::optional<RMSNormParams<T>> q_norm, k_norm;  // weight [K], or [H K] and [HKV K]
  LinearParams<T> o_proj;                          // weight [D, H K]

  static constexpr auto fields() {
    using P = AttentionParams;
    return std::tuple{Field{"q_proj", &P::q_proj}, Field{"k_proj", &P::k_proj}, Field{"v_proj", &P::v_proj},
                      Field{"g_proj", &P::g_proj}, Field{"q_norm", &P::q_norm}, Field{"k_norm", &P::k_norm},
                      Field{"o_proj", &P::o_proj}};
  }
};

/// The keys, turned, and values of the tokens so far of one sequence; of the last ones where there is a window. With a context
/// that has retrieved tokens, each comes before the token at its place.
template <Real T>
struct AttentionRows {
  TokenRows<T> k, v;                        // [S, HKV, K]; [2 S, HKV, K] with retrieved tokens
  Vector<T> position = Vector<T>::Zero(1);  // of the first of them

  static constexpr auto fields() {
    using R = AttentionRows;
    return std::tuple{Field{"k", &R::k}, Field{"v", &R::v}, Field{"position", &R::position}};
  }

  [[nodiscard]] Index first_position() const { return static_cast<Index>(position[0]); }
};

/// Those of each sequence.
template <Real T>
struct AttentionState {
  detail::PoolVector<AttentionRows<T>> sequences;  // [N]

  static constexpr auto fields() { return std::tuple{Field{"sequences", &AttentionState::sequences}}; }
};

/// Causal softmax attention with grouped query heads, as in flash-linear-attention's Attention and in transformers:
///
///   q, k, v = rotate(norm(q_proj x)), rotate(norm(k_proj x)), v_proj x
///   o_t = sum over s <= t of softmax(K^-0.5 q_t^T k_s) v_s      (query head h reads key head h / (H / HKV))
///   y = o_proj(o sigmoid(g_proj x))                             (the gate where use_gate)
///
/// [B, T, D] -> [B, T, D]. A step costs O(S H K) for S tokens so far. A state given to `forward` counts as a constant: no
/// gradient reaches the tokens before it. `attend` is `forward` with more to see, an AttentionContext, which must be of the
/// same kind in every call with a state.
template <Real T>
class Attention {
 public:
  using Scalar = T;
  using Config = AttentionConfig;
  using Params = AttentionParams<T>;
  using State = AttentionState<T>;
  struct Cache {
    Tensor<T, 3> x;               // [B, T, D]
    Tensor<T, 3> q_proj, k_proj;  // [B T, H, K], [n B T, HKV, K]: before norm and rotation
    Tensor<T, 3> q;               // [B T, H, K]
    AttentionState<T> rows;       // what the queries saw
    struct {
      Tensor<T, 3> q;             // [B T, H, K]: before rotation
      Tensor<T, 3> k_proj, k, v;  // [P, HKV, K]
    } persistent;
    Sequences sequences;            // how the tokens are cut
    AttentionOutputs<T> attention;  // o and lse
    Matrix<T> gate;                 // [B T, H K]: sigmoid(g_proj x)
    Matrix<T> gated;                // [B T, H K]: what o_proj reads
  };

  Config config;
  Params params;

  explicit Attention(const Config& config_) : config(checked(config_)) {
    const auto projection = [&](Index in, Index out) {
      return linear_params<T>({.in_features = in, .out_features = out, .bias = config.attention_bias});
    };
    params.q_proj = projection(config.hidden_size, config.query_dim());
    params.k_proj = projection(config.hidden_size, config.key_dim());
    params.v_proj = projection(config.hidden_size, config.key_dim());
    if (config.use_gate) params.g_proj = projection(config.hidden_size, config.query_dim());
    params.o_proj = projection(config.query_dim(), config.hidden_size);
    if (config.qk_norm == AttentionNorm::none) return;
    const bool head = config.qk_norm == AttentionNorm::head;
    params.q_norm.emplace().weight.resize(head ? config.head_width() : config.query_dim());
    params.k_norm.emplace().weight.resize(head ? config.head_width() : config.key_dim());
    reset_norms();
  }

  void initialize(Random& random) {
    const FlushToZero flush;
    for (auto* projection : {&params.q_proj, &params.k_proj, &params.v_proj, &params.o_proj})
      initialize_linear(*projection, config.initializer_range, random);
    if (params.g_proj) initialize_linear(*params.g_proj, config.initializer_range, random);
    reset_norms();
  }

  [[nodiscard]] State initial_state(Index N) const {
    const TokenRows<T> none(config.kv_heads(), config.head_width());
    return {detail::PoolVector<AttentionRows<T>>(static_cast<std::size_t>(N), AttentionRows<T>{none, none})};
  }

  Tensor<T, 3> forward(View<const T, 3> x, State* state = nullptr, Cache* cache = nullptr,
                       const Sequences& sequences = {}) const {
    const FlushToZero flush;
    return attend(x, {}, state, cache, sequences);
  }

  Tensor<T, 3> attend(View<const T, 3> x, const AttentionContext<T>& context, State* state = nullptr, Cache* cache = nullptr,
                      const Sequences& sequences = {}) const {
    const Index B = x.shape[0], length = x.shape[1], H = config.num_heads, HKV = config.kv_heads(), K = config.head_width();
    const Index n = context.keys_per_token();
    expect_shape("x", x, {{"B", B}, {"T", length}, {"D", config.hidden_size}});
    expect_context(x, context);
    const auto cut = sequences.cut(B, length);
    if (state) expect_state(static_cast<Index>(cut.size()), *state, n);
    const Pass pass = pass_of(cache);
    Cache own;
    Cache& kept = cache ? *cache : own;
    if (cache) detail::keep(x, cache->x);
    State from_start = state ? State() : initial_state(static_cast<Index>(cut.size()));
    detail::PoolVector<AttentionRows<T>>& rows_so_far = (state ? *state : from_start).sequences;

    const Tensor<T, 3> pairs = with_retrieved(context, x);
    const View<const T, 3> seen = n == 1 ? x : View<const T, 3>(pairs);  // [B, n T, D]
    kept.q_proj = projected(params.q_proj, x, H, pass);
    kept.k_proj = projected(params.k_proj, seen, HKV, pass);
    kept.q = normed(params.q_norm, kept.q_proj);
    Tensor<T, 3> k = normed(params.k_norm, kept.k_proj);
    const Tensor<T, 3> v = projected(params.v_proj, seen, HKV, pass);
    kept.persistent = {};
    if (!context.persistent.absent()) {
      const View<const T, 3> tokens = as_tokens(context.persistent);
      kept.persistent.q = kept.q;
      kept.persistent.k_proj = projected(params.k_proj, tokens, HKV, pass);
      kept.persistent.k = normed(params.k_norm, kept.persistent.k_proj);
      kept.persistent.v = projected(params.v_proj, tokens, HKV, pass);
    }
    const Rotation<T> rotation(config.rotary(), positions(rows_so_far, cut, n));
    rotation.apply(kept.q);
    rotation.apply(keys_of_tokens(k, n));
    for (std::size_t i = 0; i < cut.size(); ++i) {
      rows_so_far[i].k.append(k.data() + n * cut[i].begin * HKV * K, n * cut[i].tokens());
      rows_so_far[i].v.append(v.data() + n * cut[i].begin * HKV * K, n * cut[i].tokens());
    }
    kept.attention = softmax_attention(inputs(kept, rows_so_far, cut, n));
    if (cache) {
      cache->rows.sequences = rows_so_far;
      cache->sequences = sequences;
    }
    if (state)
      for (AttentionRows<T>& sequence : rows_so_far) forget_beyond_window(sequence);

    kept.gated = MatrixMap<const T>(kept.attention.o.data(), B * length, H * K);
    if (params.g_proj) {
      kept.gate.resize(B * length, H * K);
      sigmoid_gate<T>(*params.g_proj, 1, x.rows(), MatrixMap<T>(kept.gate.data(), B * length, H * K), pass);
      kept.gated.array() *= kept.gate.array();
    }
    Tensor<T, 3> y(x.shape);
    linear<T>(params.o_proj, kept.gated, rows(y), pass);
    return y;
  }

  Tensor<T, 2> step(View<const T, 2> x, State& state) const { return detail::step_by_forward(*this, x, state); }

  // forward: gated = o gate,   y = o_proj gated
  // so:      do = dgated gate,   dgate = dgated o;   and back through attention, rotation, norms and projections
  Tensor<T, 3> backward(const Cache& cache, View<const T, 3> dy, Params& gradients) const {
    const FlushToZero flush;
    AttentionContextGradients<T> none;
    return attend_backward(cache, {}, dy, gradients, none);
  }

  /// The gradients of `attend`: adds to those of the context too.
  Tensor<T, 3> attend_backward(const Cache& cache, const AttentionContext<T>& context, View<const T, 3> dy, Params& gradients,
                               AttentionContextGradients<T>& dcontext) const {
    const View<const T, 3> x = cache.x;
    const Index B = x.shape[0], length = x.shape[1], width = config.query_dim(), n = context.keys_per_token();
    expect_shape("dy", dy, {{"B", B}, {"T", length}, {"D", x.shape[2]}});
    Tensor<T, 3> dx = zeros<T>(B, length, x.shape[2]);
    Tensor<T, 3> d_o(cache.q.dimensions());
    d_o.setZero();
    MatrixMap<T> dgated(d_o.data(), B * length, width);
    linear_backward<T>(params.o_proj, cache.gated, dy.rows(), dgated, gradients.o_proj);
    if (params.g_proj) {
      Matrix<T> dgate = dgated.cwiseProduct(MatrixMap<const T>(cache.attention.o.data(), B * length, width));
      dgated.array() *= cache.gate.array();
      sigmoid_gate_backward<T>(*params.g_proj, 1, x.rows(), MatrixMap<const T>(cache.gate.data(), B * length, width),
                               MatrixMap<T>(dgate.data(), B * length, width), rows(dx), *gradients.g_proj);
    }
    const auto cut = cache.sequences.cut(B, length);
    AttentionGradients<T> d =
        softmax_attention_backward(inputs(cache, cache.rows.sequences, cut, n), config.kv_heads(), cache.attention, d_o);
    const Rotation<T> rotation(config.rotary(), positions(cache.rows.sequences, cut, n, true));
    rotation.apply_inverse(d.q);
    rotation.apply_inverse(keys_of_tokens(d.k, n));
    if (!context.persistent.absent()) {
      detail::add_to<T>(d.q, d.prefix_q);
      norm_backward(params.k_norm, cache.persistent.k_proj, d.prefix_k, gradients.k_norm);
      const View<const T, 3> tokens = as_tokens(context.persistent);
      projection_backward(params.k_proj, tokens, d.prefix_k, dcontext.persistent, gradients.k_proj);
      projection_backward(params.v_proj, tokens, d.prefix_v, dcontext.persistent, gradients.v_proj);
    }
    norm_backward(params.q_norm, cache.q_proj, d.q, gradients.q_norm);
    norm_backward(params.k_norm, cache.k_proj, d.k, gradients.k_norm);
    projection_backward(params.q_proj, x, d.q, rows(dx), gradients.q_proj);
    if (n == 1) {
      projection_backward(params.k_proj, x, d.k, rows(dx), gradients.k_proj);
      projection_backward(params.v_proj, x, d.v, rows(dx), gradients.v_proj);
      return dx;
    }
    const Tensor<T, 3> pairs = with_retrieved(context, x);
    Tensor<T, 3> dpairs = zeros<T>(B, n * length, x.shape[2]);
    projection_backward(params.k_proj, pairs, d.k, rows(dpairs), gradients.k_proj);
    projection_backward(params.v_proj, pairs, d.v, rows(dpairs), gradients.v_proj);
    const MatrixMap<const T> both(dpairs.data(), B * length, n * x.shape[2]);
    rows(dcontext.retrieved) += both.leftCols(x.shape[2]);
    rows(dx) += both.rightCols(x.shape[2]);
    return dx;
  }

 private:
  static const Config& checked(const Config& config) {
    expect(config.num_heads > 0, "num_heads: expected at least 1, got ", config.num_heads);
    expect(config.kv_heads() > 0 && config.num_heads % config.kv_heads() == 0,
           "num_kv_heads: expected a divisor of num_heads=", config.num_heads, ", got ", config.kv_heads());
    expect(config.head_width() > 0, "head_dim: expected at least 1, got ", config.head_width());
    expect(config.norm_eps > 0, "norm_eps: expected more than 0, got ", config.norm_eps);
    expect(!config.rope_theta || *config.rope_theta > 0, "rope_theta: expected more than 0, got ",
           config.rope_theta.value_or(1));
    const Index turned = config.rotary().dim;
    expect(turned >= 0 && turned <= config.head_width() && turned % 2 == 0,
           "rotary_dim: expected an even number in [0, head_dim=", config.head_width(), "], got ", turned);
    expect(config.window_size.value_or(1) > 0, "window_size: expected at least 1, got ", config.window_size.value_or(1));
    return config;
  }

  void reset_norms() {
    for (auto* norm : {&params.q_norm, &params.k_norm})
      if (*norm) (*norm)->weight.setConstant(config.zero_centered_norm ? T(0) : T(1));
  }

  void expect_context(View<const T, 3> x, const AttentionContext<T>& context) const {
    if (!context.persistent.absent())
      expect_shape("persistent", context.persistent, {{"P", context.persistent.shape[0]}, {"D", config.hidden_size}});
    if (context.retrieved.absent()) return;
    expect_shape("retrieved", context.retrieved, {{"B", x.shape[0]}, {"T", x.shape[1]}, {"D", config.hidden_size}});
    expect(!config.window_size, "window_size: expected none beside retrieved tokens, got ", config.window_size.value_or(0));
  }

  void expect_state(Index N, const State& state, Index keys_per_token) const {
    const auto found = static_cast<Index>(state.sequences.size());
    expect(found == N, "state: expected that of N=", N, " sequences, got ", found);
    for (const auto& [k, v, position] : state.sequences) {
      expect(position.size() == 1, "position: expected one, got ", position.size());
      expect(k.tokens() % keys_per_token == 0, "k: expected ", keys_per_token, " keys a token, got ", k.tokens(), " in all");
      for (const auto& [name, tokens] : {std::pair{"k", &k}, std::pair{"v", &v}})
        expect_shape(name, std::as_const(*tokens).view(),
                     {{"S", k.tokens()}, {"HKV", config.kv_heads()}, {"K", config.head_width()}});
    }
  }

  /// Where each token stands, after those in the rows, or the last of them where they are `included`.
  static detail::PoolVector<Index> positions(const detail::PoolVector<AttentionRows<T>>& rows_so_far,
                                             const detail::PoolVector<detail::Sequence>& cut, Index keys_per_token,
                                             bool included = false) {
    detail::PoolVector<Index> all;
    for (std::size_t n = 0; n < cut.size(); ++n) {
      const AttentionRows<T>& rows = rows_so_far[n];
      const Index before = rows.first_position() + rows.k.tokens() / keys_per_token - (included ? cut[n].tokens() : 0);
      for (Index t = 0; t < cut[n].tokens(); ++t) all.push_back(before + t);
    }
    return all;
  }

  /// The keys of a token as one token with more heads, which a rotation turns alike: [n M, HKV, K] -> [M, n HKV, K].
  static View<T, 3> keys_of_tokens(Tensor<T, 3>& k, Index keys_per_token) {
    return {k.data(), {k.dimension(0) / keys_per_token, keys_per_token * k.dimension(1), k.dimension(2)}};
  }
  static View<const T, 3> as_tokens(View<const T, 2> x) { return {x.data, {1, x.shape[0], x.shape[1]}}; }

  /// Each retrieved token and then the token at its place, [B, 2 T, D]; empty where none were retrieved.
  static Tensor<T, 3> with_retrieved(const AttentionContext<T>& context, View<const T, 3> x) {
    if (context.retrieved.absent()) return {};
    const Index D = x.shape[2];
    Tensor<T, 3> pairs(x.shape[0], 2 * x.shape[1], D);
    MatrixMap<T> both(pairs.data(), x.shape[0] * x.shape[1], 2 * D);
    both.leftCols(D) = context.retrieved.rows();
    both.rightCols(D) = x.rows();
    return pairs;
  }

  /// projection x as heads: [B, T, D] -> [B T, heads, K].
  static Tensor<T, 3> projected(const LinearParams<T>& projection, View<const T, 3> x, Index heads, Pass pass) {
    const Index width = projection.out_features(), tokens = x.shape[0] * x.shape[1];
    Tensor<T, 3> z(tokens, heads, width / heads);
    linear<T>(projection, x.rows(), MatrixMap<T>(z.data(), tokens, width), pass);
    return z;
  }

  /// The gradients of `projected`, given that by z: added to.
  static void projection_backward(const LinearParams<T>& projection, View<const T, 3> x, const Tensor<T, 3>& dz,
                                  MatrixRef<T> dx, LinearParams<T>& gradients) {
    const Index width = projection.out_features();
    linear_backward<T>(projection, x.rows(), MatrixMap<const T>(dz.data(), dz.size() / width, width), dx, gradients);
  }

  /// The rows that a norm is over: heads or all heads at once, as wide as its weight.
  template <class Entries>
  static auto rows_of(const RMSNormParams<T>& norm, Entries* entries, Index size) {
    return MatrixMap<Entries>(entries, size / norm.weight.size(), norm.weight.size());
  }
  [[nodiscard]] T norm_center() const { return config.zero_centered_norm ? T(1) : T(0); }

  Tensor<T, 3> normed(const std::optional<RMSNormParams<T>>& norm, const Tensor<T, 3>& z) const {
    if (!norm) return z;
    Tensor<T, 3> y(z.dimensions());
    rms_norm<T>(*norm, config.norm_eps, rows_of(*norm, z.data(), z.size()), rows_of(*norm, y.data(), y.size()), norm_center());
    return y;
  }
  /// d is the gradient by what `normed` returns before, and by z after.
  void norm_backward(const std::optional<RMSNormParams<T>>& norm, const Tensor<T, 3>& z, Tensor<T, 3>& d,
                     std::optional<RMSNormParams<T>>& gradients) const {
    if (!norm) return;
    const auto dz = rows_of(*norm, d.data(), d.size());
    rms_norm_backward<T>(*norm, config.norm_eps, rows_of(*norm, z.data(), z.size()), dz, dz, *gradients, norm_center());
  }

  [[nodiscard]] AttentionInputs<T> inputs(const Cache& cache, const detail::PoolVector<AttentionRows<T>>& rows_so_far,
                                          const detail::PoolVector<detail::Sequence>& cut, Index keys_per_token) const {
    AttentionInputs<T> in{.q = cache.q, .sequences = {}, .keys_per_token = keys_per_token};
    for (std::size_t n = 0; n < cut.size(); ++n)
      in.sequences.push_back(
          {cut[n].tokens(), rows_so_far[n].k.view(), rows_so_far[n].v.view(), rows_so_far[n].first_position()});
    if (config.window_size) in.window = *config.window_size;
    if (cache.persistent.k.size() > 0) in.prefix = {cache.persistent.q, cache.persistent.k, cache.persistent.v};
    return in;
  }

  /// Once there are twice the window, the tokens that no later one sees are dropped. After millions of tokens the keys are
  /// turned to places that begin at 0 again, which is all the same to them but for rounding.
  void forget_beyond_window(AttentionRows<T>& sequence) const {
    constexpr Index last = Index(1) << 22;  // a float still has all positions
    const Index tokens = sequence.k.tokens();
    if (!config.window_size || tokens < 2 * *config.window_size) return;
    const Index left = *config.window_size - 1, dropped = tokens - left;
    sequence.k.drop(dropped);
    sequence.v.drop(dropped);
    const Index position = sequence.first_position() + dropped;
    sequence.position[0] = position < last ? static_cast<T>(position) : T(0);
    if (position < last) return;
    Rotation<T>(config.rotary(), detail::PoolVector<Index>(static_cast<std::size_t>(left), -position)).apply(sequence.k.view());
  }
};

static_assert(Layer<Attention<float>>);

}  // namespace deltanet
