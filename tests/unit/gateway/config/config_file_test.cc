#include "gateway/config/config_file.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

// The problems of a file named f, one line each; or "ok".
std::string problems(std::string_view text) {
  std::string lines;
  for (const FileEntry& entry : parse_config_file(text, "f")) {
    if (entry.problem.empty()) continue;
    if (!lines.empty()) lines += '\n';
    lines += entry.problem;
  }
  return lines.empty() ? "ok" : lines;
}

// The text that a value gives its option.
std::string text_of(const std::string& pair) {
  const std::vector<FileEntry> entries = parse_config_file(pair, "f");
  EXPECT_EQ(entries.size(), 1u) << pair;
  EXPECT_EQ(entries[0].problem, "") << pair;
  return entries[0].text;
}

TEST(ConfigFile, KeepsTheOrderAndPlacesOfTheFile) {
  const std::vector<FileEntry> entries = parse_config_file(
      "# a comment\n"
      "reactors = 2\n"
      "\n"
      "  auth-timeout   =   \"10s\"\n",
      "dir/sluice.toml");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].option->key, "reactors");
  EXPECT_EQ(entries[0].place, "dir/sluice.toml:2:12");
  EXPECT_EQ(entries[1].option->key, "auth-timeout");
  EXPECT_EQ(entries[1].place, "dir/sluice.toml:4:22");
  EXPECT_TRUE(parse_config_file("", "f").empty());
}

TEST(ConfigFile, ReadsEveryTypeThatAKindMayHave) {
  EXPECT_EQ(text_of("insecure-no-auth = true"), "true");
  EXPECT_EQ(text_of("insecure-no-auth = false"), "false");
  EXPECT_EQ(text_of("reactors = 4"), "4");
  EXPECT_EQ(text_of("turn-bytes-max = 4096"), "4096");
  EXPECT_EQ(text_of("turn-bytes-max = \"4KiB\""), "4KiB");
  EXPECT_EQ(text_of("idle-timeout = \"5m\""), "5m");
  EXPECT_EQ(text_of("tcp-keepalive = 0"), "0");
  EXPECT_EQ(text_of("accept = \"main\""), "main");
  EXPECT_EQ(text_of("token-file = 'C:\\x'"), "C:\\x");
  EXPECT_EQ(text_of("admin = \"off\""), "off");
  EXPECT_EQ(text_of("listen = \"a,b\""), "a,b");
  EXPECT_EQ(text_of("listen = [\"a\", \"b\"]"), "a,b");
}

TEST(ConfigFile, NamesTheTypeThatAKeyWants) {
  EXPECT_EQ(problems("reactors = \"4\""),
            "f:1:12: reactors: is a string, but wants a whole number; write reactors = 4");
  EXPECT_EQ(problems("backlog = 4.5"),
            "f:1:11: backlog: is a fraction, but wants a whole number; write backlog = 4");
  EXPECT_EQ(problems("insecure-no-auth = 1"),
            "f:1:20: insecure-no-auth: is a whole number, but wants true or false; write "
            "insecure-no-auth = true");
  EXPECT_EQ(problems("accept = true"),
            "f:1:10: accept: is true or false, but wants a string; write accept = \"main\"");
  EXPECT_EQ(problems("token-file = 3"),
            "f:1:14: token-file: is a whole number, but wants a string; write token-file = "
            "\"FILE\"");
  EXPECT_EQ(problems("turn-bytes-max = []"),
            "f:1:18: turn-bytes-max: is a list, but wants a size; write turn-bytes-max = "
            "\"64KiB\"");
  EXPECT_EQ(problems("idle-timeout = 12:00:00"),
            "f:1:16: idle-timeout: is a date or time, but wants a time; write idle-timeout = "
            "\"30s\"");
  EXPECT_EQ(problems("admin = 5300"),
            "f:1:9: admin: is a whole number, but wants a string; write admin = \"off\"");
  EXPECT_EQ(problems("listen = [\"tcp://127.0.0.1:1\", 2]"),
            "f:1:10: listen: is a list, but wants a string or a list of strings; write listen = "
            "[\"tcp://127.0.0.1:5100\"]");
}

