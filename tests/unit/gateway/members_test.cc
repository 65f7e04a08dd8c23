#include "gateway/members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Token kAlice = Token::make(0, 1, 1);
constexpr Token kBob = Token::make(0, 1, 2);
constexpr Token kCarol = Token::make(0, 1, 3);

TEST(Members, AreListedInTheOrderOfJoining) {
  Members members;
  members.join(kBob, "room");
  members.join(kAlice, "room");
  members.join(kCarol, "hall");
  EXPECT_THAT(members.of("room"), ElementsAre(kBob, kAlice));
  EXPECT_THAT(members.of("hall"), ElementsAre(kCarol));
  EXPECT_EQ(members.groups(), 2U);
}

TEST(Members, OfAnUnknownGroupAreNone) {
  Members members;
  EXPECT_THAT(members.of("room"), IsEmpty());
  members.leave(kAlice, "room");
  members.leave_all(kAlice);
  EXPECT_EQ(members.groups(), 0U);
}

TEST(Members, JoinOnceHoweverOftenTheyJoin) {
  Members members;
  members.join(kAlice, "room");
  members.join(kAlice, "room");
  EXPECT_THAT(members.of("room"), ElementsAre(kAlice));
  members.leave(kAlice, "room");
  EXPECT_THAT(members.of("room"), IsEmpty());
}

TEST(Members, LeaveOneGroupAndStayInTheOthers) {
  Members members;
  members.join(kAlice, "room");
  members.join(kAlice, "hall");
  members.join(kBob, "room");
  members.leave(kAlice, "room");
  EXPECT_THAT(members.of("room"), ElementsAre(kBob));
  EXPECT_THAT(members.of("hall"), ElementsAre(kAlice));
  members.leave(kBob, "hall");  // never was in it
  EXPECT_THAT(members.of("hall"), ElementsAre(kAlice));
}

TEST(Members, LeaveAllTheirGroupsWhenTheyEnd) {
  Members members;
  members.join(kAlice, "room");
  members.join(kAlice, "hall");
  members.join(kBob, "room");
  members.leave_all(kAlice);
  EXPECT_THAT(members.of("room"), ElementsAre(kBob));
  EXPECT_THAT(members.of("hall"), IsEmpty());
  EXPECT_EQ(members.groups(), 1U);
}

TEST(Members, AForgottenGroupCanBeJoinedAgain) {
  Members members;
  members.join(kAlice, "room");
  members.leave_all(kAlice);
  EXPECT_EQ(members.groups(), 0U);
  members.join(kBob, "room");
  members.join(kAlice, "room");
  EXPECT_THAT(members.of("room"), ElementsAre(kBob, kAlice));
}

}  // namespace
}  // namespace sluice
