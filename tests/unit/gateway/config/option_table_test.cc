#include "gateway/config/option_table.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

// Sets one key and gives the text of the refusal, or "ok".
std::string set(Config& config, std::string_view key, std::string_view text) {
  const Option* option = find_option(key);
  if (option == nullptr) return "no such key";
  const absl::Status status = option->set(*option, text, config);
  return status.ok() ? "ok" : std::string(status.message());
}

std::string set(std::string_view key, std::string_view text) {
  Config config;
  return set(config, key, text);
}

std::string shown(std::string_view key, std::string_view text) {
  Config config;
  EXPECT_EQ(set(config, key, text), "ok") << key;
  return find_option(key)->show(config);
}

TEST(OptionTable, HasEachKeyOnceAndInWordsAndDashes) {
  std::set<std::string_view> keys;
  for (const Option& option : options()) {
    EXPECT_TRUE(keys.insert(option.key).second) << option.key;
    EXPECT_EQ(option.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), option.key.npos);
    EXPECT_EQ(find_option(option.key), &option);
    EXPECT_EQ(find_option_of_environment(environment_name(option)), &option);
    EXPECT_FALSE(option.help.empty()) << option.key;
    EXPECT_FALSE(option.group.empty()) << option.key;
    EXPECT_NE(option.help.back(), '.') << option.key;
  }
  EXPECT_EQ(find_option("idle_timeout"), nullptr);
  EXPECT_EQ(find_option_of_environment("SLUICE_IDLE-TIMEOUT"), nullptr);
}

TEST(OptionTable, SpellsAKeyAsFlagAndAsVariable) {
  const Option& option = *find_option("max-connections-per-ip");
  EXPECT_EQ(flag_name(option), "--max-connections-per-ip");
  EXPECT_EQ(environment_name(option), "SLUICE_MAX_CONNECTIONS_PER_IP");
}

TEST(OptionTable, ReadsBackEveryDefaultItShows) {
  for (const Option& option : options()) {
    const Config initial;
    const std::string text = option.show(initial);
    if (text.empty()) continue;  // not set
    Config config;
    EXPECT_TRUE(option.set(option, text, config).ok()) << option.key << " = " << text;
    EXPECT_EQ(config, initial) << option.key;
  }
}

TEST(OptionTable, ReadsEveryWordOfEveryChoice) {
  for (const Option& option : options()) {
    if (option.kind != OptionKind::Choice) continue;
    std::string_view words = option.metavar;
    while (!words.empty()) {
      const std::string_view word = words.substr(0, words.find('|'));
      words.remove_prefix(std::min(words.size(), word.size() + 1));
      EXPECT_EQ(shown(option.key, word), word) << option.key;
    }
  }
}

TEST(OptionTable, PutsEachChoiceIntoTheEnumeratorOfItsName) {
  Config config;
  EXPECT_EQ(set(config, "accept", "reuseport"), "ok");
  EXPECT_EQ(config.accept, AcceptMode::Reuseport);
  EXPECT_EQ(set(config, "balance", "fd"), "ok");
  EXPECT_EQ(config.balance, Balance::Fd);
  EXPECT_EQ(set(config, "balance", "round_robin"), "ok");
  EXPECT_EQ(config.balance, Balance::RoundRobin);
  EXPECT_EQ(set(config, "auth", "token-file"), "ok");
  EXPECT_EQ(config.auth, AuthMode::TokenFile);
  EXPECT_EQ(set(config, "drain-notify", "disconnect"), "ok");
  EXPECT_EQ(config.drain_notify, DrainNotify::Disconnect);
  EXPECT_EQ(set(config, "log-level", "debug"), "ok");
  EXPECT_EQ(config.log_level, LogLevel::Debug);
  EXPECT_EQ(set(config, "log-level", "error"), "ok");
  EXPECT_EQ(config.log_level, LogLevel::Error);
  EXPECT_EQ(set(config, "log-level", "off"), "ok");
  EXPECT_EQ(config.log_level, LogLevel::Off);
  EXPECT_EQ(set(config, "log-format", "json"), "ok");
  EXPECT_EQ(config.log_format, LogFormat::Json);
}

