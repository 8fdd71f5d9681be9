#include "deltanet/tasks/task.hpp"

#include "support/catch.hpp"

using namespace deltanet;

TEST_CASE("an empty batch asks nothing", "[tasks]") {
  const TaskBatch batch = empty_task_batch(2, 3);
  for (Index i = 0; i < 6; ++i) {
    CHECK(batch.tokens.data()[i] == 0);
    CHECK(batch.targets.data()[i] == ignore_index);
  }
  CHECK_THROWS_WITH(empty_task_batch(0, 3), "batch: expected at least 1, got 0");
  CHECK_THROWS_WITH(empty_task_batch(2, 0), "length: expected at least 1, got 0");
}

TEST_CASE("a stream is read one token behind what is asked", "[tasks]") {
  TaskBatch batch = empty_task_batch(1, 3);
  put_stream(batch, 0, {7, 8, 9, 5}, {true, false, true, true});
  const std::vector<std::int32_t> tokens(batch.tokens.data(), batch.tokens.data() + 3);
  const std::vector<std::int32_t> targets(batch.targets.data(), batch.targets.data() + 3);
  CHECK(tokens == std::vector<std::int32_t>{7, 8, 9});
  CHECK(targets == std::vector<std::int32_t>{ignore_index, 9, 5});
  CHECK_THROWS_WITH(put_stream(batch, 0, {7, 8, 9}, {true, true, true}),
                    "stream: expected T + 1 = 4 tokens, got 3 and asked for 3");
}

TEST_CASE("a task trains on what it tests, unless it has something else to train on", "[tasks]") {
  const auto all = [](std::int32_t token) {
    return [token](Random&, Index batch, Index length) {
      TaskBatch result = empty_task_batch(batch, length);
      result.tokens.setConstant(token);
      return result;
    };
  };
  TokenTask task{.name = "one", .generate = all(1)};
  Random random(1);
  CHECK(task.training_batch(random, 2, 3).tokens(1, 2) == 1);
  task.generate_training = all(2);
  CHECK(task.training_batch(random, 2, 3).tokens(1, 2) == 2);
  CHECK(task.generate(random, 2, 3).tokens(1, 2) == 1);
}

TEST_CASE("a task is found by its name, and an unknown name is told all of them", "[tasks]") {
  const std::vector<TokenTask> tasks{{.name = "one"}, {.name = "two"}};
  CHECK(&find_task(tasks, "two") == &tasks[1]);
  CHECK_THROWS_WITH(find_task(tasks, "three"), "task: expected one of one, two, got three");
}
