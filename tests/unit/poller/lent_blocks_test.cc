#include "poller/lent_blocks.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <random>

#include "sys/unique_fd.h"

namespace sluice {
namespace {

constexpr uint32_t kBytes = 512;

BlockId block(uint32_t index) { return static_cast<BlockId>(index); }

// ── The book: no kernel needed, who says which block it filled ──

TEST(LentBlocks, AreAllReadyInTheirGroups) {
  const LentBlocks blocks(6, 3, kBytes);
  EXPECT_EQ(blocks.count(), 9U);
  EXPECT_EQ(blocks.block_bytes(), kBytes);
  EXPECT_EQ(blocks.ready(BlockGroup::Hot), 6U);
  EXPECT_EQ(blocks.ready(BlockGroup::Overflow), 3U);
}

TEST(LentBlocks, TheOverflowMayBeMissing) {
  LentBlocks blocks(2, 0, kBytes);
  EXPECT_EQ(blocks.ready(BlockGroup::Overflow), 0U);
  EXPECT_EQ(blocks.take(BlockGroup::Hot, 1), block(1));
  blocks.give_back(block(1));
  blocks.publish();
  EXPECT_EQ(blocks.ready(BlockGroup::Hot), 2U);
}

TEST(LentBlocks, EachHasMemoryOfItsOwn) {
  LentBlocks blocks(3, 2, kBytes);
  for (uint16_t i = 0; i < 3; ++i) blocks.take(BlockGroup::Hot, i);
  for (uint16_t i = 0; i < 2; ++i) {
    EXPECT_EQ(blocks.take(BlockGroup::Overflow, i), block(3U + i)) << "numbered behind the others";
  }
  for (uint32_t i = 0; i < 5; ++i) {
    const MutableBytes bytes = blocks.bytes(block(i));
    ASSERT_EQ(bytes.size(), kBytes);
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(i));
  }
  for (uint32_t i = 0; i < 5; ++i) {
    for (const std::byte byte : blocks.bytes(block(i))) ASSERT_EQ(byte, static_cast<std::byte>(i));
  }
}

TEST(LentBlocks, GoBackToTheirOwnGroup) {
  LentBlocks blocks(2, 2, kBytes);
  const BlockId hot = blocks.take(BlockGroup::Hot, 0);
  const BlockId overflow = blocks.take(BlockGroup::Overflow, 0);
  EXPECT_EQ(blocks.ready(BlockGroup::Hot), 1U);
  EXPECT_EQ(blocks.ready(BlockGroup::Overflow), 1U);
  blocks.give_back(overflow);
  EXPECT_EQ(blocks.ready(BlockGroup::Hot), 1U);
  EXPECT_EQ(blocks.ready(BlockGroup::Overflow), 2U);
  blocks.give_back(hot);
  EXPECT_EQ(blocks.ready(BlockGroup::Hot), 2U);
}

TEST(LentBlocks, ABundleGoesOnInTheOrderInWhichTheyCameBack) {
  LentBlocks blocks(4, 0, kBytes);
  for (uint16_t i = 0; i < 4; ++i) blocks.take(BlockGroup::Hot, i);
  for (const uint32_t i : {2U, 0U, 3U, 1U}) blocks.give_back(block(i));
  blocks.publish();
  BlockId next = blocks.take(BlockGroup::Hot, 2);
  for (const uint32_t i : {0U, 3U, 1U}) {
    next = blocks.take_next(next);
    EXPECT_EQ(next, block(i));
  }
}

// Five blocks in a ring of eight entries: the row wraps round at another place each time.
TEST(LentBlocks, ABundleWrapsRoundARingThatIsNotFull) {
  for (const BlockGroup group : {BlockGroup::Hot, BlockGroup::Overflow}) {
    LentBlocks blocks(5, 5, kBytes);
    const uint32_t first = group == BlockGroup::Hot ? 0 : 5;
    constexpr uint32_t kSeed = 7;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    std::mt19937 random(kSeed);
    std::vector<uint32_t> order{0, 1, 2, 3, 4};
    for (int round = 0; round < 30; ++round) {
      BlockId next = blocks.take(group, static_cast<uint16_t>(order[0]));
      for (size_t i = 1; i < order.size(); ++i) {
        next = blocks.take_next(next);
        ASSERT_EQ(next, block(first + order[i]));
      }
      std::shuffle(order.begin(), order.end(), random);
      for (const uint32_t i : order) blocks.give_back(block(first + i));
    }
  }
}

TEST(LentBlocksDeathTest, ABlockComesBackOnce) {
  LentBlocks blocks(2, 2, kBytes);
  const BlockId lent = blocks.take(BlockGroup::Hot, 1);
  EXPECT_DEATH(blocks.give_back(block(0)), "not lent");
  EXPECT_DEATH(blocks.give_back(BlockId::None), "not lent");
  blocks.give_back(lent);
  EXPECT_DEATH(blocks.give_back(lent), "not lent");
  blocks.publish();
  EXPECT_DEATH(blocks.give_back(lent), "not lent");
}

TEST(LentBlocksDeathTest, AKernelThatFillsWhatItDoesNotHaveIsNotBelieved) {
  LentBlocks blocks(2, 1, kBytes);
  blocks.take(BlockGroup::Hot, 1);
  EXPECT_DEATH(blocks.take(BlockGroup::Hot, 1), "is lent");
  EXPECT_DEATH(blocks.take(BlockGroup::Hot, 2), "does not exist");
  EXPECT_DEATH(blocks.take(BlockGroup::Overflow, 1), "does not exist");
}

// ── With the kernel ──

class LentBlocksInARing : public testing::Test {
 protected:
  void start(uint32_t hot, uint32_t overflow) {
    blocks_ = std::make_unique<LentBlocks>(hot, overflow, kBytes);
    auto ring = UringRing::make({8, 32});
    if (!ring.ok()) GTEST_SKIP() << "io_uring is not to be had here: " << ring.status();
    ring_ = *std::move(ring);
    const absl::Status status = blocks_->register_with(*ring_);
    ASSERT_TRUE(status.ok()) << status;
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    there_ = UniqueFd(ends[0]);
    here_ = UniqueFd(ends[1]);
  }

