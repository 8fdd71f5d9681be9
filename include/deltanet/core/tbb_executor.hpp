#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include "deltanet/core/executor.hpp"

namespace deltanet {

/// Runs loops in an arena of oneTBB (2020 or later). Needs TBB::tbb to be linked. Not in the umbrella header.
class TBBExecutor final : public Executor {
 public:
  /// In the arena that the calling thread is in.
  TBBExecutor() = default;
  /// In `arena`, which must outlive the executor.
  explicit TBBExecutor(tbb::task_arena& arena) : arena_(&arena) {}

  [[nodiscard]] int concurrency() const override {
    return arena_ != nullptr ? arena_->max_concurrency() : tbb::this_task_arena::max_concurrency();
  }

  /// A thread that waits for the end of the tasks takes no other task of the program meanwhile.
  void run(int tasks, TaskFunction f) override {
    const auto all = [&] {
      tbb::this_task_arena::isolate([&] {
        tbb::parallel_for(
            tbb::blocked_range<int>(0, tasks),
            [&](const tbb::blocked_range<int>& range) {
              for (int task = range.begin(); task != range.end(); ++task) f(task);
            },
            tbb::simple_partitioner());
      });
    };
    if (arena_ != nullptr)
      arena_->execute(all);
    else
      all();
  }

 private:
  tbb::task_arena* arena_ = nullptr;
};

}  // namespace deltanet
