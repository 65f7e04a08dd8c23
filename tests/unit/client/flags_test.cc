#include "client/flags.h"

#include <gtest/gtest.h>

#include "codec/bounds.h"

namespace sluice {
namespace {

// What the flag says of the value; empty when it took it.
std::string take(std::string_view name, const std::string& value, Options& options) {
  for (const Flag& flag : flags_into(options)) {
    if (flag.name == name) return flag.take(value);
  }
  return "no such flag";
}

TEST(Flags, ReadTimesWithTheirUnits) {
  Options options;
  EXPECT_EQ(take("--timeout", "250ms", options), "");
  EXPECT_EQ(options.timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(take("--timeout", "2m", options), "");
  EXPECT_EQ(options.timeout, std::chrono::minutes(2));
  EXPECT_EQ(take("--ping-interval", "1h", options), "");
  EXPECT_EQ(options.ping_interval, std::chrono::hours(1));
  EXPECT_EQ(take("--ping-interval", "0", options), "");
  EXPECT_EQ(options.ping_interval, Duration::zero());
}

TEST(Flags, RefuseOddTimes) {
  Options options;
  for (const char* odd : {"5", "s", "-1s", "1.5s", "1 s", "1d", "99999999999999999999s"}) {
    EXPECT_EQ(take("--timeout", odd, options),
              "is not a time; write a whole number with ms, s, m or h")
        << odd;
  }
  EXPECT_EQ(take("--timeout", "9000h", options), "is longer than a year");
  EXPECT_EQ(take("--timeout", "0s", options), "is no time at all");
}

TEST(Flags, NameTheDevicesKind) {
  Options options;
  EXPECT_EQ(take("--device-flag", "app", options), "");
  EXPECT_EQ(options.device_flag, DeviceFlag::App);
  EXPECT_EQ(take("--device-flag", "web", options), "");
  EXPECT_EQ(options.device_flag, DeviceFlag::Web);
  EXPECT_EQ(take("--device-flag", "99", options), "");
  EXPECT_EQ(options.device_flag, DeviceFlag::System);
  EXPECT_EQ(take("--device-flag", "256", options),
            "is neither app, web, pc nor a number from 0 to 255");
}

TEST(Flags, BoundNumbers) {
  Options options;
  EXPECT_EQ(take("--protocol-version", "1", options), "");
  EXPECT_EQ(options.version, 1);
  EXPECT_EQ(take("--protocol-version", "6", options), "is not a number from 1 to 5");
  EXPECT_EQ(take("--protocol-version", "257", options), "is not a number from 1 to 5");
  EXPECT_EQ(take("--count", "0", options), "is not a number from 1 to 4294967295");
}

TEST(Flags, ReadTheFraming) {
  Options options;
  EXPECT_EQ(take("--framing", "frame6", options), "");
  EXPECT_EQ(options.framing, Framing::Frame6);
  EXPECT_EQ(take("--framing", "unknown", options), "is neither wkproto nor frame6");
}

TEST(Flags, ReadTheServersAddress) {
  Options options;
  EXPECT_EQ(take("--server", "[::1]:6000", options), "");
  EXPECT_EQ(options.server.to_string(), "[::1]:6000");
  EXPECT_NE(take("--server", "localhost", options), "");
  EXPECT_EQ(take("--server", "127.0.0.1:0", options), "has no port to connect to");
}

TEST(Flags, RefuseTextThatNoFieldHolds) {
  Options options;
  EXPECT_EQ(take("--uid", std::string(kUidBytesMax, 'x'), options), "");
  EXPECT_EQ(take("--uid", std::string(kUidBytesMax + 1, 'x'), options), "is longer than 255 bytes");
}

TEST(Flags, LeaveAForbiddenUidToTheServer) {
  Options options;
  EXPECT_EQ(take("--uid", "a@b", options), "");
}

TEST(Flags, StandInTheHelpText) {
  Options options;
  for (const Flag& flag : flags_into(options)) {
    EXPECT_NE(help_text().find("  " + flag.name), std::string::npos) << flag.name;
  }
}

}  // namespace
}  // namespace sluice
