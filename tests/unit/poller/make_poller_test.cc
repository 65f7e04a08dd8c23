#include "poller/make_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What is said about a spec, by the check and by the making alike; "" when nothing is wrong.
std::string complaint(const char* text) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  const absl::Status status = check_poller_spec(*spec);
  const SystemClock clock;
  EXPECT_EQ(make_poller(*spec, clock).status(), status);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
  return std::string(status.message());
}

TEST(MakePoller, MakesWhatTheSpecSays) {
  const SystemClock clock;
  const auto poller = make_poller(*PollerSpec::parse("epoll:bufs=8,buf_size=4096"), clock);
  ASSERT_TRUE(poller.ok()) << poller.status();
  EXPECT_EQ((*poller)->name(), "epoll");
  EXPECT_EQ((*poller)->caps().blocks, 8U);
  EXPECT_EQ((*poller)->caps().block_bytes, 4096U);
}

TEST(MakePoller, ListsEveryPollerWithItsOptions) {
  const auto kinds = poller_kinds();
  const auto epoll = std::find_if(kinds.begin(), kinds.end(),
                                  [](const PollerKind& kind) { return kind.name == "epoll"; });
  ASSERT_NE(epoll, kinds.end());
  for (const PollerKind& kind : kinds) {
    EXPECT_FALSE(kind.summary.empty());
    for (const PollerOption& option : kind.options) {
      EXPECT_FALSE(option.value.empty() || option.help.empty()) << option.key;
    }
  }
}

// `sluice pollers` prints these defaults: they must be those that hold.
TEST(MakePoller, TellsTheDefaultsThatHold) {
  const SystemClock clock;
  const auto poller = make_poller(*PollerSpec::parse("epoll"), clock);
  ASSERT_TRUE(poller.ok()) << poller.status();
  for (const PollerKind& kind : poller_kinds()) {
    if (kind.name != "epoll") continue;
    for (const PollerOption& option : kind.options) {
      const Caps& caps = (*poller)->caps();
      const uint32_t holds = option.key == "bufs" ? caps.blocks : caps.block_bytes;
      EXPECT_EQ(option.fallback, std::to_string(holds)) << option.key;
    }
  }
}

TEST(MakePoller, KnowsWhichPollerWasMeant) {
  EXPECT_THAT(complaint("epol"), AllOf(StartsWith("there is no poller \"epol\" in this build; "
                                                  "there is "),
                                       HasSubstr("epoll"), EndsWith("; did you mean epoll?")));
  EXPECT_THAT(complaint("kqueue"), Not(HasSubstr("did you mean")));
}

TEST(MakePoller, KnowsWhichOptionWasMeant) {
  EXPECT_EQ(complaint("epoll:buffs=9"),
            "poller epoll has no option \"buffs\"; there is bufs, buf_size; did you mean bufs?");
  EXPECT_EQ(complaint("epoll:colour=red"),
            "poller epoll has no option \"colour\"; there is bufs, buf_size");
}

TEST(MakePoller, HoldsOptionsToTheirRange) {
  for (const char* value :
       {"1", "0", "65537", "-4", "+4", "4x", "x", "0x10", "4.0", "99999999999999999999"}) {
    EXPECT_EQ(
        complaint((std::string("epoll:bufs=") + value).c_str()),
        std::string("poller epoll: bufs=") + value + " is not a whole number from 2 to 65536");
  }
  EXPECT_EQ(complaint("epoll:buf_size=511"),
            "poller epoll: buf_size=511 is not a whole number from 512 to 1048576");
  EXPECT_EQ(complaint("epoll:buf_size=1048577"),
            "poller epoll: buf_size=1048577 is not a whole number from 512 to 1048576");
  EXPECT_EQ(complaint("epoll:bufs=2,buf_size=512"), "");
  EXPECT_EQ(complaint("epoll:bufs=2,buf_size=1048576"), "");
  EXPECT_EQ(complaint("epoll:bufs=65536,buf_size=512"), "");
}

// Each was in its range, and together they were more memory than the machine has: the program
// ended with a failed check instead of a message.
TEST(MakePoller, HoldsAllBlocksTogetherToWhatAMachineHas) {
  EXPECT_EQ(complaint("epoll:bufs=65536,buf_size=1048576"),
            "poller epoll: bufs times buf_size is 68719476736 bytes; at most 1073741824");
}

}  // namespace
}  // namespace sluice
