#include "deltanet/core/thread_team.hpp"

#include <map>
#include <set>

#include "support/catch.hpp"

using deltanet::detail::ThreadTeam;

TEST_CASE("a team's caller works whether or not its helpers come, and as many come as are wanted") {
  ThreadTeam team(3);
  for (const int helpers : {0, 1, 3}) {
    std::mutex guard;
    std::set<std::thread::id> seen;
    for (int job = 0; job < 200; ++job) {
      std::set<std::thread::id> here;
      std::atomic<int> working{0}, most{0};
      CHECK(team.run(helpers, [&](int) {
        const int together = ++working;
        {
          const std::lock_guard lock(guard);
          here.insert(std::this_thread::get_id());
          most = std::max(most.load(), together);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --working;
      }));
      CHECK(working == 0);
      CHECK(most <= 1 + helpers);
      CHECK(here.count(std::this_thread::get_id()) == 1);
      seen.insert(here.begin(), here.end());
    }
    CHECK(seen.size() >= (helpers > 0 ? 2U : 1U));
  }
}

TEST_CASE("the caller is thread 0, and a helper is the same thread each time") {
  ThreadTeam team(2);
  std::mutex guard;
  std::map<int, std::set<std::thread::id>> seen;
  for (int job = 0; job < 300; ++job)
    CHECK(team.run(2, [&](int thread) {
      const std::lock_guard lock(guard);
      seen[thread].insert(std::this_thread::get_id());
    }));
  for (const auto& [thread, ids] : seen) {
    CHECK(thread <= 2);
    CHECK(ids.size() == 1);
  }
  CHECK(seen[0].count(std::this_thread::get_id()) == 1);
}

TEST_CASE("helpers that have gone to sleep are woken") {
  ThreadTeam team(1);
  for (int job = 0; job < 5; ++job) {
    std::this_thread::sleep_for(3 * ThreadTeam::patience);
    std::atomic<int> came{0};
    CHECK(team.run(1, [&](int) {
      ++came;
      const auto start = std::chrono::steady_clock::now();  // what is left to one alone takes as long as it takes to be woken
      while (came < 2 && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) std::this_thread::yield();
    }));
    CHECK(came == 2);
  }
}

TEST_CASE("a team serves one caller at a time and turns others away") {
  ThreadTeam team(1);
  std::atomic<bool> entered{false}, leave{false};
  std::thread other([&] {
    (void)team.run(0, [&](int) {
      entered = true;
      while (!leave) std::this_thread::yield();
    });
  });
  while (!entered) std::this_thread::yield();
  bool called = false;
  CHECK_FALSE(team.run(1, [&](int) { called = true; }));
  CHECK_FALSE(called);
  leave = true;
  other.join();
  CHECK(team.run(1, [&](int) { called = true; }));
  CHECK(called);
}

TEST_CASE("a team may be dissolved at any time between jobs") {
  for (int i = 0; i < 50; ++i) {
    ThreadTeam team(4);
    if (i % 2 == 0) CHECK(team.run(4, [](int) {}));
    if (i % 10 == 0) std::this_thread::sleep_for(2 * ThreadTeam::patience);
  }
}
