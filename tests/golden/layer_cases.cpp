#include "deltanet/io/checkpoint.hpp"
#include "deltanet/io/huggingface_names.hpp"
#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/kimi_delta_attention.hpp"
#include "golden/case.hpp"
#include "support/compiled.hpp"

/// Cases of whole layers with their parameters: the output, whole and token by token; of Hugging Face's layers the gradients
/// too.
namespace golden {
namespace {

using deltanet::NameMap;

constexpr double bound = 2e-5;  // flash-linear-attention's references are float32
/// Of Hugging Face's, which are float64.
template <Real T>
constexpr double exact_bound = std::is_same_v<T, double> ? 1e-9 : 1e-5;

/// The options of a case, each to be taken once; what is not named keeps its default.
class Options {
 public:
  explicit Options(const Case& c) : left_(c.config) {}

  template <class Value>
  void take(const std::string& name, Value& option) {
    if (left_.contains(name)) option = left_.at(name).get<Value>();
    left_.erase(name);
  }
  template <class Value>
  void take(const std::string& name, std::optional<Value>& option) {
    if (left_.contains(name) && !left_.at(name).is_null()) option = left_.at(name).get<Value>();
    left_.erase(name);
  }
  template <class Choice>
  void take(const std::string& name, Choice& option, const std::map<std::string, Choice>& choices) {
    if (left_.contains(name)) option = choices.at(left_.at(name).get<std::string>());
    left_.erase(name);
  }
  /// Throws if the case names an option that was not taken.
  void finish() const { deltanet::expect(left_.empty(), "config: expected options of the layer, got ", left_.dump()); }

 private:
  nlohmann::json left_;
};

void take_all(Options& options, deltanet::DeltaNetConfig& config) {
  using deltanet::FeatureMap, deltanet::QKNorm;
  options.take("hidden_size", config.hidden_size);
  options.take("num_heads", config.num_heads);
  options.take("expand_k", config.expand_k);
  options.take("expand_v", config.expand_v);
  options.take("use_beta", config.use_beta);
  options.take("use_gate", config.use_gate);
  options.take("use_short_conv", config.use_short_conv);
  options.take("conv_size", config.conv_size);
  options.take("conv_bias", config.conv_bias);
  options.take("allow_neg_eigval", config.allow_neg_eigval);
  options.take(
      "qk_activation", config.qk_activation,
      {{"silu", FeatureMap::silu}, {"relu", FeatureMap::relu}, {"elu", FeatureMap::elu}, {"identity", FeatureMap::identity}});
  options.take("qk_norm", config.qk_norm, {{"l2", QKNorm::l2}, {"sum", QKNorm::sum}});
  options.take("norm_eps", config.norm_eps);
}

void take_all(Options& options, deltanet::GatedDeltaNetConfig& config) {
  options.take("hidden_size", config.hidden_size);
  options.take("expand_v", config.expand_v);
  options.take("head_dim", config.head_dim);
  options.take("num_heads", config.num_heads);
  options.take("num_v_heads", config.num_v_heads);
  options.take("use_gate", config.use_gate);
  options.take("use_short_conv", config.use_short_conv);
  options.take("allow_neg_eigval", config.allow_neg_eigval);
  options.take("conv_size", config.conv_size);
  options.take("conv_bias", config.conv_bias);
  options.take("norm_eps", config.norm_eps);
}

void take_all(Options& options, deltanet::KimiDeltaAttentionConfig& config) {
  options.take("hidden_size", config.hidden_size);
  options.take("expand_v", config.expand_v);
  options.take("head_dim", config.head_dim);
  options.take("num_heads", config.num_heads);
  options.take("num_v_heads", config.num_v_heads);
  options.take("use_short_conv", config.use_short_conv);
  options.take("allow_neg_eigval", config.allow_neg_eigval);
  options.take("safe_gate", config.safe_gate);
  options.take("lower_bound", config.lower_bound);
  options.take("conv_size", config.conv_size);
  options.take("conv_bias", config.conv_bias);
  options.take("norm_eps", config.norm_eps);
}

template <class Layer>
Tensor<typename Layer::Scalar, 3> token_by_token(const Layer& layer, const Tensor<typename Layer::Scalar, 3>& x) {
  using T = typename Layer::Scalar;
  auto state = layer.initial_state(x.dimension(0));
  Tensor<T, 3> y(x.dimensions());
  for (Index t = 0; t < x.dimension(1); ++t) {
    const Tensor<T, 2> token = x.chip(t, 1);
    y.chip(t, 1) = layer.step(token, state);
  }
  return y;
}

template <class Layer>
std::vector<Deviation> run_layer(const Case& c) {
  typename Layer::Config config;
  Options options(c);
  take_all(options, config);
  options.finish();
  Layer layer(config);
  deltanet::load_parameters(c.file, layer.params, "param", deltanet::Conversion::allowed);
  const auto x = c.file.tensor<typename Layer::Scalar, 3>("x");
  return {compare(c, "forward", "y", layer.forward(x), bound), compare(c, "step", "y", token_by_token(layer, x), bound)};
}

template <class InDouble, class InFloat>
Deviations run(const Case& c) {
  return {{"double", run_layer<InDouble>(c)}, {"float", run_layer<InFloat>(c)}};
}

/// The sizes that the configurations of Hugging Face's layers give.
struct HuggingFaceSizes {
  Index hidden_size, num_heads, num_v_heads, head_k_dim, head_v_dim, conv_size;

