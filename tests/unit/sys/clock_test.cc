#include "sys/clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice {
namespace {

TEST(SystemClock, NeverGoesBack) {
  const SystemClock clock;
  Instant last = clock.now();
  EXPECT_GT(last, Instant{});
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, TellsTheWallClocksMilliseconds) {
  const auto system_ms = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const int64_t before = system_ms();
  const WallMs between = SystemClock().wall_ms();
  EXPECT_GE(between, before);
  EXPECT_LE(between, system_ms());
}

}  // namespace
}  // namespace sluice
