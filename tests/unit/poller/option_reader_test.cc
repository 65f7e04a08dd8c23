#include "poller/option_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

constexpr std::array<PollerOption, 3> kTable{{
    {"size", "1..9", "5", "a number"},
    {"fast", "on|off", "off", "a switch"},
    {"colour", "red|green|blue", "red", "a choice"},
}};
enum class Colour { Red, Green, Blue };

// All three of them, read from `text`; the defaults where nothing else was read.
struct Reading {
  uint32_t size = 5;
  bool fast = false;
  Colour colour = Colour::Red;
  std::string complaint;
};
Reading read(const char* text) {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  Reading reading;
  OptionReader reader(*spec, kTable);
  reader.number("size", 1, 9, &reading.size);
  reader.on_off("fast", &reading.fast);
  reader.choice<Colour>("colour",
                        {{"red", Colour::Red}, {"green", Colour::Green}, {"blue", Colour::Blue}},
                        &reading.colour);
  EXPECT_TRUE(reader.status().ok() || absl::IsInvalidArgument(reader.status()));
  reading.complaint = std::string(reader.status().message());
  return reading;
}

TEST(OptionReader, LeavesWhatIsNotGivenAsItIs) {
  const Reading reading = read("toy");
  EXPECT_EQ(reading.complaint, "");
  EXPECT_EQ(reading.size, 5U);
  EXPECT_FALSE(reading.fast);
  EXPECT_EQ(reading.colour, Colour::Red);
}

TEST(OptionReader, ReadsNumbersSwitchesAndChoicesInAnyOrder) {
  const Reading reading = read("toy:colour=blue,fast=on,size=9");
  EXPECT_EQ(reading.complaint, "");
  EXPECT_EQ(reading.size, 9U);
  EXPECT_TRUE(reading.fast);
  EXPECT_EQ(reading.colour, Colour::Blue);
  EXPECT_FALSE(read("toy:fast=off").fast);
  EXPECT_EQ(read("toy:size=1").size, 1U);
}

TEST(OptionReader, TakesOnlyWholeNumbersInTheirRange) {
  for (const std::string value :
       {"0", "10", "-4", "+4", "4x", "x", "0x4", "4.0", " 4", "99999999999999999999"}) {
    const Reading reading = read(("toy:size=" + value).c_str());
    EXPECT_EQ(reading.complaint,
              "poller toy: size=" + value + " is not a whole number from 1 to 9");
    EXPECT_EQ(reading.size, 5U) << "a wrong value is not half taken over";
  }
}

TEST(OptionReader, TakesOnlyOnAndOffForASwitch) {
  for (const std::string value : {"yes", "1", "true", "ON"}) {
    EXPECT_EQ(read(("toy:fast=" + value).c_str()).complaint,
              "poller toy: fast=" + value + " is not on or off");
  }
  EXPECT_EQ(read("toy:fast=offf").complaint,
            "poller toy: fast=offf is not on or off; did you mean off?");
}

TEST(OptionReader, TakesOnlyTheWordsOfAChoice) {
  EXPECT_EQ(read("toy:colour=gren").complaint,
            "poller toy: colour=gren is not red or green or blue; did you mean green?");
  EXPECT_EQ(read("toy:colour=7").complaint, "poller toy: colour=7 is not red or green or blue");
}

TEST(OptionReader, NamesTheOptionsThatThereAre) {
  EXPECT_EQ(read("toy:sise=3").complaint,
            "poller toy has no option \"sise\"; there is size, fast, colour; did you mean size?");
  EXPECT_EQ(read("toy:weight=3").complaint,
            "poller toy has no option \"weight\"; there is size, fast, colour");
}

TEST(OptionReader, KeepsTheFirstErrorAndReadsNoFurther) {
  const Reading reading = read("toy:fast=on,size=0,colour=grey");
  EXPECT_EQ(reading.complaint, "poller toy: size=0 is not a whole number from 1 to 9");
  EXPECT_FALSE(reading.fast);
  EXPECT_EQ(reading.colour, Colour::Red);
  EXPECT_EQ(read("toy:size=0,sise=3").complaint.substr(0, 25), "poller toy has no option ");
}

TEST(OptionReader, RefusesWhatOnlyTogetherIsWrong) {
  const PollerSpec spec = *PollerSpec::parse("toy");
  OptionReader reader(spec, kTable);
  reader.refuse("fast and red do not go together");
  reader.refuse("nobody hears this");
  EXPECT_EQ(reader.status().message(), "poller toy: fast and red do not go together");
}

TEST(OptionReaderDeathTest, ReadingAnOptionThatIsNotListedIsABug) {
  const PollerSpec spec = *PollerSpec::parse("toy");
  OptionReader reader(spec, kTable);
  bool value = false;
  EXPECT_DEATH(reader.on_off("secret", &value), "does not list");
}

TEST(ThereIs, ListsAndGuesses) {
  constexpr std::array<std::string_view, 2> kNames{"epoll", "uring"};
  EXPECT_EQ(there_is("urin", kNames), "; there is epoll, uring; did you mean uring?");
  EXPECT_EQ(there_is("kqueue", kNames), "; there is epoll, uring");
}

}  // namespace
}  // namespace sluice
