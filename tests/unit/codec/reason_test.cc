#include "codec/reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace sluice {
namespace {

TEST(Reason, HasTheNumbersOfTheWire) {
  EXPECT_EQ(static_cast<int>(Reason::Success), 1);
  EXPECT_EQ(static_cast<int>(Reason::AuthFail), 2);
  EXPECT_EQ(static_cast<int>(Reason::PayloadDecodeError), 9);
  EXPECT_EQ(static_cast<int>(Reason::ConnectKick), 12);
  EXPECT_EQ(static_cast<int>(Reason::ChannelIdError), 16);
  EXPECT_EQ(static_cast<int>(Reason::ClientKeyIsEmpty), 21);
  EXPECT_EQ(static_cast<int>(Reason::SendBan), 25);
}

TEST(Reason, NamesEveryCodeDifferently) {
  std::set<std::string_view> names;
  for (int code = 0; code <= 25; ++code) {
    const std::string_view name = name_of(static_cast<Reason>(code));
    EXPECT_NE(name, "Unassigned") << code;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 26U);
  EXPECT_EQ(name_of(Reason::NotInWhitelist), "NotInWhitelist");
}

TEST(Reason, NamesANumberItDoesNotKnow) {
  EXPECT_EQ(name_of(static_cast<Reason>(26)), "Unassigned");
  EXPECT_EQ(name_of(static_cast<Reason>(255)), "Unassigned");
}

}  // namespace
}  // namespace sluice
