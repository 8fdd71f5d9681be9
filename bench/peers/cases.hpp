#pragma once

#include "deltanet/memory/delta_rule.hpp"
#include "deltanet/recurrence/streamed.hpp"
#include "support/algorithms.hpp"
#include "support/inputs.hpp"

/// What deltanet and its rivals are given: cases of Gated DeltaNet in float32, and what each comes to.
namespace deltanet::bench {

using Rule = GatedDeltaRule;

/// The largest relative error of a contestant that is timed.
inline constexpr double allowed_error = 1e-4;

/// `prefill` and `train` are one call, forward and with its backward, from the cotangent do. `decode` is T calls from a state
/// of zeros, one token of each of B sequences a call.
struct Case {
  std::string name, what;
  Sizes sizes;
  Gates gates = Gates::mild;

  /// Decoded tokens lie call by call: [T * B, 1, H, K].
  [[nodiscard]] Sizes layout() const {
    if (what != "decode") return sizes;
    return {.B = sizes.T * sizes.B, .T = 1, .H = sizes.H, .HV = sizes.HV, .K = sizes.K, .V = sizes.V};
  }
  [[nodiscard]] double calls() const { return what == "decode" ? static_cast<double>(sizes.T) : 1; }
  /// Of one call.
  [[nodiscard]] double flops() const { return (what == "train" ? 3 : 1) * sizes.flops<Rule>() / calls(); }
};

/// All sizes with mild gates; one of each kind also with those of a new layer and with strong ones.
inline const std::vector<Case> cases = [] {
  const Sizes T512{.B = 1, .T = 512, .H = 16, .HV = 16, .K = 128, .V = 128};
  const Sizes T2048{.B = 1, .T = 2048, .H = 16, .HV = 16, .K = 128, .V = 128};
  const Sizes B1{.B = 1, .T = 64, .H = 32, .HV = 32, .K = 128, .V = 128};
  const Sizes B8{.B = 8, .T = 64, .H = 32, .HV = 32, .K = 128, .V = 128};
  std::vector<Case> all{{"prefill_T512", "prefill", T512}, {"prefill_T2048", "prefill", T2048}, {"train_T512", "train", T512},
                        {"train_T2048", "train", T2048},   {"decode_B1", "decode", B1},         {"decode_B8", "decode", B8}};
  for (const auto& [gates, word] : {std::pair{Gates::init, "_init"}, {Gates::strong, "_strong"}})
    for (const Case& c :
         {Case{"prefill_T2048", "prefill", T2048}, {"train_T2048", "train", T2048}, {"decode_B1", "decode", B1}})
      all.push_back({c.name + word, c.what, c.sizes, gates});
  return all;
}();

/// All that a case comes to, under the names it has in files.
template <Real T>
struct Outputs {
  ScanResult<T> result;
  typename Rule::Gradients<T> gradients;  // of train

  template <class Visit>
  void for_each(const Case& c, const Visit& visit) const {
    visit("o", result.o);
    visit("final_state", result.final_state);
    if (c.what != "train") return;
    for_each_input([&](const auto& field, const auto& tensor) { visit(detail::concat("d", field.name), tensor); }, gradients);
  }
};

/// The definition, and what is timed. A Stream is read one token of each sequence at a time.
struct DefinitionPeer : Sequential {
  template <Real T>
  struct Stream {
    Tensor<T, 4> state;

    explicit Stream(const Sizes& sizes) : state(zeros<T>(sizes.B, sizes.HV, sizes.K, sizes.V)) {}
    Tensor<T, 4> read(const Rule::Inputs<T>& token) {
      ScanResult<T> result = sequential(token, {.initial_state = state});
      state = std::move(result.final_state);
      return std::move(result.o);
    }
    [[nodiscard]] Tensor<T, 4> settled() const { return state; }
  };
};
struct FastPeer : Chunked {
  template <Real T>
  struct Stream {
    RecurrentState<T, Rule> state;

    explicit Stream(const Sizes& sizes) : state(RecurrentState<T, Rule>::zero(sizes.B, sizes.HV, sizes.K, sizes.V)) {}
    Tensor<T, 4> read(const Rule::Inputs<T>& token) { return streamed(token, state); }
    [[nodiscard]] Tensor<T, 4> settled() const { return state.settled(); }
  };
};

template <class Peer, Real T>
[[nodiscard]] Outputs<T> run(const Case& c, const Tokens<Rule, T>& tokens) {
  const auto& [B, tokens_, H, HV, K, V] = c.sizes;
  if (c.what == "prefill") return {Peer::forward(tokens.inputs()), {}};
  if (c.what == "train") {
    auto [result, gradients] = Peer::train(tokens.inputs(), {.o = tokens.do_});
    return {std::move(result), std::move(gradients.inputs)};
  }
  Outputs<T> outputs{{Tensor<T, 4>(tokens_ * B, 1, HV, V), {}}, {}};
  typename Peer::template Stream<T> stream(c.sizes);
  for (Index t = 0; t < tokens_; ++t) {
    const Tensor<T, 4> o = stream.read(tokens.inputs(t * B, B));
    std::copy_n(o.data(), o.size(), outputs.result.o.data() + t * o.size());
  }
  outputs.result.final_state = stream.settled();
  return outputs;
}

}  // namespace deltanet::bench
