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

// `sluice pollers` and --help print these defaults: they must be those that hold.
TEST(MakePoller, TellsTheDefaultsThatHold) {
  const SystemClock clock;
  for (const PollerKind& kind : poller_kinds()) {
    PollerSpec spec;
    spec.name = kind.name;
    const auto poller = make_poller(spec, clock);
    if (!poller.ok()) continue;  // not to be had on this machine; the conformance suite says so
    const std::vector<PollerFeature> features = (*poller)->features();
    for (const PollerOption& option : kind.options) {
      const auto feature = std::find_if(features.begin(), features.end(),
                                        [&](const auto& each) { return each.name == option.key; });
      ASSERT_NE(feature, features.end()) << option.key << " is not among the features";
      EXPECT_EQ(feature->value, option.fallback) << option.key;
    }
  }
}

TEST(MakePoller, TellsWhatIsInEffect) {
  const SystemClock clock;
  const auto poller =
      make_poller(*PollerSpec::parse("epoll:trigger=level,busy_poll=7,bufs=8"), clock);
  ASSERT_TRUE(poller.ok()) << poller.status();
  std::string text;
  for (const PollerFeature& feature : (*poller)->features()) {
    if (feature.name == "epoll_pwait2") continue;  // the kernel's affair
    text += std::string(feature.name) + "=" + feature.value + " ";
  }
  EXPECT_EQ(text,
            "trigger=level write_interest=on_demand busy_poll=7 napi=0 bufs=8 buf_size=32768 ");
}

TEST(MakePoller, KnowsWhichPollerWasMeant) {
  EXPECT_THAT(complaint("epol"), AllOf(StartsWith("there is no poller \"epol\" in this build; "
                                                  "there is "),
                                       HasSubstr("epoll"), EndsWith("; did you mean epoll?")));
  EXPECT_THAT(complaint("kqueue"), Not(HasSubstr("did you mean")));
}

TEST(MakePoller, SaysWhatIsWrongWithAnOption) {
  EXPECT_EQ(complaint("epoll:buffs=9"),
            "poller epoll has no option \"buffs\"; there is bufs, buf_size, trigger, "
            "write_interest, busy_poll, napi; did you mean bufs?");
  EXPECT_EQ(complaint("epoll:bufs=1"),
            "poller epoll: bufs=1 is not a whole number from 2 to 65536");
  EXPECT_THAT(complaint("epoll:trigger=level,write_interest=always"), HasSubstr("never sleep"));
  EXPECT_EQ(complaint("epoll:bufs=2,buf_size=512,trigger=level"), "");
}

TEST(ChoosePoller, LeavesANamedOneAlone) {
  const SystemClock clock;
  const auto chosen = choose_poller(*PollerSpec::parse("epoll:bufs=8"), 3, clock);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->spec.to_string(), "epoll:bufs=8");
  EXPECT_EQ(chosen->fallback, "");
}

// Where io_uring cannot be had, tests/fault/poller_fallback_test.cc shows what becomes of auto.
TEST(ChoosePoller, AutoTakesTheFirstKindThatWorks) {
  const SystemClock clock;
  const auto chosen = choose_poller(*PollerSpec::parse("auto"), 3, clock);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  const PollerKind& preferred = poller_kinds()[0];
  PollerSpec spec;
  spec.name = std::string(preferred.name);
  const bool works = make_poller(spec, clock).ok();
  EXPECT_EQ(chosen->spec.name == preferred.name, works);
  EXPECT_EQ(chosen->fallback.empty(), works && poller_kinds().size() > 1) << chosen->fallback;
}

TEST(ChoosePoller, AutoTakesNoOptions) {
  const SystemClock clock;
  const auto chosen = choose_poller(*PollerSpec::parse("auto:bufs=8"), 1, clock);
  EXPECT_EQ(chosen.status().message(),
            "poller auto: takes no options, for each poller has its own; name the poller instead");
}

}  // namespace
}  // namespace sluice
