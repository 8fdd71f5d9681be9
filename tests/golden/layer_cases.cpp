#include "deltanet/io/checkpoint.hpp"
#include "deltanet/layers/delta_net.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/kimi_delta_attention.hpp"
#include "golden/case.hpp"
#include "support/compiled.hpp"

/// Cases of whole layers with their parameters: the output, whole and token by token.
namespace golden {
namespace {

constexpr double bound = 2e-5;  // the references are float32

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
  };
}

}  // namespace golden
