#include "gateway/out_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace sluice {
namespace {

class OutQueueTest : public ::testing::Test {
 protected:
  ~OutQueueTest() override {
    queue_.clear(pool_);
    EXPECT_EQ(pool_.lent_bytes(), 0U);
  }

  void put(std::string_view text) {
    const MutableBytes room = queue_.append(text.size(), pool_);
    ASSERT_EQ(room.size(), text.size());
    std::copy_n(bytes_of(text).begin(), text.size(), room.begin());
  }
  SharedFrame& shared(std::string_view text) {
    SharedFrame& frame = SharedFrame::make(text.size(), pool_);
    EXPECT_EQ(frame.bytes().size(), text.size());
    std::copy_n(bytes_of(text).begin(), text.size(), frame.bytes().begin());
    return frame;
  }
  // All that is queued, in order.
  std::string contents() const {
    std::vector<Bytes> parts(10'000);
    parts.resize(queue_.gather(parts));
    std::string text;
    for (const Bytes part : parts) text += text_of(part);
    return text;
  }

  BufferPool pool_;
  OutQueue queue_;
};

TEST_F(OutQueueTest, OwnsNothingWhileItIsEmpty) {
  std::array<Bytes, 4> parts;
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0U);
  EXPECT_EQ(queue_.gather(parts), 0U);
  EXPECT_EQ(pool_.lent_bytes(), 0U);
  put("x");
  EXPECT_FALSE(queue_.empty());
  EXPECT_GT(pool_.lent_bytes(), 0U);
  queue_.consume(1, pool_);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(pool_.lent_bytes(), 0U);
}

TEST_F(OutQueueTest, LaysAppendedBytesBehindEachOther) {
  put("one ");
  put("two ");
  put("three");
  std::array<Bytes, 4> parts;
  ASSERT_EQ(queue_.gather(parts), 1U);
  EXPECT_EQ(text_of(parts[0]), "one two three");
  EXPECT_EQ(queue_.bytes(), 13U);
}

TEST_F(OutQueueTest, KeepsTheOrderOfOwnAndSharedPieces) {
  SharedFrame& frame = shared("shared ");
  put("before ");
  queue_.append_shared(frame, pool_);
  put("between ");
  queue_.append_shared(frame, pool_);
  put("after");
  frame.let_go(pool_);
  EXPECT_EQ(contents(), "before shared between shared after");
  EXPECT_EQ(queue_.bytes(), 34U);
}

TEST_F(OutQueueTest, HoldsASharedFrameUntilItsLastByteWent) {
  SharedFrame& frame = shared(std::string(5000, 's'));
  OutQueue other;
  queue_.append_shared(frame, pool_);
  other.append_shared(frame, pool_);
  frame.let_go(pool_);
  const size_t both = pool_.lent_bytes();
  queue_.consume(5000, pool_);
  EXPECT_EQ(pool_.lent_bytes(), both - BufferPool::kClassBytesMin);  // the piece, not the frame
  other.consume(4999, pool_);
  EXPECT_EQ(pool_.lent_bytes(), both - BufferPool::kClassBytesMin);
  other.consume(1, pool_);
  EXPECT_EQ(pool_.lent_bytes(), 0U);
}

TEST_F(OutQueueTest, GathersNoMorePartsThanThereIsRoomFor) {
  SharedFrame& frame = shared("s");
  for (int i = 0; i < 5; ++i) queue_.append_shared(frame, pool_);
  frame.let_go(pool_);
  std::array<Bytes, 8> parts;
  EXPECT_EQ(queue_.gather(std::span(parts).first(3)), 3U);
  EXPECT_EQ(queue_.gather(std::span(parts).first(5)), 5U);
  EXPECT_EQ(queue_.gather(parts), 5U);
  EXPECT_EQ(queue_.gather({}), 0U);
}

TEST_F(OutQueueTest, ConsumesInsideAPieceAndAcrossPieces) {
  SharedFrame& frame = shared("SHARED");
  put("abc");
  queue_.append_shared(frame, pool_);
  frame.let_go(pool_);
  put("xyz");
  queue_.consume(0, pool_);
  EXPECT_EQ(contents(), "abcSHAREDxyz");
  queue_.consume(2, pool_);
  EXPECT_EQ(contents(), "cSHAREDxyz");
  queue_.consume(4, pool_);
  EXPECT_EQ(contents(), "REDxyz");
  queue_.consume(4, pool_);
  EXPECT_EQ(contents(), "yz");
  put("!");
  EXPECT_EQ(contents(), "yz!");
  queue_.consume(3, pool_);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(OutQueueTest, NeverMovesBytesWhileItGrows) {
  put("first");
  std::array<Bytes, 1> first;
  ASSERT_EQ(queue_.gather(first), 1U);
  const std::byte* const where = first[0].data();
  for (int i = 0; i < 1000; ++i) put("more and more of it, piece by piece; ");
  EXPECT_EQ(text_of(first[0]), "first");
  std::array<Bytes, 1> again;
  ASSERT_EQ(queue_.gather(again), 1U);
  EXPECT_EQ(again[0].data(), where);
}

TEST_F(OutQueueTest, TakesAFrameThatIsLargerThanAnyPiece) {
  const std::string big(1 << 20, 'b');
  put("small");
  put(big);
  put("small");
  EXPECT_EQ(contents(), "small" + big + "small");
}

TEST_F(OutQueueTest, AbortsWhenMoreGoesOutThanWasQueued) {
  put("abc");
  EXPECT_DEATH(queue_.consume(4, pool_), "no more goes out than was queued");
}

// Against a plain string, with sends that always cover a gathered front, as the connection's do.
TEST_F(OutQueueTest, IsAStringToWhoeverLooks) {
  constexpr uint32_t kSeed = 20231114;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const auto upto = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n)(random); };
  std::string model;
  for (int step = 0; step < 3000; ++step) {
    const std::string text(1 + upto(upto(9) == 0 ? 6000 : 60), static_cast<char>('a' + step % 26));
    switch (upto(3)) {
      case 0: {
        SharedFrame& frame = shared(text);
        queue_.append_shared(frame, pool_);
        frame.let_go(pool_);
        model += text;
        break;
      }
      case 1: {
        const size_t n = upto(std::min<size_t>(model.size(), 9000));
        queue_.consume(n, pool_);
        model.erase(0, n);
        break;
      }
      default:
        put(text);
        model += text;
    }
    ASSERT_EQ(queue_.bytes(), model.size());
    if (step % 50 == 0) {
      ASSERT_EQ(contents(), model);
    }
  }
  ASSERT_EQ(contents(), model);
}

}  // namespace
}  // namespace sluice
