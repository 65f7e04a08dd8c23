#include "session/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "codec/bounds.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::shared_ptr<const TokenTable> parsed(std::string_view text) {
  auto table = TokenTable::parse(text, "tokens.txt");
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? *table : std::make_shared<const TokenTable>();
}

std::string error_of(std::string_view text) {
  return std::string(TokenTable::parse(text, "tokens.txt").status().message());
}

AuthAnswer ask(const TokenTable& table, std::string_view uid, std::string_view token,
               DeviceFlag flag = DeviceFlag::App) {
  return table.check({uid, token, "device", flag});
}

TEST(TokenTable, KnowsNobodyWhenItIsEmpty) {
  for (const std::string_view text :
       {"", "\n\n", "   \t\r\n", "# only a comment", "  # here too"}) {
    const auto table = parsed(text);
    EXPECT_EQ(table->size(), 0U);
    EXPECT_EQ(ask(*table, "alice", "").reason, Reason::AuthFail);
  }
}

TEST(TokenTable, LetsAUidInWithItsTokenOnly) {
  const auto table = parsed("alice s3cret\nbob hunter2");
  EXPECT_EQ(table->size(), 2U);
  EXPECT_EQ(ask(*table, "alice", "s3cret").reason, Reason::Success);
  EXPECT_EQ(ask(*table, "bob", "hunter2").reason, Reason::Success);
  for (const std::string_view token : {"", "s3cre", "s3cret ", "S3CRET", "hunter2"}) {
    EXPECT_EQ(ask(*table, "alice", token).reason, Reason::AuthFail) << token;
  }
  EXPECT_EQ(ask(*table, "carol", "s3cret").reason, Reason::AuthFail);
  EXPECT_EQ(ask(*table, "carol", "an unknown uid").reason, Reason::AuthFail);
}

TEST(TokenTable, ReadsBlanksTabsAndWindowsLines) {
  const auto table = parsed("  alice\t\ts3cret   web  master  \r\nbob hunter2\r\n");
  EXPECT_EQ(ask(*table, "alice", "s3cret", DeviceFlag::Web).level, DeviceLevel::Master);
  EXPECT_EQ(ask(*table, "bob", "hunter2").reason, Reason::Success);
}

TEST(TokenTable, TakesAHashAtTheStartOfAWordForAComment) {
  const auto table = parsed(
      "# uid token\n"
      "alice s3cret # app master\n"
      "bob hunter#2 #none\n"
      "\t# carol x\n");
  EXPECT_EQ(table->size(), 2U);
  EXPECT_EQ(ask(*table, "alice", "s3cret", DeviceFlag::Web).level, DeviceLevel::Slave);
  EXPECT_EQ(ask(*table, "bob", "hunter#2").reason, Reason::Success);
}

TEST(TokenTable, ServesEveryDeviceAsASlaveUnlessTold) {
  const auto table = parsed("alice s3cret\nbob s3cret any\ncarol s3cret any master");
  for (int flag = 0; flag < 256; ++flag) {
    const auto device = static_cast<DeviceFlag>(flag);
    EXPECT_EQ(ask(*table, "alice", "s3cret", device).reason, Reason::Success);
    EXPECT_EQ(ask(*table, "alice", "s3cret", device).level, DeviceLevel::Slave);
    EXPECT_EQ(ask(*table, "bob", "s3cret", device).level, DeviceLevel::Slave);
    EXPECT_EQ(ask(*table, "carol", "s3cret", device).level, DeviceLevel::Master);
  }
}

TEST(TokenTable, BindsATokenToTheDeviceThatItNames) {
  const std::vector<std::pair<std::string, int>> names{
      {"app", 0}, {"web", 1}, {"pc", 2}, {"system", 99}, {"0", 0}, {"7", 7}, {"255", 255}};
  for (const auto& [name, number] : names) {
    const auto table = parsed("alice s3cret " + name + " master");
    for (int flag = 0; flag < 256; ++flag) {
      const AuthAnswer answer = ask(*table, "alice", "s3cret", static_cast<DeviceFlag>(flag));
      EXPECT_EQ(answer.reason, flag == number ? Reason::Success : Reason::AuthFail) << name;
      EXPECT_EQ(answer.level, flag == number ? DeviceLevel::Master : DeviceLevel::Slave) << name;
    }
  }
}

