#include "gateway/config/option_value.h"

#include <gtest/gtest.h>

#include "loading.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing_config::problem;

TEST(OptionValue, ReadsACountOfDigitsOnly) {
  EXPECT_EQ(*parse_count("0"), 0u);
  EXPECT_EQ(*parse_count("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x10", "1k", "one"}) {
    EXPECT_EQ(problem(parse_count(text)),
              "\"" + std::string(text) + "\" is not a whole number; write digits only, such as 64");
  }
  EXPECT_EQ(problem(parse_count("18446744073709551616")),
            "\"18446744073709551616\" is too large for a number");
}

TEST(OptionValue, ReadsBytesInEveryUnit) {
  EXPECT_EQ(*parse_bytes("0"), 0u);
  EXPECT_EQ(*parse_bytes("1048582"), 1048582u);
  EXPECT_EQ(*parse_bytes("12B"), 12u);
  EXPECT_EQ(*parse_bytes("3kB"), 3000u);
  EXPECT_EQ(*parse_bytes("3MB"), 3000000u);
  EXPECT_EQ(*parse_bytes("3GB"), 3000000000u);
  EXPECT_EQ(*parse_bytes("3KiB"), 3072u);
  EXPECT_EQ(*parse_bytes("2 MiB"), 2097152u);
  EXPECT_EQ(*parse_bytes("1GiB"), 1073741824u);
}

TEST(OptionValue, ExplainsBytesItCannotRead) {
  EXPECT_EQ(problem(parse_bytes("1mib")),
            "\"1mib\" has the unknown unit \"mib\": did you mean MiB?");
  EXPECT_EQ(problem(parse_bytes("1X")),
            "\"1X\" has the unknown unit \"X\"; use KiB, MiB, GiB, kB, MB or GB");
  for (const char* text : {"", "MiB", "-1", "1.5MiB"}) {
    EXPECT_EQ(problem(parse_bytes(text)),
              "\"" + std::string(text) +
                  "\" is not a size; write a whole number of bytes, or one with a unit, such as "
                  "64KiB");
  }
  EXPECT_EQ(problem(parse_bytes("9007199254740992KiB")),
            "\"9007199254740992KiB\" is too large for a size");
  EXPECT_EQ(problem(parse_bytes("99999999999999999999")),
            "\"99999999999999999999\" is too large for a size");
}

TEST(OptionValue, ReadsATimeInEveryUnit) {
  EXPECT_EQ(*parse_duration("1500ms"), 1500ms);
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("24h"), 24h);
  EXPECT_EQ(*parse_duration("0"), 0s);
  EXPECT_EQ(*parse_duration("0s"), 0s);
}

TEST(OptionValue, ExplainsATimeItCannotRead) {
  EXPECT_EQ(problem(parse_duration("30")), "\"30\" has no unit; write 30s");
  EXPECT_EQ(problem(parse_duration("30S")), "\"30S\" has the unknown unit \"S\": did you mean s?");
  EXPECT_EQ(problem(parse_duration("3d")), "\"3d\" has the unknown unit \"d\"; use ms, s, m or h");
  EXPECT_EQ(problem(parse_duration("1m30s")),
            "\"1m30s\" has the unknown unit \"m30s\"; use ms, s, m or h");
  for (const char* text : {"", "s", "-5s", "1.5s"}) {
    EXPECT_EQ(problem(parse_duration(text)),
              "\"" + std::string(text) +
                  "\" is not a time; write a whole number with ms, s, m or h, such as 30s");
  }
  EXPECT_EQ(problem(parse_duration("9223372036855s")),
            "\"9223372036855s\" is too large for a time");
  EXPECT_EQ(problem(parse_duration("99999999999999999999s")),
            "\"99999999999999999999s\" is too large for a time");
}

TEST(OptionValue, ReadsASwitch) {
  EXPECT_TRUE(*parse_switch("true"));
  EXPECT_FALSE(*parse_switch("false"));
  EXPECT_EQ(problem(parse_switch("yes")), "\"yes\" is neither true nor false; write one of them");
}

TEST(OptionValue, ReadsAListenAddress) {
  EXPECT_EQ(*parse_listen_address("tcp://127.0.0.1:5100"), *Address::parse("127.0.0.1:5100"));
  EXPECT_EQ(*parse_listen_address("tcp://[::1]:0"), *Address::parse("[::1]:0"));
}

TEST(OptionValue, ExplainsAListenAddressItCannotRead) {
  for (const std::string scheme : {"ws", "wss", "tls"}) {
    const std::string text = scheme + "://127.0.0.1:5200";
    EXPECT_EQ(
        problem(parse_listen_address(text)),
        "\"" + text + "\" uses " + scheme + ", which is not built yet in this version; use tcp://");
  }
  EXPECT_EQ(problem(parse_listen_address("udp://127.0.0.1:1")),
            "\"udp://127.0.0.1:1\" has the unknown scheme \"udp\"; use tcp://");
  EXPECT_EQ(problem(parse_listen_address("127.0.0.1:1")),
            "\"127.0.0.1:1\" has no scheme; write tcp://127.0.0.1:1");
  EXPECT_EQ(problem(parse_listen_address("[::1]")),
            "\"[::1]\" has no scheme; write tcp://127.0.0.1:5100 or tcp://[::1]:5100");
  EXPECT_EQ(problem(parse_listen_address("tcp://localhost")),
            problem(Address::parse("localhost")) + " behind tcp://");
}

TEST(OptionValue, ShowsWhatItReads) {
  for (const char* text : {"0", "1", "1023", "1KiB", "3000", "1MiB", "1025KiB", "2GiB"}) {
    EXPECT_EQ(show_bytes(*parse_bytes(text)), text);
  }
  for (const char* text : {"0s", "1ms", "1500ms", "90s", "5m", "24h", "32767s"}) {
    EXPECT_EQ(show_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(show_bytes(*parse_bytes("1024MiB")), "1GiB");
  EXPECT_EQ(show_duration(*parse_duration("3600s")), "1h");
  for (const char* text : {"tcp://127.0.0.1:5100", "tcp://[::1]:5100"}) {
    EXPECT_EQ(show_listen_address(*parse_listen_address(text)), text);
  }
}

}  // namespace
}  // namespace sluice
