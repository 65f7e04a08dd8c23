#include "poller/epoll_options.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

absl::StatusOr<EpollOptions> read(const std::string& text) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return epoll_options_from(*spec);
}

std::string complaint(const std::string& text) {
  const absl::Status status = read(text).status();
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
  return std::string(status.message());
}

TEST(EpollOptions, AreEdgeTriggeredOnDemandWithoutSpinningUnlessToldOtherwise) {
  const absl::StatusOr<EpollOptions> options = read("epoll");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->blocks, 64U);
  EXPECT_EQ(options->block_bytes, 32768U);
  EXPECT_EQ(options->trigger, Trigger::Edge);
  EXPECT_EQ(options->write_interest, WriteInterest::OnDemand);
  EXPECT_EQ(options->busy_poll_us, 0U);
  EXPECT_EQ(options->napi_us, 0U);
}

TEST(EpollOptions, AreWhatTheSpecSays) {
  const absl::StatusOr<EpollOptions> options =
      read("epoll:bufs=8,buf_size=4096,write_interest=always,busy_poll=200,napi=50");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->blocks, 8U);
  EXPECT_EQ(options->block_bytes, 4096U);
  EXPECT_EQ(options->write_interest, WriteInterest::Always);
  EXPECT_EQ(options->busy_poll_us, 200U);
  EXPECT_EQ(options->napi_us, 50U);
  const absl::StatusOr<EpollOptions> level = read("epoll:trigger=level,write_interest=on_demand");
  ASSERT_TRUE(level.ok()) << level.status();
  EXPECT_EQ(level->trigger, Trigger::Level);
  EXPECT_EQ(level->write_interest, WriteInterest::OnDemand);
}

TEST(EpollOptions, AreHeldToTheirRanges) {
  EXPECT_EQ(complaint("epoll:bufs=1"),
            "poller epoll: bufs=1 is not a whole number from 2 to 65536");
  EXPECT_EQ(complaint("epoll:bufs=65537"),
            "poller epoll: bufs=65537 is not a whole number from 2 to 65536");
  EXPECT_EQ(complaint("epoll:buf_size=511"),
            "poller epoll: buf_size=511 is not a whole number from 512 to 1048576");
  EXPECT_EQ(complaint("epoll:buf_size=1048577"),
            "poller epoll: buf_size=1048577 is not a whole number from 512 to 1048576");
  EXPECT_EQ(complaint("epoll:busy_poll=1000001"),
            "poller epoll: busy_poll=1000001 is not a whole number from 0 to 1000000");
  EXPECT_EQ(complaint("epoll:napi=on"),
            "poller epoll: napi=on is not a whole number from 0 to 1000000");
  EXPECT_EQ(complaint("epoll:trigger=edges"),
            "poller epoll: trigger=edges is not edge or level; did you mean edge?");
  EXPECT_EQ(complaint("epoll:write_interest=never"),
            "poller epoll: write_interest=never is not on_demand or always");
  for (const char* good : {"epoll:bufs=2,buf_size=512", "epoll:bufs=2,buf_size=1048576",
                           "epoll:bufs=65536,buf_size=512", "epoll:busy_poll=1000000,napi=0"}) {
    EXPECT_EQ(complaint(good), "");
  }
}

// Each was in its range, and together they were more memory than the machine has: the program
// ended with a failed check instead of a message.
TEST(EpollOptions, HoldAllBlocksTogetherToWhatAMachineHas) {
  EXPECT_EQ(complaint("epoll:bufs=65536,buf_size=1048576"),
            "poller epoll: bufs times buf_size is 68719476736 bytes; at most 1073741824");
}

TEST(EpollOptions, RefuseLevelTriggeredOutputThatNeverSleeps) {
  EXPECT_EQ(complaint("epoll:trigger=level,write_interest=always"),
            "poller epoll: write_interest=always with trigger=level would never sleep, because a "
            "socket nearly always has room; leave one of them out");
}

TEST(EpollOptions, AreListedWithWhatTheyDoAndWhenNotToUseThem) {
  for (const PollerOption& option : epoll_option_table()) {
    EXPECT_FALSE(option.value.empty() || option.fallback.empty()) << option.key;
    EXPECT_NE(option.help.find(" not "), std::string_view::npos)
        << option.key << " says only what it is good for";
  }
}

}  // namespace
}  // namespace sluice
