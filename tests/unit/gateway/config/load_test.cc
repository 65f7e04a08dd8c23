#include "gateway/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loading.h"

namespace sluice {
namespace {

using testing_config::load;
using testing_config::problem;
using testing_config::TemporaryFile;
using testing_config::Words;

TEST(Load, GivesTheDefaultsWithoutAnySource) {
  const absl::StatusOr<Loaded> loaded = load({});
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->config, Config{});
  EXPECT_EQ(loaded->source_of("reactors").place, "default");
}

TEST(Load, AcceptsANullEnvironment) {
  EXPECT_TRUE(load_config(CommandLine{}, {.environment = nullptr, .descriptor_limit = 20000}).ok());
}

// Reactors is 2 in the file, 3 in the environment, 4 as a flag.
class Precedence : public ::testing::Test {
 protected:
  static void expect(const absl::StatusOr<Loaded>& loaded, uint32_t reactors, Source::Kind kind,
                     const std::string& place) {
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    EXPECT_EQ(loaded->config.reactors, reactors);
    EXPECT_EQ(loaded->source_of("reactors").kind, kind);
    EXPECT_EQ(loaded->source_of("reactors").place, place);
  }

  const TemporaryFile file_{"backlog = 9\nreactors = 2\n"};
  const std::string config_flag_ = "--config=" + file_.path();
};

TEST_F(Precedence, FileIsOverDefault) {
  expect(load({config_flag_}), 2, Source::Kind::File, file_.path() + ":2:12");
}

TEST_F(Precedence, EnvironmentIsOverDefault) {
  expect(load({}, {"SLUICE_REACTORS=3"}), 3, Source::Kind::Environment,
         "environment SLUICE_REACTORS");
}

TEST_F(Precedence, FlagIsOverDefault) {
  expect(load({"--reactors=4"}), 4, Source::Kind::Flag, "flag --reactors");
}

TEST_F(Precedence, EnvironmentIsOverFile) {
  expect(load({config_flag_}, {"SLUICE_REACTORS=3"}), 3, Source::Kind::Environment,
         "environment SLUICE_REACTORS");
}

TEST_F(Precedence, FlagIsOverFile) {
  expect(load({config_flag_, "--reactors=4"}), 4, Source::Kind::Flag, "flag --reactors");
}

TEST_F(Precedence, FlagIsOverEnvironment) {
  expect(load({"--reactors=4"}, {"SLUICE_REACTORS=3"}), 4, Source::Kind::Flag, "flag --reactors");
}

TEST_F(Precedence, FlagIsOverEnvironmentAndFile) {
  const absl::StatusOr<Loaded> loaded = load({config_flag_, "--reactors=4"}, {"SLUICE_REACTORS=3"});
  expect(loaded, 4, Source::Kind::Flag, "flag --reactors");
  EXPECT_EQ(loaded->config.backlog, 9u);  // a key that only the file has stays the file's
}

TEST_F(Precedence, FindsTheFileThroughTheEnvironment) {
  const absl::StatusOr<Loaded> loaded = load({}, {"SLUICE_CONFIG=" + file_.path()});
  expect(loaded, 2, Source::Kind::File, file_.path() + ":2:12");
  EXPECT_EQ(loaded->config.config, file_.path());
  EXPECT_EQ(loaded->source_of("config").place, "environment SLUICE_CONFIG");
}

TEST_F(Precedence, ReadsTheFlagsFileOnly) {
  const TemporaryFile other("reactors = 7\n");
  expect(load({"--config=" + other.path()}, {"SLUICE_CONFIG=" + file_.path()}), 7,
         Source::Kind::File, other.path() + ":1:12");
}

TEST(Load, JudgesValuesThatAreOverridden) {
  const TemporaryFile file("reactors = 65\n");
  EXPECT_EQ(
      problem(load({"--config=" + file.path(), "--reactors=2"}, {"SLUICE_REACTORS=many"})),
      file.path() +
          ":1:12: reactors: \"65\" is too large; the largest is 63\n"
          "environment SLUICE_REACTORS: \"many\" is not a whole number; write digits only, such "
          "as 64");
}

TEST(Load, PutsThePlaceInFrontOfEachMistake) {
  const TemporaryFile file("idle-timeout = \"30\"\n");
  EXPECT_EQ(problem(load({"--config=" + file.path()})),
            file.path() + ":1:16: idle-timeout: \"30\" has no unit; write 30s");
  EXPECT_EQ(problem(load({}, {"SLUICE_IDLE_TIMEOUT=30"})),
            "environment SLUICE_IDLE_TIMEOUT: \"30\" has no unit; write 30s");
  EXPECT_EQ(problem(load({"--idle-timeout=30"})),
            "flag --idle-timeout: \"30\" has no unit; write 30s");
  EXPECT_EQ(problem(load({"--balance=lest"})),
            "flag --balance: \"lest\" is not one of least, fd, round_robin: did you mean least?");
}

TEST(Load, RefusesAnUnknownVariable) {
  EXPECT_EQ(problem(load({}, {"SLUICE_IDLE_TIMOUT=30s"})),
            "environment SLUICE_IDLE_TIMOUT: unknown variable: did you mean SLUICE_IDLE_TIMEOUT?");
  EXPECT_EQ(problem(load({}, {"SLUICE_PORT_5100_TCP_ADDRESS=10.0.0.1"})),
            "environment SLUICE_PORT_5100_TCP_ADDRESS: unknown variable; unset it, or see sluice "
            "--help for the keys");
  EXPECT_EQ(problem(load({}, {"SLUICE_REACTORS="})),
            "environment SLUICE_REACTORS: is empty; give it a value or unset it");
}

TEST(Load, LeavesOtherVariablesAlone) {
  EXPECT_TRUE(
      load({}, {"PATH=/bin", "SLUICE=1", "XSLUICE_REACTORS=x", "SLUICE_X", "sluice_x=1"}).ok());
}

TEST(Load, TellsThatAFileCannotBeRead) {
  const std::string told = problem(load({"--config=/nonexistent/sluice.toml"}));
  EXPECT_THAT(told, testing::StartsWith("flag --config: cannot read /nonexistent/sluice.toml: No "
                                        "such file or directory"));
  EXPECT_THAT(told, testing::EndsWith("; give the path of a readable TOML file"));
}

TEST(Load, AsksTheHookAboutEveryPoller) {
  const Surroundings surroundings = {.check_poller = [](std::string_view spec) {
    if (spec.starts_with("epoll")) return absl::OkStatus();
    return absl::InvalidArgumentError("unknown poller: did you mean epoll?");
  }};
  EXPECT_EQ(load({"--poller=epoll:trigger=level"}, {}, surroundings)->config.poller,
            "epoll:trigger=level");
  const TemporaryFile file("poller = \"epol\"\n");
  EXPECT_EQ(problem(load({"--config=" + file.path(), "--poller=eppol"}, {"SLUICE_POLLER=epoll"},
                         surroundings)),
            file.path() +
                ":1:10: poller: unknown poller: did you mean epoll?\n"
                "flag --poller: unknown poller: did you mean epoll?");
}

TEST(Load, ReportsEveryMistakeOfEverySource) {
  const TemporaryFile file("idle-timout = \"5m\"\nbacklog = 0\n");
  EXPECT_EQ(
      problem(load({"--config=" + file.path(), "--node-id=4096", "--outbound-high-water=9MiB"},
                   {"SLUICE_ADMIN=on", "SLUICE_BALANCED=fd"})),
      file.path() + ":1:1: unknown key idle-timout: did you mean idle-timeout?\n" + file.path() +
          ":2:11: backlog: \"0\" is too small; the smallest is 1\n"
          "environment SLUICE_BALANCED: unknown variable: did you mean SLUICE_BALANCE?\n"
          "environment SLUICE_ADMIN: " +
          problem(Address::parse("on")) +
          ", or off\n"
          "flag --node-id: \"4096\" is too large; the largest is 1023\n"
          "outbound-high-water = 9MiB (flag --outbound-high-water) is over outbound-bytes-max = "
          "8MiB (default); lower the first or raise the second");
}

TEST(Load, ConcludesNothingFromARefusedValue) {
  // The mode was meant, so the token file is no contradiction: one mistake, one line.
  EXPECT_EQ(problem(load({"--auth=token-fil", "--token-file=tokens"})),
            "flag --auth: \"token-fil\" is not one of none, token-file: did you mean token-file?");
  const TemporaryFile file("frame-bytes-max = true\n");
  EXPECT_EQ(problem(load({"--config=" + file.path(), "--inbound-bytes-max=4KiB"})),
            file.path() +
                ":1:19: frame-bytes-max: is true or false, but wants a size; write "
                "frame-bytes-max = \"64KiB\"");
}

TEST(Load, ConcludesNothingFromAFileItCouldNotRead) {
  const TemporaryFile file("auth = \"token-file\"\nbacklog = 1\nbacklog = 2\n");
  EXPECT_EQ(problem(load({"--config=" + file.path(), "--token-file=tokens"})),
            file.path() + ":3:11: backlog: is written twice; keep one of them");
}

}  // namespace
}  // namespace sluice
