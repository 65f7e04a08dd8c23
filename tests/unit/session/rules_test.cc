#include "session/rules.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/bounds.h"

namespace sluice {
namespace {

TEST(Rules, TakeAnOrdinaryUid) {
  EXPECT_TRUE(is_valid_uid("u1"));
  EXPECT_TRUE(is_valid_uid("alice.b-c_d/e:f*g"));
  EXPECT_TRUE(is_valid_uid("two words"));
  EXPECT_TRUE(is_valid_uid("\xe5\xbc\xa0\xe4\xb8\x89"));  // 张三
  EXPECT_TRUE(is_valid_uid("\xf0\x9f\xa6\x80"));          // U+1F980, outside the first plane
}

TEST(Rules, RefuseABlankUid) {
  EXPECT_FALSE(is_valid_uid(""));
  EXPECT_FALSE(is_valid_uid(" "));
  EXPECT_FALSE(is_valid_uid("   "));
  EXPECT_FALSE(is_valid_uid("\t\r\n"));
}

TEST(Rules, RefuseTheSeparatorsOfChannelNamesInAUid) {
  for (const char c : {'@', '#', '&'}) {
    EXPECT_FALSE(is_valid_uid(std::string(1, c))) << c;
    EXPECT_FALSE(is_valid_uid(std::string("a") + c)) << c;
    EXPECT_FALSE(is_valid_uid(std::string("a") + c + "b")) << c;
  }
}

TEST(Rules, RefuseEveryControlCharacterInAUidAndInAGroup) {
  for (int c = 0; c < 0x100; ++c) {
    std::string name = "a";
    if (c < 0x80) {
      name += static_cast<char>(c);
    } else {
      name += static_cast<char>(0xc0 | c >> 6);
      name += static_cast<char>(0x80 | (c & 0x3f));
    }
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    EXPECT_EQ(is_valid_group(name), !control) << "U+" << std::hex << c;
    const bool separator = c == '@' || c == '#' || c == '&';
    EXPECT_EQ(is_valid_uid(name), !control && !separator) << "U+" << std::hex << c;
  }
}

TEST(Rules, RefuseWhatIsNotUtf8) {
  for (const std::string name : {
           "\x80",              // a lone continuation
           "\xc3",              // cut
           "a\xe4\xb8",         // cut
           "\xc0\xaf",          // overlong '/'
           "\xed\xa0\x80",      // a surrogate
           "\xf4\x90\x80\x80",  // over U+10FFFF
           "\xff\xfe",          // no UTF-8 at all
       }) {
    EXPECT_FALSE(is_valid_uid(name));
    EXPECT_FALSE(is_valid_group(name));
  }
}

TEST(Rules, BoundTheLengthInBytesNotInCharacters) {
  EXPECT_TRUE(is_valid_uid(std::string(kUidBytesMax, 'a')));
  EXPECT_FALSE(is_valid_uid(std::string(kUidBytesMax + 1, 'a')));
  std::string wide;
  for (size_t i = 0; i < kUidBytesMax / 3; ++i) wide += "\xe4\xb8\xad";
  EXPECT_EQ(wide.size(), kUidBytesMax);
  EXPECT_TRUE(is_valid_uid(wide));
  EXPECT_FALSE(is_valid_uid(wide + "\xe4\xb8\xad"));
  EXPECT_TRUE(is_valid_group(std::string(kChannelIdBytesMax, 'g')));
  EXPECT_FALSE(is_valid_group(std::string(kChannelIdBytesMax + 1, 'g')));
}

TEST(Rules, LetAGroupHaveWhatAUidMayNot) {
  EXPECT_TRUE(is_valid_group("a@b"));
  EXPECT_TRUE(is_valid_group("#general"));
  EXPECT_TRUE(is_valid_group("r&d"));
  EXPECT_FALSE(is_valid_group(""));
  EXPECT_FALSE(is_valid_group("  "));
}

// A name of plain ASCII is judged in one walk. What makes it anything else may stand anywhere.
TEST(Rules, FindTheOneBadCharacterWhereverItStands) {
  for (size_t at = 0; at < 20; ++at) {
    std::string name(20, 'a');
    for (const char bad : {'\0', '\t', '\x1f', '\x7f', '\x80', '\xff'}) {
      name[at] = bad;
      EXPECT_FALSE(is_valid_uid(name)) << at;
      EXPECT_FALSE(is_valid_group(name)) << at;
    }
    for (const char separator : {'@', '#', '&'}) {
      name[at] = separator;
      EXPECT_FALSE(is_valid_uid(name)) << at;
      EXPECT_TRUE(is_valid_group(name)) << at;
    }
    name[at] = ' ';
    EXPECT_TRUE(is_valid_uid(name)) << at;
    EXPECT_TRUE(is_valid_group(name)) << at;
  }
}

TEST(Rules, CheckAChannelByItsType) {
  EXPECT_EQ(check_channel("bob", ChannelType::Person), Reason::Success);
  EXPECT_EQ(check_channel("a#b", ChannelType::Person), Reason::ChannelIdError);
  EXPECT_EQ(check_channel("", ChannelType::Person), Reason::ChannelIdError);
  EXPECT_EQ(check_channel("a#b", ChannelType::Group), Reason::Success);
  EXPECT_EQ(check_channel(" ", ChannelType::Group), Reason::ChannelIdError);
}

TEST(Rules, SupportPersonAndGroupChannelsOnly) {
  for (int type = 0; type < 256; ++type) {
    const bool supported = type == 1 || type == 2;
    EXPECT_EQ(check_channel("x", static_cast<ChannelType>(type)),
              supported ? Reason::Success : Reason::NotSupportChannelType)
        << type;
  }
}

}  // namespace
}  // namespace sluice
