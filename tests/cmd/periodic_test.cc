#include "cmd/periodic.h"

#include <atomic>
#include <chrono>

#include <gtest/gtest.h>

namespace silverback::cmd {
namespace {

using namespace std::chrono_literals;

TEST(Periodic, CallsAgainAndAgainUntilItIsDestroyed) {
  std::atomic<int> calls{0};
  {
    const Periodic periodic("test", 0ms, 1ms, [&] { ++calls; });
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (calls < 3 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    EXPECT_GE(calls, 3);
  }
  const int at_the_end = calls;
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(calls, at_the_end);
}

TEST(Periodic, EndsAtOnceThoughTheNextCallIsFarAway) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const Periodic periodic("test", 1h, 1h, [] {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

}  // namespace
}  // namespace silverback::cmd
