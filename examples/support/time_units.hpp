#pragma once

#include <CLI/CLI.hpp>

namespace example {

/// What a flag for a time takes, 90s, 30m or 8h, in seconds; a number alone is one of seconds.
inline CLI::AsNumberWithUnit time_units() {
  return CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}},
                               CLI::AsNumberWithUnit::CASE_INSENSITIVE);
}

}  // namespace example
