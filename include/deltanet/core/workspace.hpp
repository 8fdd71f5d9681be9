#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>
#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define DELTANET_MMAP
#endif

/// The memory of tensors and of scratch. A system hands out fresh memory in pages of 4 KB, each of which costs a page fault
/// when it is first written: a scan in fresh memory can take ten times as long. So memory that is freed is kept for the next
/// call, and large blocks lie on huge pages where the system has them.
namespace deltanet {

namespace detail {

// With AddressSanitizer every block is one of the system's own, so that it sees reads beyond the end and after the free.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool recycles_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool recycles_memory = false;
#else
inline constexpr bool recycles_memory = true;
#endif
#else
inline constexpr bool recycles_memory = true;
#endif

class Pool;

/// What stands before a block's first number.
struct alignas(64) BlockHeader {
  Pool* pool;         // where it goes when it is freed
  BlockHeader* next;  // of the blocks that wait for reuse
  void* memory;       // of the system's
  std::size_t bytes;  // of it
  int size_class;
};

/// Blocks on huge pages would all begin at the same place of every cache, and drive each other out of it when they are read
/// side by side. So each begins some lines further on than the last one did.
inline constexpr std::size_t colors = 32, color_bytes = 5 * 64;

/// Memory of the system's, on huge pages if there is enough of it.
inline constexpr std::size_t huge_page = std::size_t{1} << 21;

inline void* system_allocate(std::size_t bytes) {
#ifdef DELTANET_MMAP
  if (recycles_memory && bytes >= huge_page) {
    // A mapping with room for a huge page more, of which the aligned middle is kept.
    const auto room =
        static_cast<char*>(::mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (static_cast<void*>(room) == MAP_FAILED) throw std::bad_alloc();
    const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(room) % huge_page) % huge_page;
    if (before > 0) ::munmap(room, before);
    if (before < huge_page) ::munmap(room + before + bytes, huge_page - before);
#ifdef MADV_HUGEPAGE
    ::madvise(room + before, bytes, MADV_HUGEPAGE);  // where it is refused, pages are small
#endif
    return room + before;
  }
#endif
  return ::operator new (bytes, std::align_val_t{alignof(BlockHeader)});
}

inline void system_free(void* block, std::size_t bytes) {
#ifdef DELTANET_MMAP
  if (recycles_memory && bytes >= huge_page) {
    ::munmap(block, bytes);
    return;
  }
#endif
  ::operator delete (block, std::align_val_t{alignof(BlockHeader)});
}

/// Blocks by size: four sizes to a power of two, so that at most a fifth of a block is unused.
class Pool {
 public:
  explicit Pool(std::size_t limit) : limit_(limit) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Room for `bytes`, aligned to 64 bytes, with numbers of whatever was there before.
  void* allocate(std::size_t bytes) {
    bytes += sizeof(BlockHeader);
    const bool colored = recycles_memory && bytes >= huge_page;
    const auto [size_class, size] = class_of(bytes + (colored ? colors * color_bytes : 0));
    BlockHeader* block = nullptr;
    std::size_t offset = 0;
    {
      const std::lock_guard lock(guard_);
      ++users_;
      if (BlockHeader*& first = free_[static_cast<std::size_t>(size_class)]; first) {
        block = std::exchange(first, first->next);
        kept_ -= size;
      } else if (colored) {
        offset = color_++ % colors * color_bytes;
      }
    }
    if (!block) {
      try {
        void* const memory = system_allocate(size);
        block = new (static_cast<char*>(memory) + offset) BlockHeader{this, nullptr, memory, size, size_class};
      } catch (...) {
        leave();
        throw;
      }
    }
    return block + 1;
  }

  /// Gives a block back to the pool that it came from.
  static void free(void* data) {
    BlockHeader* const block = static_cast<BlockHeader*>(data) - 1;
    block->pool->keep(block);
  }

  [[nodiscard]] std::size_t kept() const {
    const std::lock_guard lock(guard_);
    return kept_;
  }
  [[nodiscard]] std::size_t limit() const {
    const std::lock_guard lock(guard_);
    return limit_;
  }
  void set_limit(std::size_t bytes) {
    const std::lock_guard lock(guard_);
    limit_ = bytes;
    shrink_to(limit_);
  }
  void release() {
    const std::lock_guard lock(guard_);
    shrink_to(0);
  }

  /// Its owner is gone: it ends with the last of its blocks.
  void leave() {
    bool last = false;
    {
      const std::lock_guard lock(guard_);
      last = --users_ == 0;
      if (last) shrink_to(0);
    }
    if (last) delete this;
  }

 private:
  ~Pool() = default;

  struct SizeClass {
    int index;
    std::size_t size;
  };
  /// With AddressSanitizer a block is as large as was asked for.
  static SizeClass class_of(std::size_t bytes) {
    constexpr int smallest = 7;  // 128 bytes
    if constexpr (!recycles_memory) return {0, bytes};
    const int octave = std::max(smallest, static_cast<int>(std::bit_width(bytes - 1)) - 1);
    const std::size_t quarter = std::size_t{1} << (octave - 2);
    const std::size_t quarters = (bytes + quarter - 1) / quarter;  // 1 to 4 in the smallest octave, else 5 to 8
    return {4 * (octave - smallest) + static_cast<int>(quarters), quarters * quarter};
  }

