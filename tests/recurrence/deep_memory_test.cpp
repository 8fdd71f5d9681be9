#include "deltanet/recurrence/deep_memory.hpp"

#include "deltanet/recurrence/sequential_deep_memory.hpp"
#include "support/catch.hpp"
#include "support/deep_memory_inputs.hpp"
#include "support/finite_differences.hpp"
#include "support/tolerance.hpp"

namespace deltanet::test {

namespace {

template <Real T>
void check_same(const DeepMemoryResult<T>& a, const DeepMemoryResult<T>& b, double bound) {
  CHECK(relative_error(a.o, b.o) < bound);
  CHECK(relative_error(a.final_state.start, b.final_state.start) < bound);
  CHECK(relative_error(a.final_state.weights, b.final_state.weights) < bound);
  CHECK(relative_error(a.final_state.momentum, b.final_state.momentum) < bound);
  CHECK(identical(a.final_state.position, b.final_state.position));
}

template <class Update>
void check_dual_form() {
  for (const MemoryNetwork& network : memory_networks())
    for (const Index mini_batch : {1, 4, 16})
      for (const bool decay_to_initial : {false, true}) {
        INFO(text_of(network) << ", mini-batches of " << mini_batch << (decay_to_initial ? ", decay to initial" : ""));
        const DeepMemoryOptions options{
            .mini_batch = mini_batch, .chunk_size = 5, .scale = 0.7, .decay_to_initial = decay_to_initial};
        const DeepMemoryExample<Update, double> x(network, options, 19);
        check_same(deep_memory(network, x.params, x.in(), x.state, options),
                   sequential_deep_memory(network, x.params, x.in(), x.state, options), 1e-12);
      }
}

template <class Update>
void check_gradients(Index mini_batch) {
  for (const MemoryNetwork& network : memory_networks()) {
    const DeepMemoryOptions options{
        .mini_batch = mini_batch, .chunk_size = 3, .scale = 0.7, .decay_to_initial = network.depth % 2 == 0};
    DeepMemoryExample<Update, double> x(network, options, 7, 1);
    DeepMemoryCache<double> cache;
    (void)deep_memory(network, x.params, x.in(), x.state, options, &cache);
    auto d = deep_memory_backward(network, x.params, x.in(), cache, x.cotangents(), options);
    const auto loss = [&] { return x.loss(sequential_deep_memory(network, x.params, x.in(), x.state, options)); };
    const auto check = [&](std::string_view name, auto& input, const auto& gradient) {
      INFO(text_of(network) << ", mini-batches of " << mini_batch << ", " << name);
      const GradientError error = finite_difference_error_of(input, gradient, loss);
      INFO(error.where);
      CHECK(error.worst < finite_difference_error);
    };
    for_each_input([&](const auto& field, auto& input, const auto& gradient) { check(field.name, input, gradient); }, x.owned,
                   d.inputs);
    check("start", x.state.start, d.initial_state.start);
    check("weights", x.state.weights, d.initial_state.weights);
    check("momentum", x.state.momentum, d.initial_state.momentum);
    check("initial weights", x.params.weights, d.params.weights);
    if (!network.norm) continue;
    check("norm's weight", *x.params.norm_weight, *d.params.norm_weight);
    check("norm's bias", *x.params.norm_bias, *d.params.norm_bias);
  }
}

}  // namespace

TEST_CASE("the dual form of Titans' deep memory is the definition") { check_dual_form<TitansUpdate>(); }
TEST_CASE("the dual form of test-time training is the definition") { check_dual_form<TTTUpdate>(); }

TEST_CASE("the gradients through Titans' deep memory are differences", "[slow]") {
  for (const Index mini_batch : {1, 4, 16}) check_gradients<TitansUpdate>(mini_batch);
}
TEST_CASE("the gradients through test-time training are differences", "[slow]") { check_gradients<TTTUpdate>(4); }

TEST_CASE("a stream of deep memories may be split anywhere, also inside of a mini-batch") {
  const MemoryNetwork network = memory_networks()[2];
  const DeepMemoryOptions options{.mini_batch = 5, .chunk_size = 4};
  const DeepMemoryExample<TTTUpdate, double> x(network, options, 12);
  const auto whole = deep_memory(network, x.params, x.in(), x.state, options);
  const auto run = [&](Index begin, Index end, const DeepMemoryState<double>& state) {
    TTTUpdate::Gradients<double> some;
    TTTUpdate::Inputs<double> in;
    for_each_input(
        [&](const auto&, const auto& all, auto& part, auto& view) {
          auto from = all.dimensions(), size = all.dimensions();
          for (auto& extent : from) extent = 0;
          from[1] = begin;
          size[1] = end - begin;
          part = all.slice(from, size);
          view = part;
        },
        x.owned, some, in);
    return deep_memory(network, x.params, in, state, options);
  };
  for (Index split = 1; split < 12; ++split) {
    INFO("split before token " << split);
    const auto head = run(0, split, x.state), tail = run(split, 12, head.final_state);
    DeepMemoryResult<double> joined{head.o.concatenate(tail.o, 1), tail.final_state};
    check_same(joined, whole, rounding<double>(12));
  }
}

TEST_CASE("no output of a deep memory sees the future, to the last bit") {
  const MemoryNetwork network = memory_networks()[4];
  const DeepMemoryOptions options{.mini_batch = 5, .chunk_size = 4};
  DeepMemoryExample<TitansUpdate, float> x(network, options, 12, 1, 1);
  const auto before = deep_memory(network, x.params, x.in(), x.state, options);
  for (Index t = 11; t > 0; --t) {
    for_each_input([&](const auto&, auto& tensor) { tensor.chip(t, 1) = tensor.chip(t, 1) * tensor.chip(t, 1).constant(0.5f); },
                   x.owned);
    const auto after = deep_memory(network, x.params, x.in(), x.state, options);
    const Index size = t * network.value_dim;
    CHECK(identical(VectorMap<const float>(after.o.data(), size), VectorMap<const float>(before.o.data(), size)));
    CHECK_FALSE(after.o(0, t, 0, 0) == before.o(0, t, 0, 0));
  }
}

TEST_CASE("deep memories are the same to the last bit for any number of threads, and in float the definition to rounding") {
  const MemoryNetwork network = memory_networks()[2];
  const DeepMemoryOptions options{.mini_batch = 5, .chunk_size = 4, .decay_to_initial = true};
  const DeepMemoryExample<TitansUpdate, float> x(network, options, 23, 3);
  const auto run = [&](int threads) {
    set_num_threads(threads);
    DeepMemoryCache<float> cache;
    auto result = deep_memory(network, x.params, x.in(), x.state, options, &cache);
    return std::pair{std::move(result), deep_memory_backward(network, x.params, x.in(), cache, x.cotangents(), options)};
  };
  const int before = num_threads();
  const auto [one, d_one] = run(1);
  const auto [three, d_three] = run(3);
  set_num_threads(before);
  CHECK(identical(one.o, three.o));
  CHECK(identical(one.final_state.weights, three.final_state.weights));
  CHECK(identical(d_one.inputs.k, d_three.inputs.k));
  CHECK(identical(d_one.params.weights, d_three.params.weights));
  CHECK(identical(*d_one.params.norm_weight, *d_three.params.norm_weight));

  const auto defined = sequential_deep_memory(network, x.params, x.in(), x.state, options);
  check_same(one, defined, 64 * rounding<float>(23));
}

TEST_CASE("the cache of another scan is refused") {
  const MemoryNetwork network = memory_networks().front();
  const DeepMemoryOptions options{.mini_batch = 4};
  const DeepMemoryExample<TitansUpdate, double> x(network, options, 9, 1, 1), longer(network, options, 19, 1, 1);
  DeepMemoryCache<double> cache;
  (void)deep_memory(network, longer.params, longer.in(), longer.state, options, &cache);
  CHECK_THROWS_WITH(deep_memory_backward(network, x.params, x.in(), cache, x.cotangents(), options),
                    "cache.heads: expected 3 chunks, got 5");
}

}  // namespace deltanet::test
