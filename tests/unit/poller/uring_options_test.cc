#include "poller/uring_options.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

absl::StatusOr<UringOptions> read(const std::string& text) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return uring_options_from(*spec);
}

std::string complaint(const std::string& text) {
  const absl::Status status = read(text).status();
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
  return std::string(status.message());
}

TEST(UringOptions, AreTheBestOfTheKernelWithoutTradeOffsUnlessToldOtherwise) {
  const absl::StatusOr<UringOptions> options = read("uring");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->multishot, Demand::Auto);
  EXPECT_EQ(options->defer_taskrun, Demand::Auto);
  EXPECT_FALSE(options->fixed_files);
  EXPECT_FALSE(options->bundle);
  EXPECT_FALSE(options->sqpoll);
  EXPECT_EQ(options->zc_bytes, 0U);
  EXPECT_EQ(options->napi_us, 0U);
  EXPECT_EQ(options->busy_poll_us, 0U);
  EXPECT_EQ(options->min_wait_us, kMinWaitAuto);
}

// A connection may cause several completions per submission, and a full queue ends multishots.
TEST(UringOptions, LeaveRoomForFourCompletionsASubmission) {
  const absl::StatusOr<UringOptions> options = read("uring");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_GE(options->cq_entries, 4 * options->sq_entries);
}

TEST(UringOptions, AreWhatTheSpecSays) {
  const absl::StatusOr<UringOptions> options = read(
      "uring:multishot=off,defer_taskrun=off,fixed_files=on,bundle=on,sqpoll=on,zc=4096,"
      "napi=50,busy_poll=200,min_wait=30,bufs=8,overflow=4,buf_size=4096,credit=65536,sq=64,"
      "cq=256");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->multishot, Demand::Off);
  EXPECT_EQ(options->defer_taskrun, Demand::Off);
  EXPECT_TRUE(options->fixed_files);
  EXPECT_TRUE(options->bundle);
  EXPECT_TRUE(options->sqpoll);
  EXPECT_EQ(options->zc_bytes, 4096U);
  EXPECT_EQ(options->napi_us, 50U);
  EXPECT_EQ(options->busy_poll_us, 200U);
  EXPECT_EQ(options->min_wait_us, 30U);
  EXPECT_EQ(options->blocks, 8U);
  EXPECT_EQ(options->overflow, 4U);
  EXPECT_EQ(options->block_bytes, 4096U);
  EXPECT_EQ(options->credit_bytes, 65536U);
  EXPECT_EQ(options->sq_entries, 64U);
  EXPECT_EQ(options->cq_entries, 256U);
  const absl::StatusOr<UringOptions> demands = read("uring:multishot=on,defer_taskrun=on");
  ASSERT_TRUE(demands.ok()) << demands.status();
  EXPECT_EQ(demands->multishot, Demand::On);
  EXPECT_EQ(demands->defer_taskrun, Demand::On);
  const absl::StatusOr<UringOptions> offs = read("uring:fixed_files=off,bundle=off,sqpoll=off");
  ASSERT_TRUE(offs.ok()) << offs.status();
  EXPECT_FALSE(offs->fixed_files || offs->bundle || offs->sqpoll);
}

TEST(UringOptions, AreHeldToTheirRanges) {
  const struct {
    const char* key;
    uint64_t min;
    uint64_t max;
  } ranges[] = {{"zc", 0, 1U << 30},        {"napi", 0, 1'000'000},  {"busy_poll", 0, 1'000'000},
                {"min_wait", 0, 1'000'000}, {"bufs", 2, 32'768},     {"overflow", 0, 32'768},
                {"buf_size", 512, 1 << 20}, {"credit", 0, 1U << 30}, {"sq", 4, 32'768},
                {"cq", 8, 65'536}};
  for (const auto& [key, min, max] : ranges) {
    const std::string option = std::string("uring:") + key + "=";
    const std::string range =
        " is not a whole number from " + std::to_string(min) + " to " + std::to_string(max);
    EXPECT_EQ(complaint(option + std::to_string(max + 1)),
              "poller uring: " + std::string(key) + "=" + std::to_string(max + 1) + range);
    if (min > 0) {
      EXPECT_EQ(complaint(option + std::to_string(min - 1)),
                "poller uring: " + std::string(key) + "=" + std::to_string(min - 1) + range);
    }
  }
  for (const char* good :
       {"uring:bufs=2,overflow=0,buf_size=512,sq=4,cq=8", "uring:zc=1073741824,credit=0",
        "uring:sq=32768,cq=65536", "uring:bufs=32768,overflow=32768,buf_size=512"}) {
    EXPECT_EQ(complaint(good), "");
  }
}

TEST(UringOptions, SwitchesAreOnOrOff) {
  for (const char* key : {"multishot", "defer_taskrun", "fixed_files", "bundle", "sqpoll"}) {
    const std::string option = std::string(key) + "=yes";
    EXPECT_EQ(complaint("uring:" + option), "poller uring: " + option + " is not on or off");
  }
}

TEST(UringOptions, HoldAllBlocksTogetherToWhatAMachineHas) {
  EXPECT_EQ(complaint("uring:bufs=1024,overflow=1024,buf_size=1048576"),
            "poller uring: bufs and overflow times buf_size is 2147483648 bytes; at most "
            "1073741824");
}

TEST(UringOptions, RefuseACompletionQueueSmallerThanWhatIsSubmitted) {
  EXPECT_EQ(complaint("uring:sq=512,cq=256"),
            "poller uring: cq is less than sq; four times sq is a good size");
  EXPECT_EQ(complaint("uring:cq=256"),
            "poller uring: cq is less than sq; four times sq is a good size");
}

// The kernel answers both together with EINVAL, which says nothing.
TEST(UringOptions, RefuseDeferredTaskRunsOnASubmissionThread) {
  EXPECT_EQ(complaint("uring:sqpoll=on,defer_taskrun=on"),
            "poller uring: sqpoll=on excludes defer_taskrun=on (the kernel refuses both); leave "
            "one out");
  EXPECT_EQ(complaint("uring:sqpoll=on,defer_taskrun=off"), "");
  EXPECT_EQ(complaint("uring:sqpoll=on"), "");
}

TEST(UringOptions, AreListedWithWhatTheyDoAndWhenNotToUseThem) {
  for (const PollerOption& option : uring_option_table()) {
    EXPECT_FALSE(option.value.empty() || option.fallback.empty()) << option.key;
    const bool warns = option.help.find(" not ") != std::string_view::npos ||
                       option.help.find("only to ") != std::string_view::npos ||
                       option.help.find("costs cache") != std::string_view::npos ||
                       option.help.find("smaller is") != std::string_view::npos;
    EXPECT_TRUE(warns) << option.key << " says only what it is good for";
  }
}

}  // namespace
}  // namespace sluice
