#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_view_literals;

// Sizes of the steps through a text; ill-formed ones are negative.
std::vector<int> steps(std::string_view text) {
  std::vector<int> sizes;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    sizes.push_back(step.valid ? static_cast<int>(step.size) : -static_cast<int>(step.size));
    text.remove_prefix(step.size);
  }
  return sizes;
}

TEST(Utf8, ReadsSequencesOfEveryLength) {
  EXPECT_EQ(utf8_step("A").code_point, U'A');
  EXPECT_EQ(utf8_step("\xc3\xa9").code_point, U'\u00e9');
  EXPECT_EQ(utf8_step("\xe4\xb8\xad").code_point, U'\u4e2d');
  EXPECT_EQ(utf8_step("\xf0\x9f\x98\x80").code_point, U'\U0001f600');
  EXPECT_EQ(steps("A\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"), (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(steps("\0"sv), (std::vector{1}));
}

TEST(Utf8, AcceptsTheEdgesOfEachRange) {
  for (const std::string_view edge :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(steps(edge), (std::vector{static_cast<int>(edge.size())}));
  }
}

TEST(Utf8, RejectsOverlongFormsSurrogatesAndWhatIsTooLarge) {
  EXPECT_EQ(steps("\xc0\x80"), (std::vector{-1, -1}));
  EXPECT_EQ(steps("\xc1\xbf"), (std::vector{-1, -1}));
  EXPECT_EQ(steps("\xe0\x9f\xbf"), (std::vector{-1, -1, -1}));
  EXPECT_EQ(steps("\xed\xa0\x80"), (std::vector{-1, -1, -1}));
  EXPECT_EQ(steps("\xf0\x8f\xbf\xbf"), (std::vector{-1, -1, -1, -1}));
  EXPECT_EQ(steps("\xf4\x90\x80\x80"), (std::vector{-1, -1, -1, -1}));
  EXPECT_EQ(steps("\xf5\xff"), (std::vector{-1, -1}));
}

// The example of the Unicode standard, table 3-8.
TEST(Utf8, StepsOverTheLongestBeginningOfAGoodSequence) {
  EXPECT_EQ(steps("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"),
            (std::vector{1, -3, -2, -1, 1, -1, 1, -1, -1, 1}));
}

TEST(Utf8, CallsACutEndIllFormed) {
  EXPECT_EQ(steps("\xc3"), (std::vector{-1}));
  EXPECT_EQ(steps("\xe4\xb8"), (std::vector{-2}));
  EXPECT_EQ(steps("\xf0\x9f\x98"), (std::vector{-3}));
  EXPECT_EQ(utf8_step("\xe4\xb8").code_point, char32_t{0xfffd});
}

}  // namespace
}  // namespace sluice