TEST(OptionTable, KeepsEveryNumberWithinItsBounds) {
  for (const Option& option : options()) {
    if (option.bounds.max == 0) continue;
    const Bounds& bounds = option.bounds;
    const std::string smallest = show_number(option, bounds.min);
    EXPECT_EQ(set(option.key, smallest), "ok") << option.key;
    // The next time over the largest would need a unit that cannot be written.
    if (bounds.max != kUnbounded && option.kind != OptionKind::Time) {
      const std::string over = show_number(option, bounds.max + bounds.step);
      EXPECT_EQ(set(option.key, over),
                "\"" + over + "\" is too large; the largest is " + show_number(option, bounds.max));
    }
    const std::string zero = set(option.key, "0");
    EXPECT_EQ(zero == "ok", bounds.min == 0 || !bounds.zero_means.empty()) << option.key;
  }
  EXPECT_EQ(set("reactors", "65"), "\"65\" is too large; the largest is 63");
  EXPECT_EQ(set("node-id", "1024"), "\"1024\" is too large; the largest is 1023");
  EXPECT_EQ(set("frame-bytes-max", "2MiB"), "\"2MiB\" is too large; the largest is 1MiB");
  EXPECT_EQ(set("idle-timeout", "9ms"),
            "\"9ms\" is too small; the smallest is 10ms, or 0 for never");
  EXPECT_EQ(set("idle-timeout", "25h"), "\"25h\" is too large; the largest is 24h");
  EXPECT_EQ(set("tcp-keepalive", "10h"), "\"10h\" is too large; the largest is 32767s");
  EXPECT_EQ(set("tcp-keepalive", "500ms"),
            "\"500ms\" is too small; the smallest is 1s, or 0 for off");
  EXPECT_EQ(set("tcp-keepalive", "1500ms"), "\"1500ms\" is too fine; write a multiple of 1s");
}

TEST(OptionTable, RoundsMailboxSlotsUpToAPowerOfTwo) {
  EXPECT_EQ(shown("mailbox-slots", "8192"), "8192");
  EXPECT_EQ(shown("mailbox-slots", "8193"), "16384");
  EXPECT_EQ(shown("mailbox-slots", "3"), "4");
  EXPECT_EQ(shown("mailbox-slots", "1048575"), "1048576");
  EXPECT_EQ(set("mailbox-slots", "1"), "\"1\" is too small; the smallest is 2");
}

TEST(OptionTable, ReadsAListOfAddresses) {
  EXPECT_EQ(shown("listen", "tcp://127.0.0.1:5100, tcp://[::1]:5100"),
            "tcp://127.0.0.1:5100,tcp://[::1]:5100");
  for (const char* text : {"", ",", "tcp://127.0.0.1:1,", "tcp://127.0.0.1:1,,tcp://[::1]:1"}) {
    EXPECT_EQ(set("listen", text),
              "holds an empty address; write tcp://127.0.0.1:5100, with a comma between two");
  }
  EXPECT_EQ(set("listen", "tcp://127.0.0.1:5100,wss://127.0.0.1:5200"),
            "\"wss://127.0.0.1:5200\" uses wss, which is not built yet in this version; use "
            "tcp://");
}

TEST(OptionTable, ReadsAnAdminAddressOrOff) {
  EXPECT_EQ(shown("admin", "127.0.0.1:5300"), "127.0.0.1:5300");
  EXPECT_EQ(shown("admin", "[::1]:5300"), "[::1]:5300");
  Config config;
  EXPECT_EQ(set(config, "admin", "127.0.0.1:5300"), "ok");
  EXPECT_EQ(set(config, "admin", "off"), "ok");
  EXPECT_FALSE(config.admin.has_value());
  const std::string refused = set("admin", "localhost:5300");
  EXPECT_TRUE(refused.starts_with("\"localhost:5300\" is not an address: ")) << refused;
  EXPECT_TRUE(refused.ends_with(", or off")) << refused;
}

TEST(OptionTable, TellsTheBoundsInWords) {
  EXPECT_EQ(show_bounds(*find_option("reactors")), "1 to 63; 0=one per core");
  EXPECT_EQ(show_bounds(*find_option("tcp-user-timeout")), "1ms to 24h; 0=off");
  EXPECT_EQ(show_bounds(*find_option("max-connections-per-ip")), "at least 1; 0=no limit");
  EXPECT_EQ(show_bounds(*find_option("frame-bytes-max")), "64 to 1MiB");
  EXPECT_EQ(show_bounds(*find_option("poller")), "");
}

}  // namespace
}  // namespace sluice
