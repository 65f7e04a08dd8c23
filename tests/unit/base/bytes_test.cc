#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace sluice {
namespace {

using namespace std::string_view_literals;

TEST(Bytes, LoadsBigEndianFromAnyAddress) {
  const Bytes bytes = bytes_of("\xff\x01\x02\x03\x04\x05\x06\x07\x88"sv);
  EXPECT_EQ(load_be16(bytes.data()), 0xff01);
  EXPECT_EQ(load_be16(bytes.data() + 7), 0x0788);
  EXPECT_EQ(load_be32(bytes.data() + 1), 0x01020304U);
  EXPECT_EQ(load_be64(bytes.data() + 1), 0x0102030405060788U);
}

TEST(Bytes, StoresWhatItLoads) {
  std::array<std::byte, 9> out{};
  store_be16(out.data() + 1, 0xabcd);
  EXPECT_EQ(load_be16(out.data() + 1), 0xabcd);
  store_be32(out.data() + 1, 0xdeadbeef);
  EXPECT_EQ(load_be32(out.data() + 1), 0xdeadbeefU);
  store_be64(out.data() + 1, 0xfedcba9876543210U);
  EXPECT_EQ(load_be64(out.data() + 1), 0xfedcba9876543210U);
  EXPECT_EQ(text_of(Bytes(out)), "\x00\xfe\xdc\xba\x98\x76\x54\x32\x10"sv);
}

TEST(Bytes, WorkInConstantExpressions) {
  static constexpr std::array kBytes = {std::byte{0x12}, std::byte{0x34}};
  static_assert(load_be16(kBytes.data()) == 0x1234);
}

// Each length takes one of four ways; 16 and 17 lie on either side of the last.
TEST(Bytes, CopyEveryLengthAndNothingBeside) {
  const std::string text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
  for (size_t size = 0; size <= text.size(); ++size) {
    std::string out(text.size() + 2, '?');
    copy_bytes(bytes_of(std::string_view(text).substr(0, size)),
               std::as_writable_bytes(std::span(out)).data() + 1);
    EXPECT_EQ(out, "?" + text.substr(0, size) + std::string(text.size() + 1 - size, '?')) << size;
  }
  copy_bytes({}, nullptr);
}

TEST(Bytes, AreTheSameOnlyIfNoBitDiffers) {
  const std::string text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
  for (size_t size = 0; size <= text.size(); ++size) {
    const std::string one = text.substr(0, size);
    std::string other = one;
    EXPECT_TRUE(same_text(one, other)) << size;
    EXPECT_FALSE(same_text(one, other + "x")) << size;
    for (size_t at = 0; at < size; ++at) {
      for (const char bit : {'\x01', '\x40'}) {
        other[at] = static_cast<char>(one[at] ^ bit);
        EXPECT_FALSE(same_text(one, other)) << size << " at " << at;
        other[at] = one[at];
      }
    }
  }
  EXPECT_TRUE(same_text({}, ""));
}

TEST(Bytes, ViewTheSameMemoryAsText) {
  const std::string_view text = "abc";
  EXPECT_EQ(static_cast<const void*>(bytes_of(text).data()), text.data());
  EXPECT_EQ(text_of(bytes_of(text)), text);
  EXPECT_EQ(text_of(bytes_of("")), "");
}

}  // namespace
}  // namespace sluice
