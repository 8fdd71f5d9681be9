#pragma once

#include "compare/task.hpp"

namespace compare {

/// Some that a small model learns within a minute, and those of the library, over tokens and over numbers. To compare on
/// another, add it to tasks.cpp.
const std::vector<Task>& tasks();

/// The task of this name, among these or all. Throws std::invalid_argument with all names for any other.
const Task& find_task(const std::vector<Task>& tasks, const std::string& name);
const Task& find_task(const std::string& name);

}  // namespace compare
