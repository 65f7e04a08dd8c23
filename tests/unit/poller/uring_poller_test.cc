// What is io_uring's own affair; the promises to all callers are tested in tests/conformance.
#include "poller/uring_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "poller/make_poller.h"
#include "poller/uring_constants.h"
#include "support/in_child.h"
#include "support/system_call_filter.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using Features = std::map<std::string, std::string, std::less<>>;

absl::StatusOr<std::unique_ptr<Poller>> make(const std::string& text) {
  static const SystemClock clock;
  return make_poller(*PollerSpec::parse(text), clock);
}

Features features_of(const Poller& poller) {
  Features features;
  for (const PollerFeature& feature : poller.features()) {
    EXPECT_TRUE(features.emplace(feature.name, feature.value).second)
        << feature.name << " stands there twice";
  }
  return features;
}

// The features of a poller that the kernel must be able to give.
Features features_of(const std::string& text) {
  const auto poller = make(text);
  EXPECT_TRUE(poller.ok()) << text << ": " << poller.status();
  return poller.ok() ? features_of(**poller) : Features();
}

class UringPollerTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto poller = make("uring:sq=4,cq=8");
    if (!poller.ok()) GTEST_SKIP() << "io_uring is not to be had here: " << poller.status();
  }
};

TEST_F(UringPollerTest, TellsEveryOptionAmongItsFeatures) {
  const Features features = features_of("uring");
  for (const PollerOption& option : uring_option_table()) {
    EXPECT_EQ(features.count(option.key), 1U) << option.key;
  }
}

TEST_F(UringPollerTest, TellsTheSizesThatHold) {
  const Features features = features_of("uring:bufs=6,overflow=5,buf_size=1024,sq=8,cq=64");
  EXPECT_EQ(features.at("bufs"), "6");
  EXPECT_EQ(features.at("overflow"), "5");
  EXPECT_EQ(features.at("buf_size"), "1024");
  EXPECT_EQ(features.at("sq"), "8");
  EXPECT_EQ(features.at("cq"), "64");
  const auto poller = make("uring:bufs=6,overflow=5,buf_size=1024");
  ASSERT_TRUE(poller.ok()) << poller.status();
  EXPECT_EQ((*poller)->caps().blocks, 11U);
  EXPECT_EQ((*poller)->caps().block_bytes, 1024U);
}

// The kernel rounds up to powers of two; what it made of it is what is told.
TEST_F(UringPollerTest, TellsTheQueuesThatTheKernelMade) {
  const Features features = features_of("uring:sq=5,cq=9");
  EXPECT_EQ(features.at("sq"), "8");
  EXPECT_EQ(features.at("cq"), "16");
}

TEST_F(UringPollerTest, TellsThatItDoesWithoutWhatWasTurnedOff) {
  const Features features = features_of("uring:multishot=off,defer_taskrun=off");
  EXPECT_EQ(features.at("multishot"), "off");
  EXPECT_EQ(features.at("defer_taskrun"), "off");
  EXPECT_EQ(features.at("credit"), "0") << "a credit is a multishot's";
  for (const char* name : {"sqpoll", "fixed_files", "bundle"}) EXPECT_EQ(features.at(name), "off");
  EXPECT_EQ(features.at("min_wait"), "auto");
  for (const char* name : {"zc", "napi", "busy_poll"}) {
    EXPECT_EQ(features.at(name), "0");
  }
}

TEST_F(UringPollerTest, ASubmissionThreadTurnsTheTaskRunFlagsOffAndSaysSo) {
  const Features features = features_of("uring:sqpoll=on");
  EXPECT_EQ(features.at("sqpoll"), "on");
  EXPECT_EQ(features.at("defer_taskrun"), "off");
  EXPECT_EQ(features.at("coop_taskrun"), "off");
}