TEST(ConfigFile, AsksForTheUnitOfABareNumber) {
  EXPECT_EQ(problems("idle-timeout = 30"),
            "f:1:16: idle-timeout: 30 has no unit; write idle-timeout = \"30s\"");
}

TEST(ConfigFile, SuggestsTheKeyThatWasMeant) {
  EXPECT_EQ(problems("reactors = 2\nidle-timout = \"5m\""),
            "f:2:1: unknown key idle-timout: did you mean idle-timeout?");
  EXPECT_EQ(problems("idle_timeout = \"5m\""),
            "f:1:1: unknown key idle_timeout: did you mean idle-timeout?");
  EXPECT_EQ(problems("quadruplicate = 1"),
            "f:1:1: unknown key quadruplicate; sluice --help lists them all");
}

TEST(ConfigFile, RefusesTheKeyThatNamesTheFile) {
  EXPECT_EQ(problems("config = \"other.toml\""),
            "f:1:10: config: names this file itself; remove it, and use flag --config or "
            "environment SLUICE_CONFIG");
}

TEST(ConfigFile, RefusesTablesAndDottedKeys) {
  const std::string flat =
      "is a table, but keys here are flat; move what is inside to the top of the file, without "
      "the table's name";
  EXPECT_EQ(problems("[limits]\nreactors = 4"), "f:1:2: limits: " + flat);
  EXPECT_EQ(problems("[[servers]]\na = 1"), "f:1:3: servers: " + flat);
  EXPECT_EQ(problems("log.level = \"info\""),
            "f:1:1: log: is a table, but keys here are flat; write log-level at the top of the "
            "file");
  EXPECT_EQ(problems("admin = { port = 1 }"), "f:1:1: admin: " + flat);
}

TEST(ConfigFile, RefusesAKeyWrittenTwice) {
  EXPECT_EQ(problems("reactors = 4\nreactors = 5\n"),
            "f:2:12: reactors: is written twice; keep one of them");
}

TEST(ConfigFile, TellsWhereTextIsNotToml) {
  const std::string fix =
      "; words, times and addresses stand in quotes, such as idle-timeout = \"5m\"";
  const std::string unquoted = problems("reactors = 2\nidle-timeout = 30s");
  EXPECT_TRUE(unquoted.starts_with("f:2:18: this is not TOML: ")) << unquoted;
  EXPECT_TRUE(unquoted.ends_with(fix)) << unquoted;
  for (const char* text : {"poller = epoll", "poller = \"epoll", "=", "\xff", "'", "a.'"}) {
    const std::string told = problems(text);
    EXPECT_TRUE(told.starts_with("f:1:")) << told;
    EXPECT_TRUE(told.ends_with(fix)) << told;
  }
}

// toml++ 3.3.0 asserts that a value begins here, which let a malformed file abort the program.
TEST(ConfigFile, SurvivesABracketWhereAValueBelongs) {
  for (const char* text : {"listen = [}", "listen = [ }]", "x = ]", "x = {a = ]}", "x = [[}]"}) {
    EXPECT_TRUE(problems(text).starts_with("f:1:")) << problems(text);
  }
}

TEST(ConfigFile, ReportsEveryMistakeInTheOrderOfTheFile) {
  EXPECT_EQ(problems("zeal = 1\nreactors = \"x\"\nbacklog = 5\nakcept = 1\n"),
            "f:1:1: unknown key zeal; sluice --help lists them all\n"
            "f:2:12: reactors: is a string, but wants a whole number; write reactors = 4\n"
            "f:4:1: unknown key akcept: did you mean accept?");
}

}  // namespace
}  // namespace sluice
