#include "gateway/config/cli_split.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

using Words = std::vector<std::string>;

constexpr std::array kNames = {FlagName{.name = "--size"},
                               FlagName{.name = "--fast", .is_switch = true},
                               FlagName{.name = "-h", .is_switch = true}};

SplitArguments split(Words arguments) {
  absl::StatusOr<SplitArguments> result = split_arguments(kNames, std::move(arguments));
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? *result : SplitArguments{.values = {{}, {}, {}}, .rest = {}};
}

TEST(CliSplit, GivesEachNameItsValues) {
  const SplitArguments result = split({"--size=3", "--fast", "--size", "4", "-h"});
  EXPECT_EQ(result.values, (std::vector<Words>{{"3", "4"}, {"true"}, {"true"}}));
  EXPECT_TRUE(result.rest.empty());
}

TEST(CliSplit, KeepsWhatItDoesNotKnowInOrder) {
  const SplitArguments result = split({"one", "--slow", "two", "--size=3", "-x", "three"});
  EXPECT_EQ(result.rest, (Words{"one", "--slow", "two", "-x", "three"}));
  EXPECT_EQ(result.values[0], Words{"3"});
}

TEST(CliSplit, TakesNoFlagForAMissingValue) {
  EXPECT_EQ(split({"--size", "--fast"}).values, (std::vector<Words>{{""}, {"true"}, {}}));
  EXPECT_EQ(split({"--size"}).values[0], Words{""});
}

TEST(CliSplit, LeavesTheWordBehindASwitchAlone) {
  const SplitArguments result = split({"--fast", "false"});
  EXPECT_EQ(result.values[1], Words{"true"});
  EXPECT_EQ(result.rest, Words{"false"});
  EXPECT_EQ(split({"--fast=false"}).values[1], Words{"false"});
  EXPECT_EQ(split({"--fast=maybe"}).values[1], Words{"maybe"});
}

TEST(CliSplit, DoesNotTakeBracketsForAList) {
  EXPECT_EQ(split({"--size=[a,b]"}).values[0], Words{"[a,b]"});
  EXPECT_EQ(split({"--size=a,b"}).values[0], Words{"a,b"});
}

TEST(CliSplit, TurnsWhatItsLibraryThrowsIntoAStatus) {
  const std::array bad = {FlagName{.name = "--two words"}};
  EXPECT_FALSE(split_arguments(bad, {}).ok());
}

}  // namespace
}  // namespace sluice
