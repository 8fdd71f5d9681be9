#include "deltanet/memory/comba.hpp"
#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/memory/erase_write.hpp"
#include "deltanet/memory/hebbian.hpp"
#include "deltanet/recurrence/delta_product.hpp"
#include "golden/case.hpp"
#include "support/compiled.hpp"

/// Cases of single operators: every output and every gradient, sequential and chunked.
namespace golden {
namespace {

template <Real T>
double bound(const std::string& name) {
  if (std::is_same_v<T, double>) return 1e-9;
  return name == "dg" ? 1e-4 : 1e-5;
}

/// The scans of a member, sequential and chunked with their gradients, as one operator of the references.
struct OneStep {
  template <class In, Real T = typename In::Scalar>
  static auto sequential(const Case&, const In& in, const deltanet::Cotangents<T>& d, const deltanet::ScanOptions<T>& options) {
    return std::pair{deltanet::sequential(in, options), deltanet::sequential_backward(in, d, options)};
  }
  template <class In, Real T = typename In::Scalar>
  static auto chunked(const Case&, const In& in, const deltanet::Cotangents<T>& d, const deltanet::ScanOptions<T>& options) {
    deltanet::ScanCache<T> cache;
    auto result = deltanet::chunked(in, options, &cache);
    return std::pair{std::move(result), deltanet::chunked_backward(in, cache, d, options)};
  }
};

/// The same with several delta steps a token.
struct ManySteps {
  template <class In, Real T = typename In::Scalar>
  static auto sequential(const Case& c, const In& in, const deltanet::Cotangents<T>& d,
                         const deltanet::ScanOptions<T>& options) {
    const auto n = c.config.at("num_householder").get<Index>();
    return std::pair{deltanet::sequential_delta_product(in, n, options),
                     deltanet::delta_product_backward(in, n, nullptr, d, options)};
  }
  template <class In, Real T = typename In::Scalar>
  static auto chunked(const Case& c, const In& in, const deltanet::Cotangents<T>& d, const deltanet::ScanOptions<T>& options) {
    const auto n = c.config.at("num_householder").get<Index>();
    deltanet::ScanCache<T> cache;
    auto result = deltanet::delta_product(in, n, options, &cache);
    return std::pair{std::move(result), deltanet::delta_product_backward(in, n, &cache, d, options)};
  }
};

template <class Member, class Scans, Real T>
std::vector<Deviation> run_member(const Case& c) {
  using Inputs = typename Member::template Inputs<T>;
  typename Member::template Gradients<T> tensors;  // the inputs' shapes and names, owning
  Inputs in;
  const auto read = [&]<int N>(const auto& field, Tensor<T, N>& tensor, View<const T, N>& view) {
    tensor = c.file.tensor<T, N>(std::string(field.name));
    view = tensor;
  };
  deltanet::for_each_input(read, tensors, in);
  const auto initial_state = c.file.tensor<T, 4>("initial_state");
  const auto do_ = c.file.tensor<T, 4>("do"), dfinal_state = c.file.tensor<T, 4>("dfinal_state");
  const deltanet::ScanOptions<T> options{.scale = c.config.at("scale").get<T>(), .initial_state = initial_state};
  const deltanet::Cotangents<T> cotangents{.o = do_, .final_state = dfinal_state};

  std::vector<Deviation> deviations;
  const auto check = [&](const char* way, const std::string& name, const auto& result) {
    deviations.push_back(compare(c, way, name, result, bound<T>(name)));
  };
  const auto check_all = [&](const char* way, const auto& result, const auto& gradients) {
    check(way, "o", result.o);
    check(way, "final_state", result.final_state);
    const auto check_input = [&](const auto& field, const auto& gradient) {
      check(way, "d" + std::string(field.name), gradient);
    };
    deltanet::for_each_input(check_input, gradients.inputs);
    check(way, "dinitial_state", gradients.initial_state);
  };
  const auto [sequential, sequential_gradients] = Scans::sequential(c, in, cotangents, options);
  check_all("sequential", sequential, sequential_gradients);
  const auto [chunked, chunked_gradients] = Scans::chunked(c, in, cotangents, options);
  check_all("chunked", chunked, chunked_gradients);
  return deviations;
}

template <class Member, class Scans = OneStep>
Deviations run(const Case& c) {
  return {{"double", run_member<Member, Scans, double>(c)}, {"float", run_member<Member, Scans, float>(c)}};
}

}  // namespace

Handlers op_handlers() {
  return {
      {"delta_rule", run<deltanet::DeltaRule>},
      {"delta_rule_value_gate", run<deltanet::Memory<deltanet::ChannelDelta, deltanet::NoDecay>>},
      {"gated_delta_rule", run<deltanet::GatedDeltaRule>},
      {"gated_delta_rule_negative_eigenvalues", run<deltanet::GatedDeltaRule>},
      {"gated_delta_rule_strong_decay", run<deltanet::GatedDeltaRule>},
      {"gated_delta_product", run<deltanet::GatedDeltaRule, ManySteps>},
      {"kda", run<deltanet::KimiDeltaRule>},
      {"kda_grouped_value", run<deltanet::KimiDeltaRule>},
      {"kda_strong_decay", run<deltanet::KimiDeltaRule>},
      {"gdn2", run<deltanet::GatedDeltaRule2>},
      {"comba", run<deltanet::DecayedCombaDeltaRule>},
      {"scalar_decay_linear_attention", run<deltanet::ScalarDecayRule>},
      {"gated_linear_attention", run<deltanet::GatedLinearAttentionRule>},
  };
}

}  // namespace golden
