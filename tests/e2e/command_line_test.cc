// The program's words for people and scripts: subcommands, exit codes, mistakes and where they are.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

void expect_in(std::string_view text, std::string_view part, Here here = Here()) {
  if (text.find(part) == text.npos) {
    fail_at(here, "\"" + std::string(part) + "\" is missing in:\n" + std::string(text));
  }
}

// `key = value` in TOML whose columns are aligned, with a comment that holds `source`.
void expect_setting(std::string_view toml, std::string_view key, std::string_view value,
                    std::string_view source, Here here = Here()) {
  std::string squeezed;
  for (const char c : toml) {
    if (c != ' ' || !squeezed.ends_with(' ')) squeezed += c;
  }
  const std::string wanted = "\n" + std::string(key) + " = " + std::string(value) + " # ";
  const size_t at = squeezed.find(wanted);
  const size_t line_end = at == squeezed.npos ? at : squeezed.find('\n', at + 1);
  expect_in(at == squeezed.npos ? squeezed : squeezed.substr(at, line_end - at),
            wanted + std::string(source), here);
}

TEST(CommandLine, VersionPrintsOneLine) {
  for (const std::string word : {"version", "--version"}) {
    const Finished sluice = run_sluice({word});
    EXPECT_EQ(sluice.exit_code, 0);
    EXPECT_TRUE(sluice.output.starts_with("sluice ")) << sluice.output;
    EXPECT_EQ(std::count(sluice.output.begin(), sluice.output.end(), '\n'), 1);
    EXPECT_EQ(sluice.errors, "");
  }
}

TEST(CommandLine, HelpNamesEveryCommand) {
  const Finished sluice = run_sluice({"--help"});
  EXPECT_EQ(sluice.exit_code, 0);
  for (const std::string_view word : {"serve", "check", "config", "pollers", "version"}) {
    expect_in(sluice.output, word);
  }
}

TEST(CommandLine, HelpTellsThePollersOptionsWithTheirDefaults) {
  const Finished sluice = run_sluice({"--help"});
  expect_in(sluice.output, "--poller=epoll:key=value,key=value");
  expect_in(sluice.output, "\n  trigger=edge|level ");
  expect_in(sluice.output, "[on_demand]\n");
  expect_in(sluice.output, "\n  busy_poll=USEC, 0..1000000 ");
}

