#include "deltanet/tasks/permuted_recall.hpp"

#include <map>

#include "deltanet/core/zeros.hpp"
#include "tasks/oracle.hpp"

using namespace deltanet;

namespace {

/// Remembers what each task, or any, gave each key last.
test::Oracle remember(const PermutedRecallConfig& config, bool tell_tasks_apart) {
  return [config, tell_tasks_apart](const std::vector<std::int32_t>& past) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> values;
    const auto first_value = static_cast<std::int32_t>(2 + config.num_tasks + config.num_keys);
    const auto place = [&](std::size_t i) { return std::pair{tell_tasks_apart ? past[i - 1] : 0, past[i]}; };
    for (std::size_t i = 1; i + 1 < past.size(); ++i)
      if (past[i + 1] >= first_value) values[place(i)] = past[i + 1];
    return values[place(past.size() - 1)];
  };
}

}  // namespace

TEST_CASE("tasks that share their keys are told apart by who remembers which is which", "[tasks]") {
  const PermutedRecallConfig config{.num_tasks = 3, .num_keys = 4, .num_questions = 2};
  for (const Index length : {config.least_length(), Index(100)}) {
    Random random(1);
    const TaskBatch batch = permuted_recall(config, random, 20, length);
    test::check_oracle(remember(config, true), batch, config.vocab_size());
    CHECK(test::asked_in(batch, 0) == 12);
  }
  Random random(2);
  CHECK_THROWS_WITH(permuted_recall(config, random, 1, 71), "length: expected at least 72 for 3 tasks of 4 keys, got 71");
}

TEST_CASE("the transfer matrix of who keeps the last task alone shows what was forgotten", "[tasks]") {
  const PermutedRecallConfig config{.num_tasks = 3, .num_keys = 16, .num_questions = 8};
  Random random(3);
  const PermutedRecallBatch asked = permuted_recall_batch(config, random, 40, config.least_length());
  const Index T = config.least_length();
  const auto says = [&](const test::Oracle& oracle) {
    Tensor<std::int32_t, 2> said = zeros<std::int32_t>(40, T);
    for (Index b = 0; b < 40; ++b)
      for (Index t = 0; t < T; ++t)
        if (asked.about(b, t) >= 0) said(b, t) = oracle({&asked.batch.tokens(b, 0), &asked.batch.tokens(b, 0) + t + 1});
    return said;
  };
  const Matrix<double> perfect = transfer_matrix(says(remember(config, true)), asked, 3);
  CHECK(perfect == Matrix<double>(Matrix<double>::Ones(3, 3).triangularView<Eigen::Lower>()));
  CHECK(average_accuracy(perfect) == 1);
  CHECK(backward_transfer(perfect) == 0);

  const Matrix<double> forgetful = transfer_matrix(says(remember(config, false)), asked, 3);
  CHECK(forgetful.diagonal() == Vector<double>::Ones(3));
  for (const auto& [i, j] : {std::pair{1, 0}, {2, 0}, {2, 1}}) CHECK(forgetful(i, j) == Catch::Approx(1.0 / 16).margin(0.05));
  CHECK(backward_transfer(forgetful) == Catch::Approx(-15.0 / 16).margin(0.05));
  CHECK(average_accuracy(forgetful) == Catch::Approx(18.0 / 48).margin(0.05));
}
