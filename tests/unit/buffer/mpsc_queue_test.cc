#include "buffer/mpsc_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace sluice {
namespace {

struct Letter {
  uint32_t sender;
  uint32_t number;
};

TEST(MpscQueue, HandsOutInOrderAndSaysWhenItIsFullOrEmpty) {
  MpscQueue<int> queue(4);
  EXPECT_EQ(queue.capacity(), 4U);
  int out = 0;
  EXPECT_FALSE(queue.try_pop(out));
  EXPECT_TRUE(queue.maybe_empty_seq_cst());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.try_push(i));
  EXPECT_FALSE(queue.try_push(4));
  EXPECT_FALSE(queue.maybe_empty_seq_cst());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(queue.try_pop(out));
    EXPECT_EQ(out, i);
  }
  EXPECT_FALSE(queue.try_pop(out));
  EXPECT_TRUE(queue.maybe_empty_seq_cst());
}

TEST(MpscQueue, WrapsAroundManyTimes) {
  MpscQueue<uint32_t> queue(2);
  uint32_t pushed = 0;
  uint32_t popped = 0;
  for (int round = 0; round < 10'000; ++round) {
    while (queue.try_push(pushed)) ++pushed;
    uint32_t out = 0;
    for (int i = 0; i < 1 + round % 2; ++i) {
      ASSERT_TRUE(queue.try_pop(out));
      ASSERT_EQ(out, popped++);
    }
  }
  EXPECT_LE(pushed - popped, 2U);
  EXPECT_GT(popped, 10'000U);
}

TEST(MpscQueue, KeepsTheOrderOfEachProducerAndLosesNothing) {
  constexpr uint32_t kSenders = 4;
  constexpr uint32_t kLetters = 20'000;
  MpscQueue<Letter> queue(64);
  std::vector<std::thread> threads;
  for (uint32_t sender = 0; sender < kSenders; ++sender) {
    threads.emplace_back([&queue, sender] {
      for (uint32_t number = 0; number < kLetters;) {
        if (queue.try_push({sender, number})) {
          ++number;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::array<uint32_t, kSenders> next{};
  for (uint32_t left = kSenders * kLetters; left > 0;) {
    Letter letter{};
    if (!queue.try_pop(letter)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_LT(letter.sender, kSenders);
    ASSERT_EQ(letter.number, next[letter.sender]++);
    --left;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(queue.maybe_empty_seq_cst());
}

// The protocol of mpsc_queue.h. A lost wake would leave the consumer waiting for ever, and the test
// would hang.
TEST(MpscQueue, IsNeverSleptThrough) {
  constexpr uint32_t kSenders = 2;
  constexpr uint32_t kLetters = 5'000;
  MpscQueue<Letter> queue(16);
  std::atomic<bool> asleep{false};
  std::atomic<uint32_t> bell{0};
  std::vector<std::thread> threads;
  for (uint32_t sender = 0; sender < kSenders; ++sender) {
    threads.emplace_back([&, sender] {
      for (uint32_t number = 0; number < kLetters;) {
        if (!queue.try_push({sender, number})) {
          std::this_thread::yield();
          continue;
        }
        ++number;
        if (asleep.exchange(false)) {
          bell.fetch_add(1);
          bell.notify_one();
        }
      }
    });
  }
  for (uint32_t left = kSenders * kLetters; left > 0;) {
    Letter letter{};
    if (queue.try_pop(letter)) {
      --left;
      continue;
    }
    const uint32_t heard = bell.load();
    asleep.store(true);
    if (queue.maybe_empty_seq_cst()) {
      bell.wait(heard);
    }
    asleep.store(false);
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(MpscQueueDeathTest, TakesAPowerOfTwo) {
  EXPECT_DEATH(MpscQueue<int>(0), "power of two");
  EXPECT_DEATH(MpscQueue<int>(1), "power of two");
  EXPECT_DEATH(MpscQueue<int>(12), "power of two");
}

}  // namespace
}  // namespace sluice
