#include "deltanet/layers/retrieval.hpp"

#include "deltanet/layers/gated_delta_net.hpp"
#include "deltanet/layers/neural_memory.hpp"
#include "laws/layer_laws.hpp"
#include "support/catch.hpp"

namespace deltanet::test {

namespace {

using LinearMemory = GatedDeltaNet<double, HeavyBallMomentum>;
static_assert(RetrievableMemory<NeuralMemory<float>> && RetrievableMemory<LinearMemory>);

const LinearMemory linear_memory({.hidden_size = 6, .expand_v = 1, .head_dim = 4, .num_heads = 2, .num_v_heads = 4});
const NeuralMemory<double> deep_memory(
    {.hidden_size = 6, .head_dim = 3, .num_heads = 2, .memory_expansion = 2, .memory_norm = true, .mini_batch = 3});

/// A memory is written, asked, and written again; loss and gradients of all it says.
template <class Memory>
void gradients_pass_through_the_state(Memory layer) {
  struct Everything {
    typename Memory::Params params;
    Tensor<double, 3> first, asked, second;
    static constexpr auto fields() {
      using E = Everything;
      return std::tuple{Field{"", &E::params}, Field{"first", &E::first}, Field{"asked", &E::asked},
                        Field{"second", &E::second}};
    }
  };
  struct Run {
    typename Memory::Cache first, second;
    typename Memory::RetrievalCache asked;
    Tensor<double, 3> y_first, y_asked, y_second;
  };
  const Sequences of_first{{0, 2, 7}}, of_asked{{0, 5, 5}}, of_second{{0, 3, 4}};
  Random random(2);
  layer.initialize(random);
  Everything at{layer.params, random_tokens<double>(1, 7, 6), random_tokens<double>(1, 5, 6, 3),
                random_tokens<double>(1, 4, 6, 4)};
  const auto run = [&] {
    Run r;
    auto state = layer.initial_state(2);
    auto apart = layer.initial_retrieval_state(2);
    r.y_first = layer.forward(at.first, &state, &r.first, of_first);
    apart.contents = Memory::contents(state);
    r.y_asked = layer.retrieve(at.asked, apart, &r.asked, of_asked);
    r.y_second = layer.forward(at.second, &state, &r.second, of_second);
    return r;
  };
  const Run r = run();
  Everything dy{{}, r.y_first, r.y_asked, r.y_second}, gradients = zeros_like(at);
  for (auto* d : {&dy.first, &dy.asked, &dy.second}) random.fill_normal(*d);
  auto dstate = zeros_like(layer.initial_state(2));
  auto dapart = zeros_like(layer.initial_retrieval_state(2));
  gradients.second = layer.backward(r.second, dy.second, gradients.params, &dstate);
  gradients.asked = layer.retrieve_backward(r.asked, dy.asked, gradients.params, &dapart);
  Memory::contents_gradient(dstate) += dapart.contents;
  gradients.first = layer.backward(r.first, dy.first, gradients.params, &dstate);
  layer.initial_state_backward(dstate, gradients.params);
  const auto report = check_gradients(at, gradients, [&] {
    layer.params = at.params;
    const Run now = run();
    return rows(now.y_first).cwiseProduct(rows(dy.first)).sum() + rows(now.y_asked).cwiseProduct(rows(dy.asked)).sum() +
           rows(now.y_second).cwiseProduct(rows(dy.second)).sum();
  });
  INFO(report.text());
  CHECK(report.passes(finite_difference_error));
}

/// Token by token the convolution of queries sees what it sees of all tokens at once, and nothing is written.
template <class Memory>
void asking_in_parts_is_asking_at_once(Memory layer) {
  Random random(2);
  layer.initialize(random);
  auto state = layer.initial_state(2);
  (void)layer.forward(random_tokens<double>(2, 5, 6), &state);
  auto apart = layer.initial_retrieval_state(2);
  apart.contents = Memory::contents(state);
  auto whole = apart;
  const auto x = random_tokens<double>(2, 6, 6, 3);
  const auto y = layer.retrieve(x, whole);
  for (Index t = 0; t < 6; ++t)
    CHECK(relative_error(layer.retrieve(tokens_of(x, t, t + 1), apart), tokens_of(y, t, t + 1)) < rounding<double>(36));
  CHECK(identical(apart.contents, Memory::contents(state)));
}

}  // namespace

TEST_CASE("gradients pass through the state of a memory, written and asked", "[layers]") {
  gradients_pass_through_the_state(linear_memory);
  gradients_pass_through_the_state(deep_memory);
}

TEST_CASE("a memory that is asked token by token answers as one that is asked at once", "[layers]") {
  asking_in_parts_is_asking_at_once(linear_memory);
  asking_in_parts_is_asking_at_once(deep_memory);
}

TEST_CASE("a linear memory answers with the state it has", "[layers]") {
  LinearMemory layer = linear_memory;
  Random random(2);
  layer.initialize(random);
  auto state = layer.initial_state(1);
  const auto x = random_tokens<double>(1, 6, 6);
  const auto y = layer.forward(x, &state);  // the last output is read with the state after all
  auto apart = layer.initial_retrieval_state(1);
  apart.contents = LinearMemory::contents(state);
  CHECK(relative_error(tokens_of(layer.retrieve(x, apart), 5, 6), tokens_of(y, 5, 6)) < rounding<double>(36));
}

TEST_CASE("a memory that is asked names what does not fit", "[layers]") {
  auto apart = linear_memory.initial_retrieval_state(2);
  CHECK_THROWS_WITH(linear_memory.retrieve(random_tokens<double>(1, 3, 6), apart),
                    "contents: expected [N=1, HV=4, rows=8, V=4], got [2, 4, 8, 4]");
  auto deep_apart = deep_memory.initial_retrieval_state(2);
  CHECK_THROWS_WITH(deep_memory.retrieve(random_tokens<double>(1, 3, 6), deep_apart),
                    "conv_state: expected [N=1, D=6, W=4], got [2, 6, 4]");
}

}  // namespace deltanet::test