  // The result of one receive of one datagram: the block it came in, or -errno.
  std::optional<BlockId> receive(BlockGroup group, std::string_view text) {
    EXPECT_EQ(::send(there_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    io_uring_sqe& sqe = ring_->next_sqe();
    io_uring_prep_recv(&sqe, here_.get(), nullptr, 0, 0);
    sqe.flags = IOSQE_BUFFER_SELECT;
    sqe.buf_group = static_cast<uint16_t>(group);
    while (ring_->next_cqe() == nullptr) ring_->enter({.completions = 1, .for_ever = true});
    const io_uring_cqe cqe = *ring_->next_cqe();
    ring_->done();
    if (cqe.res == -ENOBUFS) {
      std::array<char, kBytes> waste{};
      EXPECT_GT(::read(here_.get(), waste.data(), waste.size()), 0);
      return std::nullopt;
    }
    EXPECT_EQ(cqe.res, static_cast<int>(text.size()));
    const BlockId block =
        blocks_->take(group, static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT));
    EXPECT_EQ(text_of(blocks_->bytes(block).first(text.size())), text);
    return block;
  }

  std::unique_ptr<LentBlocks> blocks_;
  std::unique_ptr<UringRing> ring_;
  UniqueFd there_;
  UniqueFd here_;
};

TEST_F(LentBlocksInARing, AreFilledInTheOrderInWhichTheyWerePublished) {
  start(4, 2);
  if (IsSkipped()) return;
  for (const uint32_t i : {0U, 1U, 2U, 3U}) EXPECT_EQ(receive(BlockGroup::Hot, "once"), block(i));
  for (const uint32_t i : {4U, 5U}) EXPECT_EQ(receive(BlockGroup::Overflow, "else"), block(i));
  for (const uint32_t i : {3U, 1U, 0U, 2U}) blocks_->give_back(block(i));
  blocks_->publish();
  for (const uint32_t i : {3U, 1U, 0U, 2U}) EXPECT_EQ(receive(BlockGroup::Hot, "more"), block(i));
}

TEST_F(LentBlocksInARing, AreTheKernelsOnlyWhenPublished) {
  start(2, 0);
  if (IsSkipped()) return;
  const auto first = receive(BlockGroup::Hot, "first");
  const auto second = receive(BlockGroup::Hot, "second");
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(receive(BlockGroup::Hot, "lost"), std::nullopt);
  blocks_->give_back(*second);
  EXPECT_EQ(receive(BlockGroup::Hot, "lost too"), std::nullopt);
  blocks_->publish();
  blocks_->publish();  // changes nothing
  EXPECT_EQ(receive(BlockGroup::Hot, "third"), second);
  EXPECT_EQ(receive(BlockGroup::Hot, "lost again"), std::nullopt);
}

// The tail is a number of 16 bits and wraps.
TEST_F(LentBlocksInARing, GoRoundMoreOftenThanTheirCounterCounts) {
  start(3, 0);
  if (IsSkipped()) return;
  for (uint32_t i = 0; i < 70'000; ++i) {
    ASSERT_EQ(receive(BlockGroup::Hot, "round"), block(i % 3)) << i;
    blocks_->give_back(block(i % 3));
    blocks_->publish();
  }
}

TEST_F(LentBlocksInARing, AreRegisteredOnce) {
  start(2, 2);
  if (IsSkipped()) return;
  const absl::Status again = blocks_->register_with(*ring_);
  EXPECT_NE(again.message().find("cannot register a ring of buffers"), std::string_view::npos)
      << again;
}

}  // namespace
}  // namespace sluice
