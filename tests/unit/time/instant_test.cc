#include "time/instant.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(Instant, IsLaterByALength) {
  constexpr Instant kStart{5s};
  static_assert(instant_after(kStart, 250ms) == Instant{5250ms});
  static_assert(instant_after(kStart, -1s) == Instant{4s});
  static_assert(kStart < kNever);
}

TEST(Instant, NeverOverflows) {
  EXPECT_EQ(instant_after(Instant{1s}, Duration::max()), kNever);
  EXPECT_EQ(instant_after(kNever, 1s), kNever);
  EXPECT_EQ(instant_after(Instant{0s}, Duration::max()), kNever);
  EXPECT_EQ(instant_after(kNever - 1s, 1s), kNever);
}

}  // namespace
}  // namespace sluice
