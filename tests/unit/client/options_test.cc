#include "client/options.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Words = std::vector<std::string>;

Options options_of(Words arguments) {
  absl::StatusOr<Options> options = parse_options(std::move(arguments));
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *options : Options{};
}

std::string mistake_in(Words arguments) {
  return std::string(parse_options(std::move(arguments)).status().message());
}

TEST(Options, HaveDefaults) {
  const Options options = options_of({"--uid=alice"});
  EXPECT_EQ(options.command, Command::Chat);
  EXPECT_EQ(options.server.to_string(), "127.0.0.1:5100");
  EXPECT_EQ(options.uid, "alice");
  EXPECT_EQ(options.version, 5);
  EXPECT_EQ(options.framing, Framing::Wkproto);
  EXPECT_EQ(options.ping_interval, std::chrono::seconds(30));
  EXPECT_FALSE(options.has_timeout);
}

TEST(Options, GiveEveryRunAnotherDevice) {
  EXPECT_NE(options_of({"--uid=a"}).device_id, options_of({"--uid=a"}).device_id);
}

TEST(Options, TakeTheTextOfAMessageFromTheWords) {
  const Options options = options_of({"send", "--uid", "alice", "--to", "bob", "hello", "world"});
  EXPECT_EQ(options.command, Command::Send);
  EXPECT_EQ(options.uid, "alice");
  EXPECT_EQ(options.to.id, "bob");
  EXPECT_EQ(options.to.type, ChannelType::Person);
  EXPECT_EQ(options.text, "hello world");
}

TEST(Options, TakeFlagsOnEitherSideOfTheCommand) {
  const Options options = options_of({"--uid=alice", "send", "hello", "--group=g", "--json"});
  EXPECT_EQ(options.to.id, "g");
  EXPECT_EQ(options.to.type, ChannelType::Group);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.text, "hello");
}

TEST(Options, ReadInputForADash) {
  EXPECT_TRUE(options_of({"send", "--uid=a", "--to=b", "-"}).from_input);
  EXPECT_FALSE(options_of({"send", "--uid=a", "--to=b", "-", "x"}).from_input);
}

TEST(Options, TakeEverythingBehindTwoDashesAsText) {
  const Options options = options_of({"send", "--uid=a", "--to=b", "--", "--json", "-x"});
  EXPECT_EQ(options.text, "--json -x");
  EXPECT_FALSE(options.json);
}

TEST(Options, ListenToSeveralGroups) {
  const Options options = options_of({"listen", "--uid=a", "--group=g", "--group=h", "--count=2"});
  EXPECT_EQ(options.groups, (Words{"g", "h"}));
  EXPECT_EQ(options.count, 2U);
}

TEST(Options, MakeUpAUidForPing) { EXPECT_FALSE(options_of({"ping"}).uid.empty()); }

TEST(Options, GiveHelpWhateverElseIsWrong) {
  EXPECT_EQ(options_of({"send", "--frobnicate", "--help"}).command, Command::Help);
  EXPECT_EQ(options_of({"-h"}).command, Command::Help);
  EXPECT_EQ(options_of({"help"}).command, Command::Help);
  EXPECT_EQ(options_of({"--version"}).command, Command::Version);
}

TEST(Options, SuggestWhatWasMeant) {
  EXPECT_EQ(mistake_in({"--uid=a", "--severr=127.0.0.1:1"}),
            "unknown flag --severr: did you mean --server?");
  EXPECT_EQ(mistake_in({"--uidd", "alice"}), "unknown flag --uidd: did you mean --uid?");
  EXPECT_EQ(mistake_in({"lisen", "--uid=a"}), "unknown command lisen: did you mean listen?");
  EXPECT_EQ(mistake_in({"frobnicate", "--uid=a"}),
            "unknown command frobnicate; sluice-client --help lists them");
}

TEST(Options, MissWhatIsNeeded) {
  EXPECT_EQ(mistake_in({}), "--uid is missing: who are you? Write --uid=alice");
  EXPECT_EQ(mistake_in({"send", "--uid=a", "--to=b"}),
            "send needs a text, or - for the lines of standard input");
  EXPECT_EQ(mistake_in({"send", "--uid=a", "x"}),
            "send needs a receiver: one --to=UID or one --group=NAME");
  EXPECT_EQ(mistake_in({"send", "--uid=a", "--to=b", "--group=g", "x"}),
            "send needs a receiver: one --to=UID or one --group=NAME");
}

TEST(Options, RefuseFlagsOfOtherCommands) {
  EXPECT_EQ(mistake_in({"send", "--uid=a", "--to=b", "x", "--count=1"}),
            "--count is for listen and ping");
  EXPECT_EQ(mistake_in({"listen", "--uid=a", "--to=b"}), "--to is for send");
  EXPECT_EQ(mistake_in({"send", "--uid=a", "--to=b", "--join", "x"}),
            "--join is for a --group; a person needs no subscription");
  EXPECT_EQ(mistake_in({"ping", "hello"}), "what is \"hello\" for?");
}

TEST(Options, RefuseAFlagWithoutItsValue) {
  EXPECT_EQ(mistake_in({"--token", "--uid=a"}), "--token: needs a value");
  EXPECT_EQ(mistake_in({"--token=", "--uid=a"}), "--token is empty");
  EXPECT_EQ(mistake_in({"--uid=a", "--uid=b"}), "--uid is given 2 times");
}

TEST(Options, TellEveryMistakeAtOnce) {
  EXPECT_EQ(mistake_in({"--uid=a", "--framing=x", "--count=0"}),
            "--framing: is neither wkproto nor frame6\n--count is for listen and ping");
}

}  // namespace
}  // namespace sluice
