#pragma once

#include <cstdint>
#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define DELTANET_MXCSR
#endif

/// Subnormal numbers, those below 1.2e-38 (2.2e-308 in double), cost a processor about a hundred cycles each, and strong decays
/// are products that pass through them on their way to zero: scans were 20 times slower. So the library computes without them.
namespace deltanet {

namespace detail {

/// How this thread computes: rounding, traps and subnormal numbers; on x86-64 with the flags of what has happened so far.
#if defined(DELTANET_MXCSR)
using FloatControl = std::uint32_t;
/// Round to nearest, no traps, results (bit 15) and operands (bit 6) that are subnormal are zero.
inline constexpr FloatControl library_control = 0x1f80 | 0x8000 | 0x0040, float_flags = 0x3f;
inline FloatControl float_control() { return _mm_getcsr(); }
inline void set_float_control(FloatControl control) { _mm_setcsr(control); }
#elif defined(__aarch64__)
using FloatControl = std::uint64_t;
/// Round to nearest, no traps, subnormal operands and results are zero (FZ, bit 24).
inline constexpr FloatControl library_control = std::uint64_t{1} << 24, float_flags = 0;
inline FloatControl float_control() {
  FloatControl control;
  asm volatile("mrs %0, fpcr" : "=r"(control)::"memory");
  return control;
}
inline void set_float_control(FloatControl control) { asm volatile("msr fpcr, %0" ::"r"(control) : "memory"); }
#else
using FloatControl = int;
inline constexpr FloatControl library_control = 0, float_flags = 0;
inline FloatControl float_control() { return 0; }
inline void set_float_control(FloatControl) {}
#endif

}  // namespace detail

/// While it lives, its thread computes as the whole library does: round to nearest, no traps, subnormal numbers are zero. Then
/// the thread computes as it did before. Every public function that computes has one, and so has every thread that helps it:
/// results do not depend on what the caller had set, and what the caller had set is not changed.
///
/// x86-64 (MXCSR) and aarch64 (FPCR); does nothing on other processors. Some ten cycles.
class FlushToZero {
 public:
  FlushToZero() : before_(detail::float_control()), changed_((before_ & ~detail::float_flags) != detail::library_control) {
    if (changed_) detail::set_float_control(detail::library_control);
  }
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;
  ~FlushToZero() {
    if (changed_) detail::set_float_control(before_);
  }

 private:
  detail::FloatControl before_;
  bool changed_;  // not so inside another scope
};

}  // namespace deltanet
