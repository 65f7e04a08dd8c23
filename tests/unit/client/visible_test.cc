#include "client/visible.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Visible, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(visible("hello, \"Bob\" \\ 你好 🙂 Ü"), "hello, \"Bob\" \\ 你好 🙂 Ü");
  EXPECT_EQ(visible(""), "");
}

TEST(Visible, TakesTheSteeringWheelFromAPeer) {
  EXPECT_EQ(visible("\x1b[2J\x1b]0;owned\x07"), "\\u001b[2J\\u001b]0;owned\\u0007");
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m"),
            "\\u009b31m");  // the one-byte CSI
  EXPECT_EQ(visible("\x7f\b"), "\\u007f\\u0008");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\u0000b");
}

TEST(Visible, KeepsALineOneLine) {
  EXPECT_EQ(visible("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(visible("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
}

TEST(Visible, ShowsTheMarksThatTurnTheDirectionOfWriting) {
  EXPECT_EQ(visible("\xe2\x80\xae"
                    "bob\xe2\x81\xa9"),
            "\\u202ebob\\u2069");
}

TEST(Visible, ShowsBytesThatAreNoText) {
  EXPECT_EQ(visible("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(visible("\xe4\xbd"), "\\xe4\\xbd");
}

TEST(TailWithin, KeepsTheEndThatFits) {
  EXPECT_EQ(tail_within("hello", 10), "hello");
  EXPECT_EQ(tail_within("hello", 5), "hello");
  EXPECT_EQ(tail_within("hello", 3), "llo");
  EXPECT_EQ(tail_within("hello", 0), "");
  EXPECT_EQ(tail_within("", 3), "");
}

TEST(TailWithin, NeverCutsACharacterAndGivesWideOnesTwoColumns) {
  EXPECT_EQ(tail_within("你好吗", 6), "你好吗");
  EXPECT_EQ(tail_within("你好吗", 5), "好吗");
  EXPECT_EQ(tail_within("äöü", 2), "öü");
  EXPECT_EQ(tail_within("你a", 2), "a");
}

}  // namespace
}  // namespace sluice
