#pragma once

#include <cstring>
#include <optional>
#include <vector>

#include "deltanet/core/flush_to_zero.hpp"
#include "deltanet/core/tensor.hpp"
#include "deltanet/core/threads.hpp"

/// What a caller may have done before it calls the library, and what the library may do meanwhile.
namespace deltanet::test {

/// While it lives, this thread rounds upwards and keeps subnormal numbers, and memory holds NaN: results must not show it.
class HostileSurroundings {
 public:
  HostileSurroundings() : before_(deltanet::detail::float_control()) {
    {
      const WorkspaceScope use(dirty_);
      std::vector<Vector<float>> blocks;
      for (Index size = 16; size <= Index(1) << 19; size += size / 4)
        for (int copies = size < 65536 ? 8 : 2; copies > 0; --copies) {
          blocks.emplace_back(size);
          std::memset(static_cast<void*>(blocks.back().data()), 0xff, static_cast<std::size_t>(size) * sizeof(float));
        }
    }
    deltanet::detail::set_float_control(control);
    scope_.emplace(dirty_);
  }
  HostileSurroundings(const HostileSurroundings&) = delete;
  HostileSurroundings& operator=(const HostileSurroundings&) = delete;
  ~HostileSurroundings() { deltanet::detail::set_float_control(before_); }

  /// Whether the thread's setting is still the caller's.
  [[nodiscard]] static bool untouched() {
    return (deltanet::detail::float_control() & ~deltanet::detail::float_flags) == control;
  }

 private:
#if defined(DELTANET_MXCSR)
  static constexpr deltanet::detail::FloatControl control = 0x1f80 | 0x4000;
#elif defined(__aarch64__)
  static constexpr deltanet::detail::FloatControl control = 1u << 22;
#else
  static constexpr deltanet::detail::FloatControl control = 0;
#endif

  deltanet::detail::FloatControl before_;
  Workspace dirty_;
  std::optional<WorkspaceScope> scope_;
};

/// Calls of malloc and its kin since the program began, and pages that were not there when they were touched; 0 where they are
/// not counted (other C libraries, sanitizers).
Index allocations();
Index page_faults();

/// The allocations and page faults of one call on one thread, once everything that is made only once has been made.
struct Cost {
  Index allocations, page_faults;
};
template <class F>
[[nodiscard]] Cost cost_of(const F& f) {
  const int threads = num_threads();
  set_num_threads(1);
  for (int warm = 0; warm < 3; ++warm) f();
  const Index before = allocations(), faults = page_faults();
  f();
  const Cost cost{allocations() - before, page_faults() - faults};
  set_num_threads(threads);
  return cost;
}

}  // namespace deltanet::test
