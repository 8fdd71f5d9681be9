#pragma once

#ifndef _OPENMP
#error "deltanet/core/openmp_executor.hpp needs OpenMP: compile with -fopenmp, or link OpenMP::OpenMP_CXX in CMake"
#endif

#include <omp.h>

#include "deltanet/core/check.hpp"
#include "deltanet/core/executor.hpp"

namespace deltanet {

/// Runs loops on OpenMP's threads. In a program with parallel regions of its own it is quicker than a ThreadTeam: OpenMP's
/// threads spin between regions, and take from others the processors that they do not use. Not in the umbrella header.
///
/// Compiled with OpenMP, Eigen runs large products of its own in parallel regions, outside of which they are rounded in another
/// order than inside. EIGEN_DONT_PARALLELIZE, defined in the whole program, keeps all bits independent of the executor.
class OpenMPExecutor final : public Executor {
 public:
  /// `threads` work at a time, the caller's included. As many as the program's own regions have is best: libgomp ends and
  /// starts threads where one region has fewer than the one before.
  explicit OpenMPExecutor(int threads = omp_get_max_threads()) : threads_(threads) {
    expect(threads >= 1, "threads: expected at least 1, got ", threads);
  }

  /// One inside a parallel region, whose threads are all at work.
  [[nodiscard]] int concurrency() const override { return omp_in_parallel() != 0 ? 1 : threads_; }

  /// Inside a parallel region, runs the tasks on the calling thread.
  void run(int tasks, TaskFunction f) override {
#pragma omp parallel for schedule(static, 1) num_threads(threads_) if (omp_in_parallel() == 0)
    for (int task = 0; task < tasks; ++task) f(task);
  }

 private:
  const int threads_;
};

}  // namespace deltanet
