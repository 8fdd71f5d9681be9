#include "deltanet/tasks/registry.hpp"

#include <set>

#include "deltanet/tasks/causality.hpp"
#include "tasks/oracle.hpp"

using namespace deltanet;

TEST_CASE("every task makes data of its vocabulary at its lengths, the same from the same seed", "[tasks]") {
  std::set<std::string> names;
  for (const TokenTask& task : token_tasks()) {
    INFO(task.name);
    CHECK(names.insert(task.name).second);
    CHECK(&find_task(task.name) == &task);
    CHECK_FALSE((task.description.empty() || task.source.empty()));
    CHECK((task.chance > 0 && task.chance <= 0.5));
    REQUIRE_FALSE(task.test_lengths.empty());
    CHECK(task.test_lengths[0] == task.train_length);
    CHECK(std::is_sorted(task.test_lengths.begin(), task.test_lengths.end()));
    Random one(7), again(7), other(8);
    const TaskBatch batch = task.generate(one, 2, task.train_length);
    CHECK(batch.tokens.dimension(1) == task.train_length);
    CHECK(test::same(batch.targets, task.generate(again, 2, task.train_length).targets));
    CHECK_FALSE(test::same(batch.tokens, task.generate(other, 2, task.train_length).tokens));
    CHECK_FALSE(test::same(batch.tokens, task.generate(one, 2, task.train_length).tokens));  // goes on
    // Who says the targets is right, and all are tokens.
    Tensor<float, 3> logits(2, task.train_length, task.vocab_size);
    logits.setZero();
    for (Index i = 0; i < batch.targets.size(); ++i) {
      const std::int32_t target = batch.targets.data()[i];
      CHECK((batch.tokens.data()[i] >= 0 && batch.tokens.data()[i] < task.vocab_size));
      CHECK((target == ignore_index || (target >= 0 && target < task.vocab_size)));
      if (target != ignore_index) logits.data()[i * task.vocab_size + target] = 1;
    }
    CHECK(score(greedy_tokens<float>(logits), batch.targets).exact_match() == 1);
    CHECK(task.generate(one, 1, task.test_lengths.back()).tokens.dimension(1) == task.test_lengths.back());
    CHECK(task.dial.settings.empty() == task.dial.name.empty());
    for (const double setting : task.dial.settings)
      CHECK(task.dial.generate(one, 1, task.train_length, setting).tokens.dimension(1) == task.train_length);
  }
}

TEST_CASE("all needles can be hidden in any text", "[tasks]") {
  const std::vector<TokenTask> needles = needle_tasks("Quite @nother text. ");
  REQUIRE(needles.size() == 5);
  for (const TokenTask& task : needles) {
    INFO(task.name);
    const TokenTask& usual = find_task(task.name);
    CHECK(task.test_lengths == usual.test_lengths);
    Random random(3);
    const auto at_signs = [&](const TaskBatch& batch) {
      return std::count(batch.tokens.data(), batch.tokens.data() + batch.tokens.size(), '@');
    };
    CHECK(at_signs(task.generate(random, 1, 1024)) > 5);
    CHECK(at_signs(task.dial.generate(random, 1, 1024, 0.5)) > 5);
    CHECK(at_signs(usual.generate(random, 1, 1024)) == 0);
  }
}

TEST_CASE("every regression task has finite data, and oracles that beat saying nothing", "[tasks]") {
  for (const RegressionTask& task : regression_tasks()) {
    INFO(task.name);
    Random one(7), again(7);
    const RegressionBatch batch = task.generate(one, 4, task.train_length);
    CHECK(rows(batch.inputs) == rows(task.generate(again, 4, task.train_length).inputs));
    CHECK(rows(batch.inputs).cols() == task.input_size);
    CHECK(rows(batch.targets).cols() == task.target_size);
    const double silent = rows(batch.targets).squaredNorm() / static_cast<double>(batch.targets.size());
    double error = silent;
    for (const RegressionOracle& oracle : task.oracles)
      error = std::min(error, squared_error_by_position(oracle.predict(batch.inputs), batch.targets).mean());
    CHECK(error < 0.8 * silent);
    CHECK(error > task.noise_floor);
  }
}

TEST_CASE("no oracle looks ahead", "[tasks]") {
  for (const RegressionTask& task : regression_tasks()) {
    Random random(9);
    const RegressionBatch batch = task.generate(random, 2, 20);
    for (const RegressionOracle& oracle : task.oracles) {
      INFO(task.name << ", " << oracle.name);
      CHECK_FALSE(find_causality_leak(oracle.predict, batch.inputs, random));
    }
  }
}

TEST_CASE("a seed gives the same data on every platform", "[tasks]") {
  // FNV-1a over all tokens and targets of all tasks.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const TokenTask& task : token_tasks()) {
    Random random(2024);
    const TaskBatch batch = task.generate(random, 2, task.train_length);
    for (const auto* part : {&batch.tokens, &batch.targets})
      for (Index i = 0; i < part->size(); ++i) hash = (hash ^ static_cast<std::uint32_t>(part->data()[i])) * 0x100000001b3;
  }
  CHECK(hash == 948588739473067858u);
}

TEST_CASE("an unknown task is told the names of all", "[tasks]") {
  CHECK_THROWS_WITH(find_task("mqra"),
                    Catch::Matchers::ContainsSubstring("task: expected one of mqar, mqar_rewrites, pass_key") &&
                        Catch::Matchers::ContainsSubstring("got mqra"));
}
