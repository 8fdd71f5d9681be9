#pragma once

#include "deltanet/tasks/regression.hpp"
#include "deltanet/tasks/task.hpp"

namespace deltanet {

/// All tasks over tokens with usual settings.
inline const std::vector<TokenTask>& token_tasks() {
  static const std::vector<TokenTask> tasks{};
  return tasks;
}

/// The task of this name among token_tasks(). Throws std::invalid_argument with all names for any other.
inline const TokenTask& find_task(const std::string& name) { return find_task(token_tasks(), name); }

/// All regression tasks with usual settings.
inline const std::vector<RegressionTask>& regression_tasks() {
  static const std::vector<RegressionTask> tasks{};
  return tasks;
}

}  // namespace deltanet
