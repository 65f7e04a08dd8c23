#include "base/log_format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr int64_t kMs = 1795339908123;  // 2026-11-22T09:31:48.123Z

std::string text(std::string_view message, std::initializer_list<LogField> fields) {
  return format_text(LogLevel::Info, kMs, message, {fields.begin(), fields.size()});
}

// The text line behind its timestamp and level.
std::string tail(std::string_view message, std::initializer_list<LogField> fields) {
  return text(message, fields).substr("2026-11-22T09:31:48.123Z info  "sv.size());
}

std::string json(std::string_view message, std::initializer_list<LogField> fields) {
  return format_json(LogLevel::Warn, kMs, message, {fields.begin(), fields.size()});
}

// The JSON object from its message on.
std::string json_tail(std::string_view message, std::initializer_list<LogField> fields) {
  return json(message, fields)
      .substr(R"({"ts":"2026-11-22T09:31:48.123Z","level":"warn",)"sv.size());
}

TEST(LogText, WritesTimeLevelMessageAndFields) {
  EXPECT_EQ(text("connection closed", {{"conn", 12}, {"uid", "alice"}, {"reason", "idle"}}),
            "2026-11-22T09:31:48.123Z info  connection closed conn=12 uid=alice reason=idle");
  EXPECT_EQ(format_text(LogLevel::Error, 0, "x", {}), "1970-01-01T00:00:00.000Z error x");
  EXPECT_EQ(format_text(LogLevel::Warn, 951782400007, "x", {}), "2000-02-29T00:00:00.007Z warn  x");
  EXPECT_EQ(format_text(LogLevel::Debug, -5, "x", {}), "1970-01-01T00:00:00.000Z debug x");
}

TEST(LogText, WritesEveryKindOfValue) {
  EXPECT_EQ(tail("m", {{"a", int64_t{-1}},
                       {"b", std::numeric_limits<uint64_t>::max()},
                       {"c", true},
                       {"d", false},
                       {"e", std::numeric_limits<int64_t>::min()},
                       {"f", std::string("s")},
                       {"g", uint8_t{7}}}),
            "m a=-1 b=18446744073709551615 c=true d=false e=-9223372036854775808 f=s g=7");
}

TEST(LogText, QuotesWhatCouldBeTakenForSomethingElse) {
  EXPECT_EQ(tail("m", {{"v", ""}}), R"(m v="")");
  EXPECT_EQ(tail("m", {{"v", "two words"}}), R"(m v="two words")");
  EXPECT_EQ(tail("m", {{"v", "a=b"}}), R"(m v="a=b")");
  EXPECT_EQ(tail("m", {{"v", "say \"hi\""}}), R"(m v="say \"hi\"")");
  EXPECT_EQ(tail("m", {{"v", "back\\slash"}}), R"(m v="back\\slash")");
  EXPECT_EQ(tail("m", {{"v", "中文"}}), "m v=中文");
}

TEST(LogText, KeepsAStrangersUidFromForgingALine) {
  EXPECT_EQ(tail("m", {{"uid", "eve\n2026-11-22T09:31:48.123Z info  all is well"}}),
            R"(m uid="eve\n2026-11-22T09:31:48.123Z info  all is well")");
  EXPECT_EQ(tail("m", {{"uid", "\x1b[2J"}}), R"(m uid="\u001b[2J")");
  EXPECT_EQ(tail("m", {{"uid", "a\0b\t\r\x7f"sv}}), R"(m uid="a\u0000b\t\r\u007f")");
  EXPECT_EQ(tail("m", {{"uid", "\xc2\x9b"}}), R"(m uid="\u009b")");
  EXPECT_EQ(tail("m", {{"uid", "\xe2\x80\xa8"}}), R"(m uid="\u2028")");
}

TEST(LogText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(tail("m", {{"v", "a\xff"}}), R"(m v="a\xff")");
  EXPECT_EQ(tail("m", {{"v", "\xe4\xb8"}}), R"(m v="\xe4\xb8")");
}

TEST(LogText, EscapesControlCharactersOfTheMessage) {
  EXPECT_EQ(tail("cannot bind: \"x\"\nreason", {}), "cannot bind: \"x\"\\nreason");
}

TEST(LogJson, WritesOneObject) {
  EXPECT_EQ(json("connection closed", {{"conn", 12}, {"uid", "alice"}, {"kicked", true}}),
            R"({"ts":"2026-11-22T09:31:48.123Z","level":"warn","msg":"connection closed",)"
            R"("conn":12,"uid":"alice","kicked":true})");
}

TEST(LogJson, WritesNumbersBare) {
  EXPECT_EQ(json_tail("m", {{"a", -1}, {"b", std::numeric_limits<uint64_t>::max()}}),
            R"("msg":"m","a":-1,"b":18446744073709551615})");
}

TEST(LogJson, EscapesAsTheStandardWants) {
  EXPECT_EQ(json_tail("a\"b\\c\n\r\t\x01\x1f", {{"v", "\0"sv}}),
            R"("msg":"a\"b\\c\n\r\t\u0001\u001f","v":"\u0000"})");
  EXPECT_EQ(json_tail("中文", {{"v", "\xf0\x9f\x98\x80"}}), "\"msg\":\"中文\",\"v\":\"😀\"}");
  EXPECT_EQ(json_tail("m", {{"a b\"", "\xe2\x80\xa9"}}), R"("msg":"m","a b\"":"\u2029"})");
}

TEST(LogJson, ReplacesIllFormedUtf8) {
  EXPECT_EQ(json_tail("m", {{"v", "a\xff\xfe\x62"}}), "\"msg\":\"m\",\"v\":\"a\uFFFD\uFFFDb\"}");
  EXPECT_EQ(json_tail("m", {{"v", "\xe4\xb8"}}), "\"msg\":\"m\",\"v\":\"\uFFFD\"}");
  EXPECT_EQ(json_tail("m", {{"v", "\xed\xa0\x80"}}), "\"msg\":\"m\",\"v\":\"\uFFFD\uFFFD\uFFFD\"}");
}

}  // namespace
}  // namespace sluice
