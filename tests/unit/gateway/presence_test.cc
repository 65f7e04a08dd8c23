#include "gateway/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Connections are numbered; a driven-out one is told as "kicked 1" or "replaced 1".
class PresenceTest : public ::testing::Test {
 protected:
  Identity* identity(uint32_t connection, std::string_view uid, std::string_view device = "d",
                     DeviceFlag flag = DeviceFlag::App, DeviceLevel level = DeviceLevel::Slave) {
    Identity* made = Identity::make(Token::make(0, 1, connection), uid, device, flag);
    made->set_level(level);
    return made;
  }
  // Whether the uid came online; who was driven out is in driven_out_.
  bool enter(Identity* newcomer) {
    std::vector<Presence::DrivenOut> driven_out;
    const bool online = presence_.enter(newcomer, &driven_out);
    driven_out_.clear();
    for (const Presence::DrivenOut& one : driven_out) {
      driven_out_.push_back(
          absl::StrCat(one.kicked ? "kicked " : "replaced ", one.connection.slot()));
    }
    return online;
  }
  // Whether the uid went offline; its groups are in groups_.
  bool leave(Identity* leaver) {
    groups_.clear();
    return presence_.leave(leaver, &groups_);
  }
  std::vector<uint32_t> connections(std::string_view uid) const {
    std::vector<uint32_t> all;
    presence_.for_each(uid, [&](const Identity& i) { all.push_back(i.connection.slot()); });
    return all;
  }

  Presence presence_;
  std::vector<std::string> driven_out_;
  std::vector<std::string> groups_;
};

constexpr auto kMaster = DeviceLevel::Master;
constexpr auto kSlave = DeviceLevel::Slave;

TEST(Identity, KeepsTheWordsOfAConnect) {
  std::string uid = "alice";
  Identity* identity = Identity::make(Token::make(2, 1, 9), uid, "phone", DeviceFlag::Pc);
  uid = "?????";
  EXPECT_EQ(identity->uid(), "alice");
  EXPECT_EQ(identity->device_id(), "phone");
  EXPECT_EQ(identity->connection, Token::make(2, 1, 9));
  EXPECT_EQ(identity->device_flag, DeviceFlag::Pc);
  EXPECT_EQ(identity->device_level(), kSlave);
  identity->set_level(kMaster);
  EXPECT_EQ(identity->device_level(), kMaster);
  Identity::end(identity);
}

TEST(Identity, TakesTheLongestWordsAndNoDeviceAtAll) {
  const std::string longest(255, 'x');
  Identity* identity = Identity::make(Token{1}, longest, longest, DeviceFlag::App);
  EXPECT_EQ(identity->uid(), longest);
  EXPECT_EQ(identity->device_id(), longest);
  Identity::end(identity);
  identity = Identity::make(Token{1}, "a", "", DeviceFlag::App);
  EXPECT_EQ(identity->device_id(), "");
  Identity::end(identity);
}

TEST_F(PresenceTest, TellsOnlineWithTheFirstAndOfflineWithTheLastConnection) {
  Identity* one = identity(1, "alice", "a");
  Identity* two = identity(2, "alice", "b");
  Identity* three = identity(3, "alice", "c");
  EXPECT_FALSE(presence_.online("alice"));
  EXPECT_TRUE(enter(one));
  EXPECT_FALSE(enter(two));
  EXPECT_FALSE(enter(three));
  EXPECT_EQ(presence_.uids(), 1U);
  EXPECT_FALSE(leave(two));
  EXPECT_FALSE(leave(three));
  EXPECT_TRUE(presence_.online("alice"));
  EXPECT_TRUE(leave(one));
  EXPECT_FALSE(presence_.online("alice"));
  EXPECT_EQ(presence_.uids(), 0U);
  EXPECT_TRUE(enter(identity(4, "alice")));
}

TEST_F(PresenceTest, KeepsUidsApart) {
  EXPECT_TRUE(enter(identity(1, "alice")));
  EXPECT_TRUE(enter(identity(2, "alic")));
  EXPECT_TRUE(enter(identity(3, "Alice")));
  EXPECT_EQ(presence_.uids(), 3U);
  EXPECT_THAT(connections("alice"), ElementsAre(1));
  EXPECT_THAT(connections("bob"), IsEmpty());
}

