#include "deltanet/core/spin_wait.hpp"

#include "support/catch.hpp"

using deltanet::detail::SpinWait;
using std::chrono::milliseconds;

TEST_CASE("who waits goes on when it is told, be it that it looks or that it sleeps") {
  for (const auto spin_time : {milliseconds(0), milliseconds(10000)}) {
    SpinWait place(spin_time);
    std::atomic<int> turn{0};
    std::thread other([&] {
      for (int i = 1; i < 2000; i += 2) {
        place.wait([&] { return turn == i; });
        ++turn;
        place.notify();
      }
    });
    for (int i = 0; i < 2000; i += 2) {
      place.wait([&] { return turn == i; });
      ++turn;
      place.notify();
    }
    other.join();
    CHECK(turn == 2000);
  }
}

#ifdef __linux__
#include <ctime>

TEST_CASE("who waits for long uses the processor for a short time") {
  const auto used = [] {  // by this thread, in seconds
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  SpinWait place(milliseconds(1));
  std::atomic<bool> told{false};
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(300));
    told = true;
    place.notify();
  });
  const double before = used();
  place.wait([&] { return told.load(); });
  CHECK(used() - before < 0.1);
  other.join();
}
#endif
