#pragma once

/// What loops run on: an interface to threads, so that a program may hand in those that it has.
namespace deltanet {

/// A reference to a function of a task's number, which must outlive it. A call of it never throws.
class TaskFunction {
 public:
  template <class F>
  TaskFunction(const F& f)  // NOLINT(google-explicit-constructor): a lambda is handed in as it is
      : call_([](const void* function, int task) { (*static_cast<const F*>(function))(task); }), function_(&f) {}

  void operator()(int task) const { call_(function_, task); }

 private:
  void (*call_)(const void*, int);
  const void* function_;
};

/// Threads that run tasks. No task waits for another, so they may run one after another, on any number of threads and in any
/// order. Results do not depend on it.
class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// How many threads may work at a time, the calling one included. Loops hand over at most so many tasks.
  [[nodiscard]] virtual int concurrency() const = 0;

  /// Calls f(i) for every i in [0, tasks), perhaps on several threads at a time, and returns when all calls have returned. May
  /// be called by several threads at a time, and inside a task.
  virtual void run(int tasks, TaskFunction f) = 0;
};

/// Runs all tasks on the calling thread, in order.
class ThisThreadExecutor final : public Executor {
 public:
  [[nodiscard]] int concurrency() const override { return 1; }
  void run(int tasks, TaskFunction f) override {
    for (int task = 0; task < tasks; ++task) f(task);
  }
};

}  // namespace deltanet
