#include "codec/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {
namespace {

// The code point as UTF-8 would spell it in `size` bytes, whether or not that is allowed.
std::string spelled(uint32_t point, size_t size) {
  if (size == 1) return {static_cast<char>(point)};
  std::string text(size, '\0');
  for (size_t i = size; i-- > 1; point >>= 6) text[i] = static_cast<char>(0x80 | (point & 0x3f));
  const uint32_t lead = size == 2 ? 0xc0 : size == 3 ? 0xe0 : 0xf0;
  text[0] = static_cast<char>(lead | point);
  return text;
}

size_t shortest_size(uint32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

TEST(Utf8, AcceptsExactlyTheScalarValues) {
  for (uint32_t point = 0; point < 0x200000; ++point) {
    const bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(is_valid_utf8(spelled(point, shortest_size(point))), scalar) << point;
  }
}

TEST(Utf8, RejectsEveryOverlongForm) {
  for (uint32_t point = 0; point < 0x10000; ++point) {
    for (size_t size = shortest_size(point) + 1; size <= 4; ++size) {
      ASSERT_FALSE(is_valid_utf8(spelled(point, size))) << point << " in " << size;
    }
  }
}

TEST(Utf8, RejectsLeadBytesThatNoCharacterHas) {
  for (const int lead : {0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xf8, 0xfc, 0xfe, 0xff}) {
    const std::string text = std::string(1, static_cast<char>(lead)) + "\x80\x80\x80\x80\x80";
    EXPECT_FALSE(is_valid_utf8(text)) << lead;
  }
}

// Cut texts live in a buffer of exactly their size, so a sanitizer sees one byte too many read.
TEST(Utf8, RejectsACutCharacterAtEveryOffset) {
  for (size_t lead_in = 0; lead_in < 20; ++lead_in) {
    for (const std::string_view character : {"\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"}) {
      for (size_t kept = 1; kept <= character.size(); ++kept) {
        const std::string text = std::string(lead_in, 'a') + std::string(character.substr(0, kept));
        const auto exact = std::make_unique<char[]>(text.size());
        text.copy(exact.get(), text.size());
        EXPECT_EQ(is_valid_utf8({exact.get(), text.size()}), kept == character.size());
      }
    }
  }
}

TEST(Utf8, FindsABadByteBehindLongAscii) {
  std::string text(64, 'x');
  EXPECT_TRUE(is_valid_utf8(text));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = '\xff';
    EXPECT_FALSE(is_valid_utf8(bad)) << i;
  }
}

TEST(Utf8, AcceptsEmptyAndMixedText) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("plain ascii, longer than a word"));
  EXPECT_TRUE(is_valid_utf8("mixed \xe4\xb8\xad\xe6\x96\x87 and \xf0\x9f\x98\x80 text"));
  EXPECT_TRUE(is_valid_utf8(std::string_view("nul \0 is a character", 20)));
}

TEST(Utf8, FindsExactlyTheControlCharacters) {
  for (uint32_t point = 0; point < 0x3000; ++point) {
    const bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
    const std::string text = "ab" + spelled(point, shortest_size(point)) + "yz";
    ASSERT_EQ(has_control(text), control) << point;
  }
  EXPECT_FALSE(has_control(""));
}

}  // namespace
}  // namespace sluice
