#include "gateway/config/option_kinds.h"

#include <gtest/gtest.h>

#include "loading.h"

namespace sluice {
namespace {

using testing_config::problem;

std::string refusal(const absl::Status& status) { return std::string(status.message()); }

constexpr char kColours[] = "red|green|blue";

TEST(OptionKinds, NamesTheBoundThatWasBroken) {
  const Option option = {.kind = OptionKind::Size,
                         .bounds = {.min = 1024, .max = 4096, .step = 1024}};
  EXPECT_TRUE(check_bounds(option, "1KiB", 1024).ok());
  EXPECT_TRUE(check_bounds(option, "4KiB", 4096).ok());
  EXPECT_EQ(refusal(check_bounds(option, "0", 0)), "\"0\" is too small; the smallest is 1KiB");
  EXPECT_EQ(refusal(check_bounds(option, "5KiB", 5120)),
            "\"5KiB\" is too large; the largest is 4KiB");
  EXPECT_EQ(refusal(check_bounds(option, "1025", 1025)),
            "\"1025\" is too fine; write a multiple of 1KiB");
}

TEST(OptionKinds, AllowsZeroBelowTheSmallestWhereItHasAMeaning) {
  const Option option = {.kind = OptionKind::Count,
                         .bounds = {.min = 3, .max = 9, .zero_means = "no limit"}};
  EXPECT_EQ(*parse_number(option, "0"), 0u);
  EXPECT_EQ(*parse_number(option, "3"), 3u);
  EXPECT_EQ(problem(parse_number(option, "2")),
            "\"2\" is too small; the smallest is 3, or 0 for no limit");
}

TEST(OptionKinds, ReadsANumberByItsKind) {
  Option option = {.bounds = {.min = 0, .max = kUnbounded}};
  option.kind = OptionKind::Count;
  EXPECT_EQ(*parse_number(option, "7"), 7u);
  EXPECT_FALSE(parse_number(option, "7KiB").ok());
  option.kind = OptionKind::Size;
  EXPECT_EQ(*parse_number(option, "7KiB"), 7168u);
  option.kind = OptionKind::Time;
  EXPECT_EQ(*parse_number(option, "7ms"), 7000000u);
}

TEST(OptionKinds, FindsAWordOfAChoice) {
  const Option option = {.metavar = kColours, .kind = OptionKind::Choice};
  EXPECT_EQ(*parse_choice(option, "red"), 0u);
  EXPECT_EQ(*parse_choice(option, "blue"), 2u);
  EXPECT_EQ(problem(parse_choice(option, "gren")),
            "\"gren\" is not one of red, green, blue: did you mean green?");
  EXPECT_EQ(problem(parse_choice(option, "aquamarine")),
            "\"aquamarine\" is not one of red, green, blue");
  EXPECT_EQ(choice_at(kColours, 0), "red");
  EXPECT_EQ(choice_at(kColours, 1), "green");
  EXPECT_EQ(choice_at(kColours, 2), "blue");
}

TEST(OptionKinds, RefusesTextThatNoFileCouldHold) {
  const Option option = {.metavar = "FILE"};
  EXPECT_TRUE(check_text(option, "/etc/sluice/tokens \"1\" \\ 中文").ok());
  EXPECT_EQ(refusal(check_text(option, "")), "is empty; write FILE or leave the key out");
  for (const char* text : {"a\nb", "\x7f", "\xc2\x85", "\xff", "caf\xc3"}) {
    EXPECT_EQ(refusal(check_text(option, text)),
              "holds a control character or bytes that are not UTF-8; choose another name");
  }
}

TEST(OptionKinds, LeavesTheFieldAloneWhenTheValueIsRefused) {
  const Option count = count_option<&Config::backlog>("", "backlog", {.min = 1, .max = 9}, "");
  const Option time =
      time_option<&Config::idle_timeout>("", "idle", {.min = 1, .max = kUnbounded}, "");
  const Option flag = switch_option<&Config::insecure_no_auth>("", "flag", "");
  Config config;
  EXPECT_FALSE(count.set(count, "10", config).ok());
  EXPECT_FALSE(time.set(time, "soon", config).ok());
  EXPECT_FALSE(flag.set(flag, "maybe", config).ok());
  EXPECT_EQ(config, Config{});
  EXPECT_TRUE(count.set(count, "9", config).ok());
  EXPECT_TRUE(time.set(time, "9ms", config).ok());
  EXPECT_TRUE(flag.set(flag, "true", config).ok());
  EXPECT_EQ(count.show(config), "9");
  EXPECT_EQ(time.show(config), "9ms");
  EXPECT_EQ(flag.show(config), "true");
}

}  // namespace
}  // namespace sluice
