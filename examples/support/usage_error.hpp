#pragma once

#include <stdexcept>

namespace example {

/// A mistake in what a program was given: it says so in one line and ends with exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace example