TEST(TokenTable, HoldsSeveralEntriesForOneUid) {
  const auto table = parsed(
      "alice phone-token app master\n"
      "bob x\n"
      "alice web-token web slave\n"
      "alice spare-token\n");
  EXPECT_EQ(table->size(), 4U);
  EXPECT_EQ(ask(*table, "alice", "phone-token", DeviceFlag::App).level, DeviceLevel::Master);
  EXPECT_EQ(ask(*table, "alice", "phone-token", DeviceFlag::Web).reason, Reason::AuthFail);
  EXPECT_EQ(ask(*table, "alice", "web-token", DeviceFlag::Web).reason, Reason::Success);
  EXPECT_EQ(ask(*table, "alice", "web-token", DeviceFlag::Web).level, DeviceLevel::Slave);
  EXPECT_EQ(ask(*table, "alice", "spare-token", DeviceFlag::System).reason, Reason::Success);
}

TEST(TokenTable, SaysWhichLineIsWrongAndWhatToWrite) {
  EXPECT_EQ(error_of("alice"), "tokens.txt:1: the token is missing: write uid token");
  EXPECT_EQ(error_of("alice # s3cret"), "tokens.txt:1: the token is missing: write uid token");
  EXPECT_EQ(error_of("# one\n\nalice s3cret app master more\n"),
            "tokens.txt:3: too many words: write uid token [device flag] [level]");
  EXPECT_THAT(error_of("ok 1\na@b s3cret"), StartsWith("tokens.txt:2: the uid "));
  EXPECT_THAT(error_of("\xff s3cret"), StartsWith("tokens.txt:1: the uid "));
  EXPECT_THAT(error_of(std::string(kUidBytesMax + 1, 'u') + " s3cret"),
              StartsWith("tokens.txt:1: the uid is longer than 255 bytes"));
  EXPECT_EQ(error_of("alice " + std::string(kTokenBytesMax + 1, 't')),
            "tokens.txt:1: the token is longer than 4096 bytes");
  for (const std::string word : {"phone", "256", "-1", "1x", "APP", "+1", "0x1"}) {
    EXPECT_EQ(error_of("alice s3cret " + word),
              "tokens.txt:1: \"" + word +
                  "\" is no device flag: write app, web, pc, system, any or 0..255");
  }
  for (const std::string word : {"Master", "slaves", "1", "app"}) {
    EXPECT_EQ(error_of("alice s3cret app " + word),
              "tokens.txt:1: \"" + word + "\" is no device level: write master or slave");
  }
}

TEST(TokenTable, TakesTheLongestUidAndToken) {
  const std::string uid(kUidBytesMax, 'u');
  const std::string token(kTokenBytesMax, 't');
  const auto table = parsed(uid + " " + token);
  EXPECT_EQ(ask(*table, uid, token).reason, Reason::Success);
}

TEST(TokenTable, ReportsTheFirstWrongLine) {
  EXPECT_THAT(error_of("alice 1\nbob\ncarol\n"), StartsWith("tokens.txt:2: "));
}

TEST(EqualInConstantTime, MeansEqual) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "Secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
  EXPECT_FALSE(equal_in_constant_time("", "s"));
  EXPECT_FALSE(equal_in_constant_time("s", ""));
  EXPECT_TRUE(equal_in_constant_time("\xff\x80", "\xff\x80"));
  EXPECT_FALSE(equal_in_constant_time("\xff", "\x7f"));
}

TEST(EqualInConstantTime, DoesNotTakeAMissingByteForAZero) {
  EXPECT_FALSE(equal_in_constant_time("a", std::string_view("a\0", 2)));
  EXPECT_FALSE(equal_in_constant_time("", std::string_view("\0", 1)));
  // Lengths that differ by 256, whatever a narrower sum would make of it.
  EXPECT_FALSE(equal_in_constant_time(std::string(256, '\0'), ""));
}

class NoAnswers final : public AuthAnswers {
 public:
  void answer(Token, const AuthAnswer&) override { ADD_FAILURE() << "it answers at once"; }
};

TEST(TokenAuthenticator, AnswersAtOnceAndFromTheLatestTable) {
  NoAnswers later;
  TokenAuthenticator authenticator(parsed("alice old"));
  const auto ask_for = [&](std::string_view token) {
    return authenticator.authenticate({"alice", token, "d", DeviceFlag::App}, Token{1}, later)
        ->reason;
  };
  EXPECT_EQ(ask_for("old"), Reason::Success);
  EXPECT_EQ(ask_for("new"), Reason::AuthFail);
  authenticator.replace(parsed("alice new"));
  EXPECT_EQ(ask_for("old"), Reason::AuthFail);
  EXPECT_EQ(ask_for("new"), Reason::Success);
}

TEST(OpenAuthenticator, LetsEverybodyInAsASlave) {
  NoAnswers later;
  OpenAuthenticator authenticator;
  const auto answer =
      authenticator.authenticate({"anybody", "", "", DeviceFlag::System}, Token{1}, later);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->reason, Reason::Success);
  EXPECT_EQ(answer->level, DeviceLevel::Slave);
}

}  // namespace
}  // namespace sluice
