#include "deltanet/core/thread_team.hpp"

#include <map>
#include <set>

#include "laws/executor_laws.hpp"

using deltanet::ThreadTeam;

TEST_CASE("a team of any size is an executor") {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    CHECK(team.concurrency() == threads);
    deltanet::test::check_executor(team);
  }
  CHECK_THROWS_WITH(ThreadTeam(0), "threads: expected at least 1, got 0");
}

TEST_CASE("no more threads work at a time than there are tasks, and helpers come") {
  ThreadTeam team(4);
  for (const int tasks : {1, 2, 4}) {
    std::mutex guard;
    std::set<std::thread::id> seen;
    for (int job = 0; job < 200; ++job) {
      std::atomic<int> working{0}, most{0};
      team.run(tasks, [&](int) {
        const int together = ++working;
        {
          const std::lock_guard lock(guard);
          seen.insert(std::this_thread::get_id());
          most = std::max(most.load(), together);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --working;
      });
      CHECK(working == 0);
      CHECK(most <= tasks);
    }
    CHECK(seen.size() >= (tasks > 1 ? 2U : 1U));
  }
}

TEST_CASE("the caller takes task 0, and helpers those of their numbers where all come in time") {
  ThreadTeam team(3);
  std::map<int, std::set<std::thread::id>> seen;
  for (int job = 0; job < 50; ++job) {
    std::mutex guard;
    std::atomic<int> came{0};
    std::map<int, std::thread::id> here;
    team.run(3, [&](int task) {
      {
        const std::lock_guard lock(guard);
        here[task] = std::this_thread::get_id();
      }
      ++came;  // nobody takes a second task while others may still come
      const auto start = std::chrono::steady_clock::now();
      while (came < 3 && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) std::this_thread::yield();
    });
    for (const auto& [task, id] : here) seen[task].insert(id);
  }
  CHECK(seen[0] == std::set{std::this_thread::get_id()});
  for (const auto& [task, ids] : seen) CHECK(ids.size() == 1);
}

TEST_CASE("helpers that have gone to sleep are woken, and so is a caller") {
  ThreadTeam team(2);
  for (int job = 0; job < 5; ++job) {
    std::this_thread::sleep_for(3 * ThreadTeam::spin_time);
    std::atomic<int> came{0};
    team.run(2, [&](int task) {
      ++came;
      const auto start = std::chrono::steady_clock::now();  // what is left to one alone takes as long as it takes to be woken
      while (came < 2 && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) std::this_thread::yield();
      if (task == 1) std::this_thread::sleep_for(20 * ThreadTeam::caller_spin_time);
    });
    CHECK(came == 2);
  }
}

TEST_CASE("a team serves one caller at a time; another runs its tasks itself") {
  ThreadTeam team(2);
  std::atomic<bool> entered{false}, leave{false};
  std::thread other([&] {
    team.run(2, [&](int) {
      entered = true;
      while (!leave) std::this_thread::yield();
    });
  });
  while (!entered) std::this_thread::yield();
  std::vector<std::thread::id> ran;
  team.run(2, [&](int) { ran.push_back(std::this_thread::get_id()); });
  CHECK(ran == std::vector<std::thread::id>(2, std::this_thread::get_id()));
  leave = true;
  other.join();
}

TEST_CASE("a team may be dissolved at any time between jobs") {
  for (int i = 0; i < 50; ++i) {
    ThreadTeam team(5);
    if (i % 2 == 0) team.run(5, [](int) {});
    if (i % 10 == 0) std::this_thread::sleep_for(2 * ThreadTeam::spin_time);
  }
}