TEST_F(PresenceTest, ListsAllConnectionsOfAUidInWhicheverOrderTheyLeave) {
  // Three connections, each of the six orders of leaving.
  for (const std::vector<uint32_t>& order : std::vector<std::vector<uint32_t>>{
           {1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}) {
    std::vector<Identity*> all{nullptr};
    for (uint32_t i = 1; i <= 3; ++i) {
      all.push_back(identity(i, "alice", absl::StrCat("device ", i)));
      enter(all[i]);
    }
    EXPECT_THAT(connections("alice"), UnorderedElementsAre(1, 2, 3));
    EXPECT_FALSE(leave(all[order[0]]));
    EXPECT_THAT(connections("alice"), UnorderedElementsAre(order[1], order[2]));
    EXPECT_FALSE(leave(all[order[1]]));
    EXPECT_THAT(connections("alice"), ElementsAre(order[2]));
    EXPECT_TRUE(leave(all[order[2]]));
  }
}

TEST_F(PresenceTest, ASlaveReplacesTheSameDeviceOnly) {
  Identity* phone = identity(1, "alice", "phone");
  Identity* tablet = identity(2, "alice", "tablet");
  enter(phone);
  enter(tablet);
  Identity* again = identity(3, "alice", "phone");
  EXPECT_FALSE(enter(again));
  EXPECT_THAT(driven_out_, ElementsAre("replaced 1"));
  EXPECT_THAT(connections("alice"), UnorderedElementsAre(2, 3));
  leave(phone);
}

TEST_F(PresenceTest, AMasterKicksEveryDeviceOfItsFlag) {
  std::vector<Identity*> older;
  for (uint32_t i = 1; i <= 3; ++i) {
    older.push_back(identity(i, "alice", absl::StrCat("device ", i)));
    enter(older.back());
  }
  EXPECT_FALSE(enter(identity(4, "alice", "phone", DeviceFlag::App, kMaster)));
  EXPECT_THAT(driven_out_, UnorderedElementsAre("kicked 1", "kicked 2", "kicked 3"));
  EXPECT_THAT(connections("alice"), ElementsAre(4));
  for (Identity* one : older) EXPECT_FALSE(leave(one));
}

TEST_F(PresenceTest, AMasterKicksAMasterButASlaveDoesNot) {
  Identity* first = identity(1, "alice", "a", DeviceFlag::App, kMaster);
  Identity* second = identity(2, "alice", "b", DeviceFlag::App, kMaster);
  enter(first);
  enter(second);
  EXPECT_THAT(driven_out_, ElementsAre("kicked 1"));
  enter(identity(3, "alice", "c", DeviceFlag::App, kSlave));
  EXPECT_THAT(driven_out_, IsEmpty());
  EXPECT_THAT(connections("alice"), UnorderedElementsAre(2, 3));
  leave(first);
}

TEST_F(PresenceTest, DevicesOfOtherFlagsLiveSideBySide) {
  enter(identity(1, "alice", "same", DeviceFlag::App, kMaster));
  enter(identity(2, "alice", "same", DeviceFlag::Web, kMaster));
  EXPECT_THAT(driven_out_, IsEmpty());
  enter(identity(3, "alice", "same", DeviceFlag::Pc));
  EXPECT_THAT(driven_out_, IsEmpty());
  enter(identity(4, "alice", "same", static_cast<DeviceFlag>(7)));
  EXPECT_THAT(driven_out_, IsEmpty());
  EXPECT_THAT(connections("alice"), UnorderedElementsAre(1, 2, 3, 4));
}

TEST_F(PresenceTest, NeverDrivesOutAnotherUid) {
  enter(identity(1, "alice", "same"));
  enter(identity(2, "bob", "same", DeviceFlag::App, kMaster));
  EXPECT_THAT(driven_out_, IsEmpty());
}

TEST_F(PresenceTest, TheDrivenOutDoNotTakeTheUidOffline) {
  Identity* old = identity(1, "alice", "phone");
  Identity* fresh = identity(2, "alice", "phone");
  EXPECT_TRUE(enter(old));
  EXPECT_FALSE(enter(fresh));
  EXPECT_FALSE(leave(old));
  EXPECT_TRUE(presence_.online("alice"));
  EXPECT_TRUE(leave(fresh));
}

TEST_F(PresenceTest, TheDrivenOutDoNotTakeTheUidOfflineASecondTime) {
  Identity* old = identity(1, "alice", "phone");
  Identity* fresh = identity(2, "alice", "phone");
  EXPECT_TRUE(enter(old));
  EXPECT_FALSE(enter(fresh));
  EXPECT_TRUE(leave(fresh));
  EXPECT_FALSE(leave(old));
  EXPECT_FALSE(presence_.online("alice"));
}

// A sender that is alone is spared the search for its other connections.
TEST_F(PresenceTest, SaysWhetherAConnectionIsAloneInWhicheverOrderTheyLeave) {
  for (const std::vector<uint32_t>& order : std::vector<std::vector<uint32_t>>{
           {1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}) {
    std::vector<Identity*> all{nullptr};
    for (uint32_t i = 1; i <= 3; ++i) {
      all.push_back(identity(i, "alice", absl::StrCat("device ", i)));
      EXPECT_FALSE(all[i]->alone()) << "nobody knows yet";
      enter(all[i]);
      for (uint32_t k = 1; k <= i; ++k) EXPECT_EQ(all[k]->alone(), i == 1) << k << " of " << i;
    }
    leave(all[order[0]]);
    EXPECT_FALSE(all[order[1]]->alone());
    EXPECT_FALSE(all[order[2]]->alone());
    leave(all[order[1]]);
    EXPECT_TRUE(all[order[2]]->alone());
    leave(all[order[2]]);
  }
}

// Until it hears of it, the old connection may still send, and the new one is to get that.
TEST_F(PresenceTest, TheDrivenOutAreNotAloneButWhoDroveThemOutIs) {
  Identity* old = identity(1, "alice", "phone");
  Identity* fresh = identity(2, "alice", "phone");
  enter(old);
  enter(fresh);
  EXPECT_FALSE(old->alone());
  EXPECT_TRUE(fresh->alone());
  leave(old);
  EXPECT_TRUE(fresh->alone());
  enter(identity(3, "bob", "phone"));
  EXPECT_TRUE(fresh->alone()) << "another uid is no company";
  leave(fresh);
}

TEST_F(PresenceTest, RemembersSubscriptionsWhileTheUidIsOnline) {
  EXPECT_FALSE(presence_.subscribe("alice", "room"));
  EXPECT_EQ(presence_.subscriptions("alice"), nullptr);
  Identity* one = identity(1, "alice", "a");
  Identity* two = identity(2, "alice", "b");
  enter(one);
  EXPECT_TRUE(presence_.subscribe("alice", "room"));
  EXPECT_TRUE(presence_.subscribe("alice", "room"));
  EXPECT_TRUE(presence_.subscribe("alice", "hall"));
  enter(two);
  ASSERT_NE(presence_.subscriptions("alice"), nullptr);
  EXPECT_THAT(*presence_.subscriptions("alice"), ElementsAre("room", "hall"));
  EXPECT_TRUE(presence_.is_subscribed("alice", "hall"));
  EXPECT_FALSE(presence_.is_subscribed("alice", "hal"));
  EXPECT_FALSE(presence_.is_subscribed("bob", "hall"));
  EXPECT_FALSE(leave(one));
  EXPECT_THAT(groups_, IsEmpty());
  EXPECT_TRUE(leave(two));
  EXPECT_THAT(groups_, ElementsAre("room", "hall"));
  EXPECT_EQ(presence_.subscriptions("alice"), nullptr);
}

TEST_F(PresenceTest, ComesBackWithoutTheSubscriptionsOfItsFormerLife) {
  Identity* one = identity(1, "alice");
  enter(one);
  presence_.subscribe("alice", "room");
  leave(one);
  Identity* two = identity(2, "alice");
  enter(two);
  EXPECT_EQ(presence_.subscriptions("alice"), nullptr);
  EXPECT_TRUE(leave(two));
  EXPECT_THAT(groups_, IsEmpty());
}

TEST_F(PresenceTest, ForgetsASubscriptionThatWasEnded) {
  enter(identity(1, "alice"));
  presence_.subscribe("alice", "room");
  presence_.subscribe("alice", "hall");
  presence_.unsubscribe("alice", "room");
  EXPECT_THAT(*presence_.subscriptions("alice"), ElementsAre("hall"));
  presence_.unsubscribe("alice", "hall");
  EXPECT_EQ(presence_.subscriptions("alice"), nullptr);
  EXPECT_FALSE(presence_.is_subscribed("alice", "hall"));
  presence_.unsubscribe("alice", "hall");
  presence_.unsubscribe("bob", "hall");
}

TEST_F(PresenceTest, BoundsTheSubscriptionsOfAUid) {
  enter(identity(1, "alice"));
  for (size_t i = 0; i < Presence::kSubscriptionsMax; ++i) {
    ASSERT_TRUE(presence_.subscribe("alice", absl::StrCat("room ", i)));
  }
  EXPECT_FALSE(presence_.subscribe("alice", "one more"));
  EXPECT_TRUE(presence_.subscribe("alice", "room 0"));  // has it already
  presence_.unsubscribe("alice", "room 0");
  EXPECT_TRUE(presence_.subscribe("alice", "one more"));
}

TEST_F(PresenceTest, EndsWhatIsStillListedWhenItEnds) {
  // The leak check of a sanitizer build is the assertion.
  enter(identity(1, "alice", "a"));
  enter(identity(2, "alice", "b"));
  enter(identity(3, "bob", "a"));
  EXPECT_EQ(presence_.uids(), 2U);
}

}  // namespace
}  // namespace sluice
