#include "gateway/config/cli.h"

#include <gtest/gtest.h>

#include "loading.h"

namespace sluice {
namespace {

using Command = CommandLine::Command;
using Flags = std::vector<std::pair<std::string, std::string>>;
using testing_config::parse;
using testing_config::problem;

TEST(Cli, ServesByDefault) {
  const absl::StatusOr<CommandLine> line = parse({});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->command, Command::Serve);
  EXPECT_TRUE(line->flags.empty());
}

TEST(Cli, KnowsEveryCommandBeforeAndBehindFlags) {
  EXPECT_EQ(parse({"serve"})->command, Command::Serve);
  EXPECT_EQ(parse({"check", "--reactors=2"})->command, Command::Check);
  EXPECT_EQ(parse({"--reactors=2", "config"})->command, Command::Config);
  EXPECT_EQ(parse({"--reactors", "2", "pollers"})->command, Command::Pollers);
  EXPECT_EQ(parse({"version"})->command, Command::Version);
  EXPECT_EQ(parse({"help"})->command, Command::Help);
  EXPECT_EQ(parse({"--", "check"})->command, Command::Check);
}

TEST(Cli, GivesHelpAndVersionWhateverElseIsWrong) {
  EXPECT_EQ(parse({"--help"})->command, Command::Help);
  EXPECT_EQ(parse({"check", "-h"})->command, Command::Help);
  EXPECT_EQ(parse({"--bogus", "--help"})->command, Command::Help);
  EXPECT_EQ(parse({"--version"})->command, Command::Version);
}

TEST(Cli, CollectsFlagsInBothSpellings) {
  const absl::StatusOr<CommandLine> line =
      parse({"--idle-timeout", "30s", "--poller=epoll:trigger=level", "--insecure-no-auth"});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->flags, (Flags{{"poller", "epoll:trigger=level"},
                                {"insecure-no-auth", "true"},
                                {"idle-timeout", "30s"}}));
}

TEST(Cli, ReadsASwitchAloneOrWithAValue) {
  EXPECT_EQ(parse({"--insecure-no-auth=false"})->flags, (Flags{{"insecure-no-auth", "false"}}));
  const absl::StatusOr<CommandLine> line = parse({"--insecure-no-auth", "check"});
  EXPECT_EQ(line->flags, (Flags{{"insecure-no-auth", "true"}}));
  EXPECT_EQ(line->command, Command::Check);
}

TEST(Cli, SuggestsTheFlagThatWasMeant) {
  EXPECT_EQ(problem(parse({"--idle-timout=30s"})),
            "unknown flag --idle-timout: did you mean --idle-timeout?");
  EXPECT_EQ(problem(parse({"--idle_timeout=30s"})),
            "unknown flag --idle_timeout: did you mean --idle-timeout?");
  EXPECT_EQ(problem(parse({"--hlep"})), "unknown flag --hlep: did you mean --help?");
  EXPECT_EQ(problem(parse({"--quadruplicate"})),
            "unknown flag --quadruplicate; sluice --help lists them all");
  EXPECT_EQ(problem(parse({"-q"})), "unknown flag -q; sluice --help lists them all");
}

TEST(Cli, TakesTheWordBehindAnUnknownFlagForItsValue) {
  EXPECT_EQ(problem(parse({"--idle-timout", "30s", "check"})),
            "unknown flag --idle-timout: did you mean --idle-timeout?");
}

TEST(Cli, SuggestsTheCommandThatWasMeant) {
  EXPECT_EQ(problem(parse({"chekc"})), "unknown command chekc: did you mean check?");
  EXPECT_EQ(problem(parse({"obliterate"})),
            "unknown command obliterate; use one of serve, check, config, pollers, version, help");
  EXPECT_EQ(problem(parse({"check", "config"})),
            "two commands, check and config; give one of them");
}

TEST(Cli, RefusesAFlagWithoutItsValue) {
  EXPECT_EQ(problem(parse({"--config"})), "flag --config: needs a value; write --config=FILE");
  EXPECT_EQ(problem(parse({"--config", "--reactors=2"})),
            "flag --config: needs a value; write --config=FILE");
  EXPECT_EQ(problem(parse({"--config=", "check"})),
            "flag --config: is empty; write a value behind the =, or leave it out");
}

TEST(Cli, RefusesAFlagGivenTwice) {
  EXPECT_EQ(problem(parse({"--reactors=2", "--reactors", "4"})),
            "flag --reactors: is given 2 times; keep one of them");
  EXPECT_EQ(problem(parse({"--listen=tcp://127.0.0.1:1", "--listen=tcp://[::1]:1"})),
            "flag --listen: is given 2 times; give it once, with a comma between two addresses");
}

TEST(Cli, ReportsEveryMistakeAtOnce) {
  EXPECT_EQ(problem(parse({"--poler=epoll", "--token-file=", "--admin", "--bcklog=1", "chek"})),
            "flag --token-file: is empty; write a value behind the =, or leave it out\n"
            "flag --admin: needs a value; write --admin=ADDRESS|off\n"
            "unknown flag --poler: did you mean --poller?\n"
            "unknown flag --bcklog: did you mean --backlog?\n"
            "unknown command chek: did you mean check?");
}

}  // namespace
}  // namespace sluice