  void keep(BlockHeader* block) {
    {
      const std::lock_guard lock(guard_);
      if (recycles_memory && block->bytes <= limit_) {
        shrink_to(limit_ - block->bytes);
        BlockHeader*& first = free_[static_cast<std::size_t>(block->size_class)];
        block->next = std::exchange(first, block);
        kept_ += block->bytes;
        block = nullptr;
      }
    }
    if (block) system_free(block->memory, block->bytes);
    leave();
  }

  /// Frees kept blocks, the largest first, until at most `bytes` are left.
  void shrink_to(std::size_t bytes) {
    for (std::size_t i = free_.size(); i-- > 0 && kept_ > bytes;)
      while (free_[i] && kept_ > bytes) {
        BlockHeader* const block = std::exchange(free_[i], free_[i]->next);
        kept_ -= block->bytes;
        system_free(block->memory, block->bytes);
      }
  }

  mutable std::mutex guard_;
  std::array<BlockHeader*, 4 * 64> free_{};
  std::size_t kept_ = 0, limit_, color_ = 0;
  std::size_t users_ = 1;  // the owner, and every block that is in use
};

/// A quarter of the machine's memory, where the system tells how much that is.
inline std::size_t default_limit() {
#if defined(DELTANET_MMAP) && defined(_SC_PHYS_PAGES)
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) return static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) / 4;
#endif
  return std::size_t{1} << 30;
}

/// The pool of those who named none. It is never destroyed, since tensors may outlive all that is static.
inline Pool& shared_pool() {
  static Pool* const pool = new Pool(default_limit());
  return *pool;
}

/// The pool that this thread takes memory from: null for the shared one.
inline constinit thread_local Pool* current_pool = nullptr;

/// Lets this thread take memory from a pool while it lives.
class PoolScope {
 public:
  explicit PoolScope(Pool* pool) : before_(std::exchange(current_pool, pool)) {}
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;
  ~PoolScope() { current_pool = before_; }

 private:
  Pool* before_;
};

inline void* allocate(std::size_t bytes) { return (current_pool ? *current_pool : shared_pool()).allocate(bytes); }

/// For std::vector: the same memory.
template <class T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(detail::allocate(count * sizeof(T))); }
  void deallocate(T* data, std::size_t) { Pool::free(data); }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

/// A std::vector in such memory, for lists that are made anew in each call.
template <class T>
using PoolVector = std::vector<T, PoolAllocator<T>>;

struct PoolDelete {
  template <class T>
  void operator()(T* object) const {
    std::destroy_at(object);
    Pool::free(object);
  }
};

/// An object in such memory.
template <class T>
using PoolPointer = std::unique_ptr<T, PoolDelete>;
template <class T, class... Arguments>
[[nodiscard]] PoolPointer<T> make_pooled(Arguments&&... arguments) {
  void* const memory = allocate(sizeof(T));
  try {
    return PoolPointer<T>(new (memory) T(std::forward<Arguments>(arguments)...));
  } catch (...) {
    Pool::free(memory);
    throw;
  }
}

}  // namespace detail

/// Memory that calls take their results and their scratch from, and that is kept between calls. Whatever names no workspace
/// shares `Workspace::shared()`; one of your own keeps its memory apart, and no other thread waits for it:
///
///   Workspace workspace;                            made once
///   const WorkspaceScope use(workspace);            what this thread calls now takes memory from it
///   chunked(inputs, outputs, options);              after the first call of a size: no allocation, no page fault
///
/// Tensors may outlive the workspace that they came from. Safe to be used by several threads at a time.
class Workspace {
 public:
  /// `limit`: the most bytes that are kept free for reuse, by default a quarter of the machine's memory.
  explicit Workspace(std::size_t limit = detail::default_limit()) : Workspace(new detail::Pool(limit)) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() {
    if (pool_ != &detail::shared_pool()) pool_->leave();
  }

  static Workspace& shared() {
    static Workspace workspace(&detail::shared_pool());
    return workspace;
  }

  /// The bytes that are kept free for reuse.
  [[nodiscard]] std::size_t kept() const { return pool_->kept(); }
  [[nodiscard]] std::size_t limit() const { return pool_->limit(); }
  /// Sets the most bytes to keep, and gives back what is more.
  void set_limit(std::size_t bytes) { pool_->set_limit(bytes); }
  /// Gives all that is kept back to the system.
  void release() { pool_->release(); }

 private:
  friend class WorkspaceScope;
  explicit Workspace(detail::Pool* pool) : pool_(pool) {}

  detail::Pool* pool_;
};

/// While it lives, its thread, and those that help it in its loops, take memory from a workspace.
class WorkspaceScope {
 public:
  explicit WorkspaceScope(Workspace& workspace) : scope_(workspace.pool_) {}

 private:
  detail::PoolScope scope_;
};

}  // namespace deltanet
