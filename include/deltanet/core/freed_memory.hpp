#pragma once

#include <cstdlib>  // tells whether this is glibc
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace deltanet {

/// Keeps memory that was freed for the next allocation, in the whole program: for those that train or serve for long. glibc
/// hands large blocks back to the system, which has to fill them with zeros each time a step asks for its activations again: a
/// fifth of a small model's step. Does nothing with other C libraries.
inline void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int most = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
  mallopt(M_TOP_PAD, 1 << 26);
#endif
}

}  // namespace deltanet
