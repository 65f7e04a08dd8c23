#include "broker/snowflake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr WallMs kEpoch = 1'577'836'800'000;  // 2020-01-01 UTC
constexpr WallMs kNow = 1'700'000'000'000;

int64_t ms_of(int64_t id) { return id >> 22; }
int64_t node_of(int64_t id) { return id >> 12 & 1023; }
int64_t sequence_of(int64_t id) { return id & 4095; }

TEST(Snowflake, IsMillisecondsThenNodeThenSequence) {
  Snowflake ids(1001);
  const int64_t first = ids.next(kNow);
  EXPECT_EQ(ms_of(first), kNow - kEpoch);
  EXPECT_EQ(node_of(first), 1001);
  EXPECT_EQ(sequence_of(first), 0);
  const int64_t second = ids.next(kNow);
  EXPECT_EQ(ms_of(second), kNow - kEpoch);
  EXPECT_EQ(sequence_of(second), 1);
  const int64_t later = ids.next(kNow + 1);
  EXPECT_EQ(ms_of(later), kNow + 1 - kEpoch);
  EXPECT_EQ(sequence_of(later), 0);
}

TEST(Snowflake, KeepsNodesApart) {
  Snowflake low(0);
  Snowflake high(1023);
  EXPECT_EQ(node_of(low.next(kNow)), 0);
  EXPECT_EQ(node_of(high.next(kNow)), 1023);
  EXPECT_EQ(node_of(high.next(kNow)), 1023);
}

TEST(Snowflake, BorrowsTheNextMillisecondAfter4096Ids) {
  Snowflake ids(7);
  int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int64_t id = ids.next(kNow);
    ASSERT_GT(id, last);
    ASSERT_EQ(ms_of(id), kNow - kEpoch + i / 4096);
    ASSERT_EQ(sequence_of(id), i % 4096);
    ASSERT_EQ(node_of(id), 7);
    last = id;
  }
}

TEST(Snowflake, NeverGoesBackWithTheClock) {
  Snowflake ids(7);
  int64_t last = ids.next(kNow);
  for (const WallMs now : {kNow - 1, kNow - 3'600'000, kEpoch, kNow, kNow + 1, kNow - 1}) {
    const int64_t id = ids.next(now);
    EXPECT_GT(id, last);
    last = id;
  }
}

TEST(Snowflake, StaysPositiveWhileTheClockIsNotSetYet) {
  // A machine without a battery starts in 1970; what came out before were ids from the far future
  // (1970 as an unsigned number of milliseconds since 2020), or negative ones.
  for (const WallMs now : {WallMs{0}, kEpoch - 1, kEpoch}) {
    Snowflake ids(1023);
    int64_t last = 0;
    for (int i = 0; i < 5000; ++i) {
      const int64_t id = ids.next(now);
      ASSERT_GT(id, last) << now;
      ASSERT_LE(ms_of(id), 1) << now;
      last = id;
    }
    EXPECT_EQ(ms_of(ids.next(kNow)), kNow - kEpoch) << now;
  }
}

TEST(Snowflake, IsUniqueAndRisingForEveryThread) {
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 20'000;
  Snowflake ids(1);
  std::vector<std::vector<int64_t>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<int64_t>& mine : drawn) {
    threads.emplace_back([&ids, &mine] {
      mine.reserve(kEach);
      // The clock moves on now and then, as it does for reactors that read it once a turn.
      for (size_t i = 0; i < kEach; ++i) {
        mine.push_back(ids.next(kNow + static_cast<WallMs>(i / 1000)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<int64_t> all;
  for (const std::vector<int64_t>& mine : drawn) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_GT(all.front(), 0);
}

}  // namespace
}  // namespace sluice
