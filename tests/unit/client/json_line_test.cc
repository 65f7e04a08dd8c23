#include "client/json_line.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace sluice {
namespace {

std::string line_of(std::initializer_list<JsonField> fields) { return json_line(fields); }

TEST(JsonLine, KeepsTheOrderAndTheKinds) {
  EXPECT_EQ(line_of({{"b", "text"}, {"a", int64_t{-1}}, {"c", 0.5}}),
            R"({"b":"text","a":-1,"c":0.5})");
}

TEST(JsonLine, EscapesWhatJsonWants) {
  EXPECT_EQ(line_of({{"k", "a\"b\\c\nd"}}), R"({"k":"a\"b\\c\nd"})");
}

TEST(JsonLine, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(line_of({{"k", "\x1b[2J\x7f\xc2\x9b\xe2\x80\xa8"}}),
            R"({"k":"\u001b[2J\u007f\u009b\u2028"})");
}

TEST(JsonLine, LeavesOtherScriptsReadable) {
  EXPECT_EQ(line_of({{"k", "你好"}}), R"({"k":"你好"})");
}

TEST(JsonLine, ReplacesBytesThatAreNoText) {
  EXPECT_EQ(line_of({{"k", "a\xff"}}), "{\"k\":\"a\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace sluice
