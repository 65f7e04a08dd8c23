#include "buffer/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>

namespace sluice {
namespace {

TEST(BufferPool, RoundsUpToItsClasses) {
  static_assert(BufferPool::class_of(0) == 256);
  static_assert(BufferPool::class_of(1) == 256);
  static_assert(BufferPool::class_of(256) == 256);
  static_assert(BufferPool::class_of(257) == 512);
  static_assert(BufferPool::class_of(100'000) == 131'072);
  static_assert(BufferPool::class_of(4'194'304) == 4'194'304);
}

TEST(BufferPoolDeathTest, HasNoClassOverItsLargest) {
  EXPECT_DEATH(static_cast<void>(BufferPool::class_of(BufferPool::kClassBytesMax + 1)),
               "no buffer class is that large");
}

TEST(BufferPool, LendsAgainWhatCameBackLast) {
  BufferPool pool;
  std::byte* a = pool.lend(256);
  std::byte* b = pool.lend(256);
  std::byte* other_class = pool.lend(512);
  EXPECT_EQ(pool.lent_bytes(), 1024U);
  pool.give_back(a, 256);
  pool.give_back(b, 256);
  pool.give_back(other_class, 512);
  EXPECT_EQ(pool.lent_bytes(), 0U);
  EXPECT_EQ(pool.cached_bytes(), 1024U);
  EXPECT_EQ(pool.lend(256), b);
  EXPECT_EQ(pool.lend(256), a);
  EXPECT_EQ(pool.lend(512), other_class);
  EXPECT_EQ(pool.cached_bytes(), 0U);
  pool.give_back(a, 256);
  pool.give_back(b, 256);
  pool.give_back(other_class, 512);
}

TEST(BufferPool, KeepsNoMoreThanItsBound) {
  BufferPool pool(1024);
  std::byte* large = pool.lend(1024);
  std::byte* small = pool.lend(256);
  std::byte* giant = pool.lend(4096);
  pool.give_back(giant, 4096);
  EXPECT_EQ(pool.cached_bytes(), 0U);
  pool.give_back(small, 256);
  EXPECT_EQ(pool.cached_bytes(), 256U);
  pool.give_back(large, 1024);
  EXPECT_EQ(pool.cached_bytes(), 256U);
  EXPECT_EQ(pool.lent_bytes(), 0U);
}

TEST(BufferPool, KeepsNothingWithoutACache) {
  BufferPool pool(0);
  pool.give_back(pool.lend(256), 256);
  EXPECT_EQ(pool.cached_bytes(), 0U);
}

TEST(BufferPool, LendsAllOfEveryClass) {
  BufferPool pool;
  for (size_t bytes = BufferPool::kClassBytesMin; bytes <= BufferPool::kClassBytesMax; bytes *= 2) {
    std::byte* storage = pool.lend(bytes);
    std::memset(storage, 0x5a, bytes);
    pool.give_back(storage, bytes);
  }
  EXPECT_EQ(pool.lent_bytes(), 0U);
}

}  // namespace
}  // namespace sluice
