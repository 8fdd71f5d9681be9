#pragma once

#include "deltanet/core/executor.hpp"

namespace deltanet::test {

/// Runs tasks one after another, the last first.
class ReverseExecutor final : public Executor {
 public:
  [[nodiscard]] int concurrency() const override { return 3; }
  void run(int tasks, TaskFunction f) override {
    for (int task = tasks - 1; task >= 0; --task) f(task);
  }
};

}  // namespace deltanet::test
