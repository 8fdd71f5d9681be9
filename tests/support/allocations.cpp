#include <cstddef>

#include "support/surroundings.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DELTANET_SANITIZED
#endif
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(DELTANET_SANITIZED)
#include <sys/resource.h>

#include <atomic>

namespace {

std::atomic<deltanet::Index> count = 0;

}  // namespace

// Every allocation of the program goes through these, those of Eigen and of operator new too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}
}

deltanet::Index deltanet::test::allocations() { return count; }

deltanet::Index deltanet::test::page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}
#else
deltanet::Index deltanet::test::allocations() { return 0; }
deltanet::Index deltanet::test::page_faults() { return 0; }
#endif