  [[nodiscard]] double expand_v() const { return static_cast<double>(head_v_dim) / static_cast<double>(head_k_dim); }
};

deltanet::GatedDeltaNetConfig gated_delta_net_config(const nlohmann::json& config) {
  const HuggingFaceSizes sizes{
      config.at("hidden_size"),         config.at("linear_num_key_heads"),  config.at("linear_num_value_heads"),
      config.at("linear_key_head_dim"), config.at("linear_value_head_dim"), config.at("linear_conv_kernel_dim")};
  return {.hidden_size = sizes.hidden_size,
          .expand_v = sizes.expand_v(),
          .head_dim = sizes.head_k_dim,
          .num_heads = sizes.num_heads,
          .num_v_heads = sizes.num_v_heads,
          .allow_neg_eigval = config.value("linear_allow_neg_eigval", false),
          .conv_size = sizes.conv_size,
          .norm_eps = config.at("rms_norm_eps")};
}

/// Runs a layer by the names of Hugging Face's: output, gradient by the input, gradients of all parameters.
template <class Layer>
std::vector<Deviation> run_renamed(const Case& c, const typename Layer::Config& config, NameMap names) {
  using T = typename Layer::Scalar;
  Layer layer(config);
  deltanet::load_renamed<T>(c.file, layer.params, names, {.prefix = "param", .conversion = deltanet::Conversion::allowed});
  const auto x = c.file.tensor<T, 3>("x"), dy = c.file.tensor<T, 3>("dy");
  typename Layer::Cache cache;
  auto gradients = deltanet::zeros_like(layer.params);
  std::vector<Deviation> deviations{compare(c, "forward", "y", layer.forward(x, nullptr, &cache), exact_bound<T>),
                                    compare(c, "step", "y", token_by_token(layer, x), exact_bound<T>),
                                    compare(c, "backward", "dx", layer.backward(cache, dy, gradients), exact_bound<T>)};
  const auto not_there = [&](const std::string& name) { return !c.file.tensors().contains("grad." + name); };
  std::erase_if(names, [&](const auto& rule) { return std::ranges::any_of(rule.theirs, not_there); });  // another spelling
  for (const auto& [name, shape, entries] : deltanet::renamed_tensors<T>(gradients, names)) {
    deltanet::expect(c.file.entry("grad." + name).shape == shape, "grad.", name, ": expected ",
                     deltanet::detail::shape_text(c.file.entry("grad." + name).shape), ", got ",
                     deltanet::detail::shape_text(shape));
    deviations.push_back(compare_entries<T>(c, "backward", "grad." + name, entries, exact_bound<T>));
  }
  return deviations;
}

/// A handler of Hugging Face's variants of GatedDeltaNet. `norm_eps` is the output norm's where it is not the model's.
template <class Names>
Handler gated_delta_net_of(const Names& names_of, std::optional<double> norm_eps = {}) {
  return [=](const Case& c) -> Deviations {
    auto config = gated_delta_net_config(c.config);
    if (norm_eps) config.norm_eps = *norm_eps;
    const NameMap names = names_of(config.num_heads);
    return {{"double", run_renamed<deltanet::GatedDeltaNet<double>>(c, config, names)},
            {"float", run_renamed<deltanet::GatedDeltaNet<float>>(c, config, names)}};
  };
}

Deviations kimi_delta_attention_of(const Case& c) {
  const deltanet::KimiDeltaAttentionConfig config{.hidden_size = c.config.at("hidden_size"),
                                                  .head_dim = c.config.at("linear_head_dim"),
                                                  .num_heads = c.config.at("linear_num_heads"),
                                                  .conv_size = c.config.at("linear_conv_kernel_dim"),
                                                  .gate_bias = false,
                                                  .norm_eps = c.config.at("rms_norm_eps")};
  const NameMap names = deltanet::kimi_names(config.num_heads);
  return {{"double", run_renamed<deltanet::KimiDeltaAttention<double>>(c, config, names)},
          {"float", run_renamed<deltanet::KimiDeltaAttention<float>>(c, config, names)}};
}

}  // namespace

Handlers layer_handlers() {
  const auto delta_net = run<deltanet::DeltaNet<double>, deltanet::DeltaNet<float>>;
  const auto gated_delta_net = run<deltanet::GatedDeltaNet<double>, deltanet::GatedDeltaNet<float>>;
  const auto kimi_delta_attention = run<deltanet::KimiDeltaAttention<double>, deltanet::KimiDeltaAttention<float>>;
  return {
      {"fla_delta_net", delta_net},
      {"fla_delta_net_gated_output", delta_net},
      {"fla_gated_deltanet", gated_delta_net},
      {"fla_gated_deltanet_grouped_value", gated_delta_net},
      {"fla_gated_deltanet_plain", gated_delta_net},
      {"fla_kimi_delta_attention", kimi_delta_attention},
      {"qwen3_next_gated_deltanet", gated_delta_net_of(deltanet::qwen3_next_names)},
      {"qwen3_5_gated_deltanet", gated_delta_net_of([](Index) { return deltanet::qwen3_5_names(); })},
      {"olmo_hybrid_gated_deltanet", gated_delta_net_of([](Index) { return deltanet::olmo_hybrid_names(); }, 1e-5)},
      {"kimi_delta_attention", kimi_delta_attention_of},
  };
}

}  // namespace golden
