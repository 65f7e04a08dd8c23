#include "gateway/config/effective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "gateway/config/option_table.h"
#include "loading.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing_config::load;
using testing_config::problem;
using testing_config::TemporaryFile;
using testing_config::Words;

TEST(Effective, ShowsEachKeyWithItsSource) {
  const TemporaryFile file("backlog = 128\n");
  const absl::StatusOr<Loaded> loaded =
      load({"--config=" + file.path(), "--idle-timeout=90s"}, {"SLUICE_TURN_BYTES_MAX=1000"});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  const std::string text = effective_text(*loaded);
  EXPECT_THAT(text, HasSubstr("listen                 = [\"tcp://127.0.0.1:5100\"]  # default\n"));
  EXPECT_THAT(text, HasSubstr("backlog                = 128                       # " +
                              file.path() + ":1:11\n"));
  EXPECT_THAT(text, HasSubstr("idle-timeout           = \"90s\"                     # flag "
                              "--idle-timeout\n"));
  EXPECT_THAT(text, HasSubstr("turn-bytes-max         = 1000                      # environment "
                              "SLUICE_TURN_BYTES_MAX\n"));
  EXPECT_THAT(text, HasSubstr("# token-file           = (not set)                 # default\n"));
  EXPECT_THAT(text, HasSubstr("\n# config               = \""));
}

// Prints what the flags give, loads the print as a file, and wants the same configuration.
void expect_round_trip(const Words& flags) {
  const absl::StatusOr<Loaded> first = load(flags);
  ASSERT_TRUE(first.ok()) << first.status().message();
  const TemporaryFile file(effective_text(*first));
  absl::StatusOr<Loaded> second = load({"--config=" + file.path()});
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_EQ(second->config.config, file.path());
  second->config.config = first->config.config;  // the one key that belongs to the file, not in it
  EXPECT_EQ(second->config, first->config);
}

TEST(Effective, LoadsBackAsTheDefaults) { expect_round_trip({}); }

TEST(Effective, LoadsBackWithEveryKeyChanged) {
  const Words flags = {"--listen=tcp://0.0.0.0:5100,tcp://[::]:5101,tcp://192.168.100.200:5102",
                       "--backlog=1",
                       "--tcp-keepalive=0",
                       "--tcp-user-timeout=1500ms",
                       "--poller=uring:fixed_files=on,bufs=512",
                       "--reactors=63",
                       "--accept=reuseport",
                       "--balance=round_robin",
                       "--auth=token-file",
                       "--token-file=a \"quoted\" \\ path 中 # no comment",
                       "--insecure-no-auth",
                       "--auth-timeout=10ms",
                       "--idle-timeout=24h",
                       "--max-connections=19744",
                       "--max-connections-per-ip=9223372036854775807",
                       "--frame-bytes-max=1000",
                       "--inbound-bytes-max=1006",
                       "--outbound-bytes-max=3MB",
                       "--outbound-high-water=1025KiB",
                       "--outbound-stall-timeout=61s",
                       "--turn-bytes-max=1GiB",
                       "--turn-frames-max=7",
                       "--mailbox-slots=1000",
                       "--sends-in-flight-max=1",
                       "--drain-timeout=0",
                       "--drain-notify=disconnect",
                       "--linger-timeout=90m",
                       "--admin=[::1]:5300",
                       "--node-id=1023",
                       "--log-level=off",
                       "--log-format=json"};
  ASSERT_EQ(flags.size() + 1, options().size()) << "a new key belongs into this list";
  expect_round_trip(flags);
}

TEST(Effective, KeepsAStrangeFileNameInsideItsComment) {
  Loaded loaded;
  loaded.source_of("backlog").place = "a\nreactors = 3";
  const std::string text = effective_text(loaded);
  EXPECT_THAT(text, HasSubstr("# a\\nreactors = 3\n"));
}

}  // namespace
}  // namespace sluice
