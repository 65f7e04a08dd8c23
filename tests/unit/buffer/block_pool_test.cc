#include "buffer/block_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace sluice {
namespace {

TEST(BlockPool, LendsEveryBlockOnceAndThenNone) {
  BlockPool pool(3, 64);
  EXPECT_EQ(pool.try_lend(), BlockId{0});
  EXPECT_EQ(pool.try_lend(), BlockId{1});
  EXPECT_EQ(pool.try_lend(), BlockId{2});
  EXPECT_EQ(pool.lent(), 3U);
  EXPECT_EQ(pool.try_lend(), BlockId::None);
  EXPECT_EQ(pool.lent(), 3U);
}

TEST(BlockPool, LendsTheBlockGivenBackLastFirst) {
  BlockPool pool(4, 64);
  const BlockId a = pool.try_lend();
  const BlockId b = pool.try_lend();
  pool.give_back(a);
  pool.give_back(b);
  EXPECT_EQ(pool.lent(), 0U);
  EXPECT_EQ(pool.try_lend(), b);
  EXPECT_EQ(pool.try_lend(), a);
  EXPECT_EQ(pool.try_lend(), BlockId{2});
}

TEST(BlockPool, HasBlocksThatAreApartInOneAlignedRegion) {
  BlockPool pool(5, 1000);
  EXPECT_EQ(pool.count(), 5U);
  EXPECT_EQ(pool.block_bytes(), 1000U);
  EXPECT_EQ(pool.region().size(), 5000U);
  const auto address = reinterpret_cast<uintptr_t>(pool.region().data());
  EXPECT_EQ(address % static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)), 0U);
  for (uint32_t i = 0; i < 5; ++i) {
    const MutableBytes block = pool.bytes(BlockId{i});
    EXPECT_EQ(block.data(), pool.region().data() + i * 1000);
    EXPECT_EQ(block.size(), 1000U);
    std::ranges::fill(block, static_cast<std::byte>(i + 1));
  }
  for (uint32_t i = 0; i < 5; ++i) {
    const MutableBytes block = pool.bytes(BlockId{i});
    EXPECT_TRUE(std::ranges::all_of(
        block, [i](std::byte byte) { return byte == static_cast<std::byte>(i + 1); }));
  }
}

TEST(BlockPoolDeathTest, RefusesABlockThatIsNotLent) {
  BlockPool pool(2, 64);
  const BlockId block = pool.try_lend();
  pool.give_back(block);
  EXPECT_DEATH(pool.give_back(block), "given back once");
  EXPECT_DEATH(pool.give_back(BlockId{1}), "given back once");
  EXPECT_DEATH(pool.give_back(BlockId{2}), "no such block");
  EXPECT_DEATH(pool.give_back(BlockId::None), "no such block");
}

}  // namespace
}  // namespace sluice
