/// A recurrent model remembers all it has read in a state of fixed size, and the state is a value: it can be saved, gone on
/// with in several ways, and, with the copies that a Rollback keeps, taken back by a few tokens. That is what speculative
/// decoding (arXiv 2211.17192) asks for: read a draft at once, keep what the model agrees with, forget the rest.
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "deltanet/io/state.hpp"
#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/rollback.hpp"
#include "deltanet/models/language_model.hpp"

using namespace deltanet;
using Model = LanguageModel<GatedDeltaNet<float>>;

/// The bytes of a text as ids, [1, T].
Tensor<std::int32_t, 2> ids(std::string_view text) {
  Tensor<std::int32_t, 2> tokens(1, static_cast<Index>(text.size()));
  std::copy(text.begin(), text.end(), tokens.data());
  return tokens;
}

int main() {
  const GatedDeltaNetConfig mixer{.hidden_size = 64, .head_dim = 16, .num_heads = 4};
  Model model({.num_hidden_layers = 2, .block = {.attn = mixer, .mlp = {.hidden_size = 64}}});
  Random random(1);
  model.initialize(random);
  Model::State state = model.initial_state(1);
  model.forward(ids("Keys are orthogonal, or nearly so, and a memory holds as many as it is wide."), &state);
  std::printf("a state of %d bytes, as before the first token\n", static_cast<int>(state_bytes(state)));

  const auto compare = [&](const char* what, Model::State other) {
    Model::State one = state;
    const bool same = rows(model.forward(ids(" So?"), &other)) == rows(model.forward(ids(" So?"), &one));
    std::printf("%s: %s logits\n", what, same ? "the same" : "other");
  };

  const auto path = std::filesystem::temp_directory_path() / "deltanet_07.state";
  save_state(path, model, state);
  compare("saved and loaded", load_state(path, model, 1));
  std::filesystem::remove(path);

  Model::State fork = state;
  model.forward(ids(" Or not."), &fork);
  compare("a fork that reads on", fork);

  Rollback<Model> reader(model, state, {.max_tokens = 8, .checkpoint_every = 4});
  reader.forward(ids(" Or not."));
  reader.rollback(8);
  compare("eight tokens taken back", reader.state());
}
// Prints:
//   a state of 58376 bytes, as before the first token
//   saved and loaded: the same logits
//   a fork that reads on: other logits
//   eight tokens taken back: the same logits
//
// To try next:
//   1. Take 3 of the 8 tokens back: whose state is it then, and what does reader.bytes() cost with checkpoint_every 1?
//   2. Load the state with a model of another seed. What does the error say?