TEST(CommandLine, CheckJudgesAConfiguration) {
  const Finished good = run_sluice({"check", "--idle-timeout=5m"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.errors, "");
  const Finished bad = run_sluice({"check", "--idle-timeout=soon"});
  EXPECT_EQ(bad.exit_code, 2);
  expect_in(bad.errors, "--idle-timeout");
}

TEST(CommandLine, ConfigPrintsWhatItCanReadAgain) {
  const Finished first = run_sluice({"config", "--idle-timeout=90s", "--reactors=3"});
  EXPECT_EQ(first.exit_code, 0);
  expect_setting(first.output, "idle-timeout", "\"90s\"", "flag --idle-timeout");
  expect_setting(first.output, "reactors", "3", "flag --reactors");
  const std::string path = temporary_file("again.toml", first.output);
  EXPECT_EQ(run_sluice({"check", "--config=" + path}).exit_code, 0);
  const Finished again = run_sluice({"config", "--config=" + path});
  expect_setting(again.output, "idle-timeout", "\"90s\"", path + ":");
}

TEST(CommandLine, TheFlagWinsOverTheVariableAndTheVariableOverTheFile) {
  const std::string path = temporary_file("order.toml",
                                          "idle-timeout = \"1m\"\n"
                                          "auth-timeout = \"1m\"\n"
                                          "linger-timeout = \"3s\"\n");
  const ChildProcess::Surroundings variables{{"SLUICE_IDLE_TIMEOUT=2m", "SLUICE_AUTH_TIMEOUT=2m"},
                                             0};
  const Finished sluice =
      run_sluice({"config", "--config=" + path, "--idle-timeout=3m"}, variables);
  expect_setting(sluice.output, "idle-timeout", "\"3m\"", "flag --idle-timeout");
  expect_setting(sluice.output, "auth-timeout", "\"2m\"", "environment SLUICE_AUTH_TIMEOUT");
  expect_setting(sluice.output, "linger-timeout", "\"3s\"", path + ":3:");
}

TEST(CommandLine, PollersListsThoseOfTheBuild) {
  const Finished sluice = run_sluice({"pollers"});
  EXPECT_EQ(sluice.exit_code, 0);
  expect_in(sluice.output, "epoll: ");
  expect_in(sluice.output, "self-test: OK");
  expect_in(sluice.output, "features: trigger=edge write_interest=on_demand busy_poll=0 ");
  expect_in(sluice.output, "caps: hand_over=yes ");
  expect_in(sluice.output, "\n      write_interest=on_demand|always");
}

TEST(CommandLine, AnUnknownFlagGetsASuggestionAndExitCodeTwo) {
  const Finished sluice = run_sluice({"--idel-timeout=5m"});
  EXPECT_EQ(sluice.exit_code, 2);
  EXPECT_EQ(sluice.output, "");
  expect_in(sluice.errors, "--idel-timeout");
  expect_in(sluice.errors, "--idle-timeout");
}

TEST(CommandLine, AnUnknownPollerIsNamed) {
  const Finished sluice = run_sluice({"check", "--poller=epol"});
  EXPECT_EQ(sluice.exit_code, 2);
  expect_in(sluice.errors, "epol");
}

TEST(CommandLine, TheStrategiesInEffectAreLoggedOnce) {
  GatewayProcess gateway({"--poller=epoll:trigger=level,busy_poll=5"});
  gateway.wait_for_log("listening");
  EXPECT_EQ(gateway.log("poller").size(), 1U) << "not once per reactor";
  EXPECT_EQ(gateway
                .log("poller", {{"name", "epoll"},
                                {"trigger", "level"},
                                {"write_interest", "on_demand"},
                                {"busy_poll", "5"}})
                .size(),
            1U);
}

TEST(CommandLine, MistakesInTheFileAreShownWithLineAndColumn) {
  const std::string path = temporary_file("bad.toml",
                                          "listen = \"tcp://127.0.0.1:0\"\n"
                                          "  idel-timeout = \"5m\"\n"
                                          "reactors = \"many\"\n");
  const Finished sluice = run_sluice({"check", "--config=" + path});
  EXPECT_EQ(sluice.exit_code, 2);
  expect_in(sluice.errors, path + ":2:3: ");
  expect_in(sluice.errors, "idle-timeout");
  expect_in(sluice.errors, path + ":3:12: ");
}

TEST(CommandLine, AFileThatIsNoTomlIsShownWithLineAndColumn) {
  const std::string path =
      temporary_file("broken.toml", "listen = \"tcp://127.0.0.1:0\"\nidle =\n");
  const Finished sluice = run_sluice({"check", "--config=" + path});
  EXPECT_EQ(sluice.exit_code, 2);
  expect_in(sluice.errors, path + ":2:");
}

TEST(CommandLine, APortThatIsTakenIsNamedWithTheFix) {
  GatewayProcess gateway({});
  const std::string address = gateway.address().to_string();
  const Finished sluice = run_sluice({"--listen=tcp://" + address});
  EXPECT_EQ(sluice.exit_code, 1);
  expect_in(sluice.errors, address);
  expect_in(sluice.errors, "another program listens there");
}

TEST(CommandLine, AnAddressOfAnotherMachineIsNamedWithTheFix) {
  const Finished sluice = run_sluice({"--listen=tcp://203.0.113.1:0", "--insecure-no-auth"});
  EXPECT_EQ(sluice.exit_code, 1);
  expect_in(sluice.errors, "no interface of this machine has that address");
}

TEST(CommandLine, SeveralAddressesAreServed) {
  GatewayProcess gateway({"--listen=tcp://127.0.0.1:0,tcp://127.0.0.2:0"});
  std::vector<TestPeer> peers;
  for (const LogLine& line : gateway.wait_for_log("listening", {}, 2)) {
    const auto address = Address::parse(line["address"].substr(6));
    ASSERT_TRUE(address.ok());
    peers.push_back(online(*address, "u" + std::to_string(peers.size())));
  }
  ASSERT_EQ(peers.size(), 2U);
  peers[0].send_text("u1", "across");
  peers[1].expect_text("u0", "across");
}

}  // namespace
}  // namespace sluice
