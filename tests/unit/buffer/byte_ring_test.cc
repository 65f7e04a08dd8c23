#include "buffer/byte_ring.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace sluice {
namespace {

constexpr size_t kLimit = 1 << 20;

// `size` letters that run on from a place in the alphabet.
std::string letters(size_t size, size_t from = 0) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (from + i) % 26);
  return text;
}

std::string all_of(const ByteRing& ring) {
  const ByteRing::View view = ring.view();
  return std::string(text_of(view.first)) + std::string(text_of(view.second));
}

RingAppend append(ByteRing& ring, std::string_view text, BufferPool& pool, size_t limit = kLimit) {
  return ring.append(bytes_of(text), limit, pool);
}

TEST(ByteRing, OwnsNothingWhileItIsEmpty) {
  BufferPool pool;
  ByteRing ring;
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.capacity(), 0U);
  EXPECT_EQ(append(ring, "", pool), RingAppend::Ok);
  EXPECT_EQ(pool.lent_bytes(), 0U);
  EXPECT_TRUE(ring.view().first.empty());
  EXPECT_TRUE(ring.contiguous(0, pool).empty());
  ASSERT_EQ(append(ring, "abc", pool), RingAppend::Ok);
  EXPECT_EQ(pool.lent_bytes(), 256U);
  EXPECT_EQ(all_of(ring), "abc");
  ring.consume(3, pool);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(pool.lent_bytes(), 0U);
}

// The picture in byte_ring.h.
TEST(ByteRing, WrapsAsItsPictureShows) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, letters(200), pool), RingAppend::Ok);
  ring.consume(150, pool);
  ASSERT_EQ(append(ring, letters(126, 200), pool), RingAppend::Ok);
  EXPECT_EQ(ring.capacity(), 256U);
  EXPECT_EQ(ring.size(), 176U);
  EXPECT_EQ(ring.view().first.size(), 106U);
  EXPECT_EQ(ring.view().second.size(), 70U);
  EXPECT_EQ(all_of(ring), letters(176, 150));
  ring.clear(pool);
}

TEST(ByteRing, MakesWrappedBytesContiguousAndLeavesOthersWhereTheyAre) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, letters(200), pool), RingAppend::Ok);
  ring.consume(150, pool);
  ASSERT_EQ(append(ring, letters(126, 200), pool), RingAppend::Ok);
  const std::byte* before = ring.view().first.data();
  EXPECT_EQ(ring.contiguous(106, pool).data(), before);
  EXPECT_EQ(text_of(ring.contiguous(107, pool)), letters(107, 150));
  EXPECT_TRUE(ring.view().second.empty());
  EXPECT_EQ(all_of(ring), letters(176, 150));
  EXPECT_EQ(pool.lent_bytes(), 256U);
  ring.clear(pool);
}

TEST(ByteRing, LetsItsBytesBeChangedInPlace) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, "masked", pool), RingAppend::Ok);
  for (std::byte& byte : ring.contiguous(4, pool)) byte ^= std::byte{0x20};
  EXPECT_EQ(all_of(ring), "MASKed");
  ring.clear(pool);
}

TEST(ByteRing, DoublesAsBytesArriveAndKeepsTheirOrder) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, letters(200), pool), RingAppend::Ok);
  ring.consume(150, pool);
  ASSERT_EQ(append(ring, letters(126, 200), pool), RingAppend::Ok);
  ASSERT_EQ(append(ring, letters(100, 326), pool), RingAppend::Ok);
  EXPECT_EQ(ring.capacity(), 512U);
  EXPECT_EQ(all_of(ring), letters(276, 150));
  ASSERT_EQ(append(ring, letters(5000, 426), pool), RingAppend::Ok);
  EXPECT_EQ(ring.capacity(), 8192U);
  EXPECT_EQ(pool.lent_bytes(), 8192U);
  EXPECT_EQ(all_of(ring), letters(5276, 150));
  ring.clear(pool);
  EXPECT_EQ(pool.lent_bytes(), 0U);
}

TEST(ByteRing, FillsItsStorageToTheLastByte) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, letters(256), pool), RingAppend::Ok);
  EXPECT_EQ(ring.capacity(), 256U);
  ring.consume(255, pool);
  ASSERT_EQ(append(ring, letters(255, 256), pool), RingAppend::Ok);
  EXPECT_EQ(ring.capacity(), 256U);
  EXPECT_EQ(all_of(ring), letters(256, 255));
  ring.clear(pool);
}

TEST(ByteRing, RefusesWhatPassesItsLimitAndKeepsWhatItHas) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, letters(300), pool, 300), RingAppend::Ok);
  EXPECT_EQ(append(ring, "x", pool, 300), RingAppend::Overflow);
  EXPECT_EQ(append(ring, "x", pool, 100), RingAppend::Overflow);
  EXPECT_EQ(append(ring, "", pool, 300), RingAppend::Ok);
  EXPECT_EQ(all_of(ring), letters(300));
  ring.consume(10, pool);
  EXPECT_EQ(append(ring, letters(10, 300), pool, 300), RingAppend::Ok);
  EXPECT_EQ(all_of(ring), letters(300, 10));
  ring.clear(pool);
}

TEST(ByteRing, StopsAtThePoolsLargestClass) {
  BufferPool pool;
  ByteRing ring;
  const std::string most = letters(BufferPool::kClassBytesMax);
  ASSERT_EQ(append(ring, most, pool, SIZE_MAX), RingAppend::Ok);
  EXPECT_EQ(append(ring, "x", pool, SIZE_MAX), RingAppend::Overflow);
  ring.clear(pool);
}

TEST(ByteRing, AgreesWithAStringOverARandomLife) {
  for (const uint32_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    BufferPool pool;
    ByteRing ring;
    std::string model;
    size_t written = 0;
    for (int step = 0; step < 5000; ++step) {
      const std::string in = letters(random() % 700, written);
      const bool fits = model.size() + in.size() <= 3000;
      ASSERT_EQ(append(ring, in, pool, 3000), fits ? RingAppend::Ok : RingAppend::Overflow);
      if (fits) {
        model += in;
        written += in.size();
      }
      const size_t look = random() % (model.size() + 1);
      ASSERT_EQ(text_of(ring.contiguous(look, pool)), model.substr(0, look));
      const size_t gone = random() % (model.size() + 1);
      ring.consume(gone, pool);
      model.erase(0, gone);
      ASSERT_EQ(all_of(ring), model);
      ASSERT_EQ(pool.lent_bytes(), ring.capacity());
    }
    ring.clear(pool);
  }
}

TEST(ByteRingDeathTest, HasNoMoreThanItsSize) {
  BufferPool pool;
  ByteRing ring;
  ASSERT_EQ(append(ring, "abc", pool), RingAppend::Ok);
  EXPECT_DEATH(ring.consume(4, pool), "no more bytes than its size");
  EXPECT_DEATH(static_cast<void>(ring.contiguous(4, pool)), "no more bytes than its size");
  ring.clear(pool);
}

}  // namespace
}  // namespace sluice
