#include "client/line_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using Mode = LineReader::Mode;

std::vector<std::string> all_lines(LineReader& reader) {
  std::vector<std::string> lines;
  while (auto line = reader.next_line()) lines.push_back(*line);
  return lines;
}

std::vector<std::string> typed_lines(std::string_view keys) {
  LineReader reader(Mode::Keys, 100);
  reader.feed(keys);
  return all_lines(reader);
}

using Lines = std::vector<std::string>;

TEST(LineReader, CutsAPipeAtLineFeeds) {
  LineReader reader(Mode::Pipe, 100);
  reader.feed("one\ntw");
  EXPECT_EQ(all_lines(reader), Lines{"one"});
  EXPECT_EQ(reader.typed(), "tw");
  reader.feed("o\r\n\n");
  EXPECT_EQ(all_lines(reader), (Lines{"two", ""}));
}

TEST(LineReader, TakesALastLineWithoutLineFeed) {
  LineReader reader(Mode::Pipe, 100);
  reader.feed("one\nlast");
  reader.end();
  EXPECT_FALSE(reader.ended()) << "lines are left";
  EXPECT_EQ(all_lines(reader), (Lines{"one", "last"}));
  EXPECT_TRUE(reader.ended());
}

TEST(LineReader, PassesControlBytesOfAPipeThrough) {
  LineReader reader(Mode::Pipe, 100);
  reader.feed("a\x04\x15\x7f\n");
  EXPECT_EQ(all_lines(reader), Lines{"a\x04\x15\x7f"});
}

TEST(LineReader, KeepsOneByteMoreThanItsLimitSoThatATooLongLineShows) {
  LineReader reader(Mode::Pipe, 4);
  reader.feed("1234\n12345\n123456789\n");
  EXPECT_EQ(all_lines(reader), (Lines{"1234", "12345", "12345"}));
}

TEST(LineReader, EditsALineWithItsKeys) {
  EXPECT_EQ(typed_lines("hallo\b\b\b\bello\n"), Lines{"hello"});
  EXPECT_EQ(typed_lines("hello\x7f\x7fp\r"), Lines{"help"});
  EXPECT_EQ(typed_lines("to the moon \x17sun\n"), Lines{"to the sun"});
  EXPECT_EQ(typed_lines("all wrong\x15right\n"), Lines{"right"});
  EXPECT_EQ(typed_lines("\b\x17\x15x\n"), Lines{"x"});
}

TEST(LineReader, RubsOutWholeCharacters) { EXPECT_EQ(typed_lines("你好\x7f\n"), Lines{"你"}); }

TEST(LineReader, IgnoresKeysItDoesNotKnow) {
  EXPECT_EQ(typed_lines("a\x1b[Ab\x1b[1;5Cc\x1bOPd\x1bxe\x01\tf\n"), Lines{"abcde f"});
}

TEST(LineReader, SwallowsAnEscapeSequenceThatComesInPieces) {
  LineReader reader(Mode::Keys, 100);
  for (const char* piece : {"a", "\x1b", "[", "3", "~", "b"}) reader.feed(piece);
  EXPECT_EQ(reader.typed(), "ab");
}

TEST(LineReader, EndsWithCtrlDOnAnEmptyLineOnly) {
  LineReader reader(Mode::Keys, 100);
  reader.feed("ab\x04");
  EXPECT_FALSE(reader.ended());
  EXPECT_EQ(reader.typed(), "ab");
  reader.feed("\n\x04ignored\n");
  EXPECT_EQ(all_lines(reader), Lines{"ab"});
  EXPECT_TRUE(reader.ended());
}

}  // namespace
}  // namespace sluice
