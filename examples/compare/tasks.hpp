#pragma once

#include "deltanet/tasks/task.hpp"

namespace compare {

/// Some that a small model learns within a minute, and those of the library. To compare on another, add it to tasks.cpp.
const std::vector<deltanet::TokenTask>& tasks();

/// The task of this name. Throws std::invalid_argument with all names for any other.
const deltanet::TokenTask& find_task(const std::string& name);

}  // namespace compare
