#include "gateway/config/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "gateway/config/option_table.h"

namespace sluice {
namespace {

using testing::HasSubstr;

TEST(Help, NamesEveryFlagAndCommand) {
  const std::string text = help_text();
  for (const Option& option : options()) EXPECT_THAT(text, HasSubstr("\n  " + flag_name(option)));
  for (const char* word : {"serve", "check", "config", "pollers", "version"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

TEST(Help, TellsBoundsUnitAndDefault) {
  EXPECT_THAT(help_text(), HasSubstr("--idle-timeout=TIME             how long a connection may "
                                     "stay silent; 10ms to 24h; 0=never [5m]\n"));
  EXPECT_THAT(help_text(), HasSubstr("--node-id=N                     this node's number, part of "
                                     "every messageID; 0 to 1023 [0]\n"));
}

TEST(Help, GivesALongFlagALineOfItsOwn) {
  EXPECT_THAT(help_text(),
              HasSubstr("  --log-level=debug|info|warn|error|off\n" + std::string(34, ' ') +
                        "the least important line that is logged [info]\n"));
}

TEST(Help, AlignsAnIndentedRowWithTheOthers) {
  std::string text;
  append_help_row(text, "    key=VALUE", "what it does");
  EXPECT_EQ(text, "      key=VALUE" + std::string(19, ' ') + "what it does\n");
}

TEST(Help, KeepsToAHundredColumns) {
  const std::vector<std::string> lines = absl::StrSplit(help_text(), '\n');
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

}  // namespace
}  // namespace sluice
