#include "poller/poller_spec.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

// The reason in the middle of the message about `text`.
std::string complaint(const std::string& text) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(text);
  if (spec.ok()) return "taken for " + spec->to_string();
  EXPECT_TRUE(absl::IsInvalidArgument(spec.status()));
  const std::string message(spec.status().message());
  const std::string before = "poller \"" + text + "\": ";
  const std::string behind = "; write NAME or NAME:key=value,key=value";
  EXPECT_EQ(message.substr(0, before.size()), before);
  const size_t end = message.rfind(behind);
  EXPECT_NE(end, std::string::npos) << message;
  return message.substr(before.size(), end - before.size());
}

TEST(PollerSpec, IsANameAlone) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse("epoll");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "epoll");
  EXPECT_TRUE(spec->options.empty());
  EXPECT_EQ(spec->to_string(), "epoll");
}

TEST(PollerSpec, IsANameWithOptionsInTheOrderWritten) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse("uring:fixed_files=on,bufs=512");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "uring");
  using Options = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(spec->options, (Options{{"fixed_files", "on"}, {"bufs", "512"}}));
  EXPECT_EQ(spec->to_string(), "uring:fixed_files=on,bufs=512");
}

TEST(PollerSpec, LeavesWhatStandsBehindTheFirstSignsToThePoller) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse("xdp:device=eth0:1,filter=a=b");
  ASSERT_TRUE(spec.ok()) << spec.status();
  using Options = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(spec->options, (Options{{"device", "eth0:1"}, {"filter", "a=b"}}));
}

TEST(PollerSpec, SaysWhatIsWrongAndHowToWriteIt) {
  EXPECT_EQ(complaint(""), "the name is missing");
  EXPECT_EQ(complaint(":bufs=1"), "the name is missing");
  EXPECT_EQ(complaint("epoll:"), "\"\" is not key=value");
  EXPECT_EQ(complaint("epoll:bufs"), "\"bufs\" is not key=value");
  EXPECT_EQ(complaint("epoll:bufs="), "\"bufs=\" is not key=value");
  EXPECT_EQ(complaint("epoll:=1"), "\"=1\" is not key=value");
  EXPECT_EQ(complaint("epoll:bufs=1,"), "\"\" is not key=value");
  EXPECT_EQ(complaint("epoll:bufs=1,bufs=1"), "\"bufs\" is given twice");
}

}  // namespace
}  // namespace sluice
