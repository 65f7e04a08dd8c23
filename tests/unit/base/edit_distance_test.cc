#include "base/edit_distance.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kFlags = {"poller", "balance", "admin", "drain-timeout"};

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2U);
}

TEST(EditDistance, IsTheSameBothWays) {
  EXPECT_EQ(edit_distance("epoll", "uring"), edit_distance("uring", "epoll"));
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(DidYouMean, FindsTheNearestKnownWord) {
  EXPECT_EQ(did_you_mean("poler", kFlags), "poller");
  EXPECT_EQ(did_you_mean("blaance", kFlags), "balance");
  EXPECT_EQ(did_you_mean("admin", kFlags), "admin");
}

TEST(DidYouMean, ForgivesAThirdOfALongWord) {
  EXPECT_EQ(did_you_mean("drain_time_out", kFlags), "drain-timeout");
  EXPECT_EQ(did_you_mean("drn-tmout", kFlags), std::nullopt);
}

TEST(DidYouMean, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("verbose", kFlags), std::nullopt);
  EXPECT_EQ(did_you_mean("", kFlags), std::nullopt);
  EXPECT_EQ(did_you_mean("poller", {}), std::nullopt);
}

TEST(DidYouMean, DoesNotTakeAShortWordForAWhollyDifferentOne) {
  constexpr std::array<std::string_view, 2> kShort = {"ws", "tcp"};
  EXPECT_EQ(did_you_mean("fd", kShort), std::nullopt);
  EXPECT_EQ(did_you_mean("wss", kShort), "ws");
}

TEST(DidYouMean, PrefersTheFirstOfEquals) {
  constexpr std::array<std::string_view, 2> kEqual = {"least", "leapt"};
  EXPECT_EQ(did_you_mean("leant", kEqual), "least");
}

}  // namespace
}  // namespace sluice
