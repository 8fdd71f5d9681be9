#include "deltanet/core/workspace.hpp"

#include <cstring>
#include <optional>
#include <thread>

#include "deltanet/core/tensor.hpp"
#include "deltanet/core/threads.hpp"
#include "support/catch.hpp"
#include "support/surroundings.hpp"

using namespace deltanet;

namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

}  // namespace

TEST_CASE("memory is aligned, and as large as was asked for", "[core]") {
  Workspace workspace;
  const WorkspaceScope use(workspace);
  for (std::size_t bytes = 1; bytes < 8 * MiB; bytes += bytes / 3 + 1) {
    void* const memory = detail::allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
    std::memset(memory, 0x5a, bytes);
    detail::Pool::free(memory);
  }
}

TEST_CASE("a workspace of one's own outlived by a tensor of it", "[core]") {
  std::optional<Workspace> workspace(std::in_place);
  Vector<float> kept;
  {
    const WorkspaceScope use(*workspace);
    kept = Vector<float>::Constant(1000, 3);
  }
  workspace.reset();
  CHECK(kept.sum() == 3000);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("what is freed is kept for the next call, up to a limit that can be set, and can be released", "[core]") {
  if (!detail::recycles_memory) return;
  Workspace workspace(64 * MiB);
  const WorkspaceScope use(workspace);
  CHECK(workspace.kept() == 0);
  const float* first = nullptr;
  {
    const Vector<float> a(1 << 20);
    first = a.data();
    CHECK(workspace.kept() == 0);
  }
  CHECK(workspace.kept() >= 4 * MiB);
  CHECK(Vector<float>(1 << 20).data() == first);
  { const Vector<float> b(1 << 22), c(1 << 22), d(1 << 22); }  // with a fifth to spare 20 MiB each: three and `a` are too many
  CHECK(workspace.kept() <= workspace.limit());
  CHECK(workspace.kept() >= 32 * MiB);
  workspace.set_limit(24 * MiB);
  CHECK(workspace.limit() == 24 * MiB);
  CHECK(workspace.kept() <= 24 * MiB);
  { const Vector<float> larger_than_the_limit(1 << 23); }
  CHECK(workspace.kept() <= 24 * MiB);
  workspace.release();
  CHECK(workspace.kept() == 0);
}
#endif

TEST_CASE("the threads of a loop take memory from the caller's workspace", "[core]") {
  const int before = num_threads();
  set_num_threads(3);
  Workspace workspace;
  std::vector<detail::Pool*> pools(32);
  {
    const WorkspaceScope use(workspace);
    parallel_for(32, [&](Index i) { pools[static_cast<std::size_t>(i)] = detail::current_pool; });
    CHECK(pools == std::vector<detail::Pool*>(32, detail::current_pool));
    CHECK(detail::current_pool != nullptr);
  }
  CHECK(detail::current_pool == nullptr);
  set_num_threads(before);
}

TEST_CASE("several threads take from one workspace and give back", "[core]") {
  Workspace workspace;
  const auto churn = [&](int seed) {
    const WorkspaceScope use(workspace);
    for (int i = 0; i < 2000; ++i) {
      Vector<double> a = Vector<double>::Constant(1 + (i * 37 + seed) % 500, seed), b = a;
      if (b.sum() != static_cast<double>(seed) * static_cast<double>(b.size())) return false;
    }
    return true;
  };
  std::array<bool, 4> right{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&, t] { right[static_cast<std::size_t>(t)] = churn(t + 1); });
  for (auto& thread : threads) thread.join();
  CHECK(right == std::array<bool, 4>{true, true, true, true});
}
