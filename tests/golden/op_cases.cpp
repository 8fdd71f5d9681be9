#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/chunked.hpp"
#include "deltanet/recurrence/sequential.hpp"
#include "golden/case.hpp"

/// Cases of single operators: every output and every gradient, sequential and chunked.
namespace golden {
namespace {

template <Real T>
double bound(const std::string& name) {
  if (std::is_same_v<T, double>) return 1e-9;
  return name == "dg" ? 1e-4 : 1e-5;
}

template <class Member, Real T>
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
  check_all("sequential", deltanet::sequential(in, options), deltanet::sequential_backward(in, cotangents, options));
  deltanet::ScanCache<T> cache;
  const auto result = deltanet::chunked(in, options, &cache);
  check_all("chunked", result, deltanet::chunked_backward(in, cache, cotangents, options));
  return deviations;
}

template <class Member>
Deviations run(const Case& c) {
  return {{"double", run_member<Member, double>(c)}, {"float", run_member<Member, float>(c)}};
}

}  // namespace

Handlers op_handlers() {
  return {
      {"delta_rule", run<deltanet::DeltaRule>},
      {"gated_delta_rule", run<deltanet::GatedDeltaRule>},
      {"gated_delta_rule_negative_eigenvalues", run<deltanet::GatedDeltaRule>},
      {"gated_delta_rule_strong_decay", run<deltanet::GatedDeltaRule>},
  };
}

}  // namespace golden