// Demands: what is asked for is in effect, or there is no poller and the message says what to do.
TEST_F(UringPollerTest, KeepsOrRefusesADemand) {
  const struct {
    std::string key;
    std::string value;
  } demands[] = {{"multishot", "on"},  {"defer_taskrun", "on"}, {"fixed_files", "on"},
                 {"bundle", "on"},     {"zc", "4096"},          {"napi", "50"},
                 {"busy_poll", "100"}, {"min_wait", "100"}};
  for (const auto& [key, value] : demands) {
    const std::string spec = "uring:" + key + "=" + value;
    const auto poller = make(spec);
    if (poller.ok()) {
      EXPECT_EQ(features_of(**poller).at(key), value) << spec;
    } else {
      EXPECT_THAT(poller.status().message(), HasSubstr("leave the option out")) << spec;
    }
  }
}

TEST_F(UringPollerTest, APauseIsAsLateAsOneArmedReceive) {
  const auto slack = [](const std::string& text) {
    const auto poller = make(text);
    EXPECT_TRUE(poller.ok()) << poller.status();
    return poller.ok() ? (*poller)->caps().pause_slack_bytes : 0;
  };
  EXPECT_EQ(slack("uring:multishot=off,buf_size=1024"), 1'024U);
  EXPECT_EQ(slack("uring:credit=0,bufs=6,overflow=2,buf_size=1024"), 8U * 1'024);
  const Features features = features_of("uring:credit=5000,bufs=6,overflow=2,buf_size=1024");
  if (features.at("credit") == "5000") {
    EXPECT_EQ(slack("uring:credit=5000,bufs=6,overflow=2,buf_size=1024"), 5'000U + 1'024);
  }
}

// An older kernel, made of this one by a filter.
TEST_F(UringPollerTest, RefusesNapiWhereTheKernelHasNone) {
  const std::string found = test::in_child([] {
    test::refuse_io_uring_register(uapi::kRegisterNapi, EINVAL);
    const auto without = make("uring");
    if (!without.ok()) return without.status().ToString();
    return std::string(make("uring:napi=50").status().message());
  });
  EXPECT_EQ(found,
            "poller uring: napi=50: this kernel's io_uring has no NAPI busy polling (Linux 6.9); "
            "leave the option out");
}

TEST_F(UringPollerTest, RefusesATableOfFilesThatTheKernelDoesNotMake) {
  const std::string found = test::in_child([] {
    test::refuse_io_uring_register(IORING_REGISTER_FILES2, ENOMEM);
    const auto without = make("uring");
    if (!without.ok()) return without.status().ToString();
    return std::string(make("uring:fixed_files=on").status().message());
  });
  EXPECT_EQ(found,
            "poller uring: fixed_files=on: no table of files: Cannot allocate memory; leave the "
            "option out");
}

TEST_F(UringPollerTest, DoesWithoutARegisteredRingWhereTheKernelDoesNotTakeIt) {
  const std::string found = test::in_child([] {
    test::refuse_io_uring_register(IORING_REGISTER_RING_FDS, EINVAL);
    const auto poller = make("uring");
    if (!poller.ok()) return poller.status().ToString();
    return features_of(**poller).at("registered_ring");
  });
  EXPECT_EQ(found, "off");
}

using UringPollerDeathTest = UringPollerTest;

TEST_F(UringPollerDeathTest, AVerbOnAClosedHandleIsABugOfTheCaller) {
  const auto poller = make("uring");
  ASSERT_TRUE(poller.ok()) << poller.status();
  const absl::StatusOr<Handle> listener = (*poller)->listen(*Address::parse("127.0.0.1:0"), {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  (*poller)->close(*listener);
  EXPECT_DEATH((*poller)->accept(*listener), "handle that is closed");
  EXPECT_DEATH((*poller)->close(*listener), "handle that is closed");
  EXPECT_DEATH((*poller)->attach(kNoHandle, Token::make(0, 1, 1)), "handle that is closed");
}

}  // namespace
}  // namespace sluice
