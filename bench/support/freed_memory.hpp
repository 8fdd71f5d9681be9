#pragma once

#include <cstdlib>  // tells whether this is glibc
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace deltanet::bench {

/// Keeps memory that was freed for the next allocation, in the whole program. The library keeps its own (core/workspace.hpp);
/// what is left for this is the memory of a program's own lists and of Eigen's temporaries. Does nothing with other C libraries
/// than glibc.
inline void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int most = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
  mallopt(M_TOP_PAD, 1 << 26);
#endif
}

}  // namespace deltanet::bench
