#include "base/counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace sluice {
namespace {

TEST(Counter, AddsAndSubtracts) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.add();
  counter.add(41);
  counter.sub(2);
  counter.sub();
  EXPECT_EQ(counter.value(), 39U);
}

TEST(Counter, NeverRunsBackwardsForAReaderOnAnotherThread) {
  constexpr uint64_t kRounds = 100'000;
  Counter counter;
  std::thread writer([&counter] {
    for (uint64_t i = 0; i < kRounds; ++i) counter.add();
  });
  uint64_t last = 0;
  while (last < kRounds) {
    const uint64_t seen = counter.value();
    ASSERT_GE(seen, last);
    last = seen;
  }
  writer.join();
  EXPECT_EQ(counter.value(), kRounds);
}

}  // namespace
}  // namespace sluice
