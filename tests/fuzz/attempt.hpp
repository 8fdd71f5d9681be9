#pragma once

#include <stdexcept>

/// Calls f, which may refuse what it is given. Any other exception than this one ends the program: it is a finding.
template <class F>
void attempt(const F& f) {
  try {
    f();
  } catch (const std::runtime_error&) {
  }
}
