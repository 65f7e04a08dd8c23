// Who gets what: messages, subscriptions and devices across one shard and several.
#include "gateway/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/authenticators.h"
#include "support/sim_client.h"

namespace sluice::test {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr ChannelType kGroup = ChannelType::Group;

// The rules of delivery hold wherever the connections live: `near` is shard 0, `far` the last one.
class Delivery : public ::testing::TestWithParam<uint32_t> {
 protected:
  const uint32_t far_ = GetParam() - 1;
  SimShards shards_{{.shards = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Shards, Delivery, ::testing::Values(1, 2, 3));

TEST_P(Delivery, SendsARecvToTheReceiverAndASendackToTheSender) {
  SimClient alice(shards_);
  SimClient bob(shards_, {.shard = far_});
  alice.login("alice");
  bob.login("bob");
  alice.say(send_to("bob", "hi", 7));
  shards_.settle();
  EXPECT_THAT(alice.heard(), ElementsAre("SENDACK 7 Success seq 1"));
  EXPECT_THAT(bob.heard(), ElementsAre("RECV alice in alice: hi seq 1"));
  bob.say(send_to("alice", "ho", 8));
  shards_.settle();
  EXPECT_THAT(alice.heard(), ElementsAre("RECV bob in bob: ho seq 2"));
  EXPECT_THAT(bob.heard(), ElementsAre("SENDACK 8 Success seq 2"));
  EXPECT_EQ(shards_.sum(&ShardMetrics::sends), 2U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::recvs), 2U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::sendacks), 2U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::undelivered), 0U);
}

TEST_P(Delivery, CarriesEveryFieldOver) {
  SimClient alice(shards_);
  SimClient bob(shards_, {.shard = far_});
  alice.login("alice");
  bob.login("bob");
  SendPacket send = send_to("bob", "hello", 3);
  send.flags = kFlagRedDot | kFlagSyncOnce | kFlagDup;
  send.setting = kSettingReceipt | kSettingTopic;
  send.client_msg_no = "m-1";
  send.expire_s = 77;
  send.topic = "weather";
  send.msg_key = "k";
  alice.say(send);
  shards_.settle();
  const auto recv = bob.last<RecvPacket>();
  EXPECT_EQ(recv.flags, send.flags);
  EXPECT_EQ(recv.setting, send.setting);
  EXPECT_EQ(recv.client_msg_no, "m-1");
  EXPECT_EQ(recv.expire_s, 77U);
  EXPECT_EQ(recv.topic, "weather");
  EXPECT_EQ(recv.msg_key, "k");
  EXPECT_EQ(recv.channel_type, ChannelType::Person);
  EXPECT_EQ(recv.timestamp_s, 1'700'000'000);
  const auto ack = alice.last<SendackPacket>();
  EXPECT_EQ(ack.flags, send.flags);
  EXPECT_EQ(ack.message_id, recv.message_id);
  EXPECT_GT(ack.message_id, 0);
  EXPECT_EQ(ack.message_seq, recv.message_seq);
}

TEST_P(Delivery, GivesAMessageThatIsNotPersistedNoSequence) {
  SimClient alice(shards_);
  alice.login("alice");
  SendPacket send = send_to("bob", "typing", 1);
  send.flags = kFlagNoPersist;
  alice.say(send);
  alice.say(send_to("bob", "hi", 2));
  shards_.settle();
  EXPECT_THAT(alice.heard(), ElementsAre("SENDACK 1 Success seq 0", "SENDACK 2 Success seq 1"));
}

TEST_P(Delivery, ReachesEveryConnectionOfBothSidesButTheSendingOne) {
  SimClient phone(shards_);
  SimClient web(shards_, {.shard = far_});
  SimClient bob(shards_);
  SimClient bobs_web(shards_, {.shard = far_});
  phone.login("alice", "phone");
  web.login("alice", "web", DeviceFlag::Web);
  bob.login("bob");
  bobs_web.login("bob", "web", DeviceFlag::Web);
  phone.say(send_to("bob", "hi"));
  shards_.settle();
  EXPECT_THAT(phone.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(bob.heard(), ElementsAre("RECV alice in alice: hi seq 1"));
  EXPECT_THAT(bobs_web.heard(), ElementsAre("RECV alice in alice: hi seq 1"));
  // Her own other device files it under the one she wrote to.
  EXPECT_THAT(web.heard(), ElementsAre("RECV alice in bob: hi seq 1"));
}

TEST_P(Delivery, ReachesMoreConnectionsThanOneLetterNames) {
  SimClient alice(shards_);
  alice.login("alice");
  std::vector<std::unique_ptr<SimClient>> bobs;
  for (uint32_t i = 0; i < 23; ++i) {
    bobs.push_back(
        std::make_unique<SimClient>(shards_, ClientOptions{.shard = i % shards_.size()}));
    bobs.back()->login("bob", "device " + std::to_string(i));
  }
  alice.say(send_to("bob", "hi"));
  alice.say(send_to("bob", std::string(3000, 'x')));  // shared, not copied
  shards_.settle();
  for (const auto& bob : bobs) EXPECT_EQ(bob->all<RecvPacket>().size(), 2U);
  EXPECT_EQ(alice.heard().size(), 2U);
}

TEST_P(Delivery, BringsAMessageToOneselfToTheOtherConnectionsOnce) {
  SimClient phone(shards_);
  SimClient web(shards_, {.shard = far_});
  phone.login("alice", "phone");
  web.login("alice", "web", DeviceFlag::Web);
  phone.say(send_to("alice", "note"));
  shards_.settle();
  EXPECT_THAT(phone.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(web.heard(), ElementsAre("RECV alice in alice: note seq 1"));
  EXPECT_EQ(shards_.sum(&ShardMetrics::undelivered), 0U);
}

TEST_P(Delivery, CountsWhatReachesNobody) {
  SimClient phone(shards_);
  SimClient web(shards_, {.shard = far_});
  phone.login("alice", "phone");
  web.login("alice", "web", DeviceFlag::Web);
  phone.say(send_to("bob", "hi"));
  shards_.settle();
  EXPECT_THAT(phone.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(web.heard(), ElementsAre("RECV alice in bob: hi seq 1"));
  EXPECT_EQ(shards_.sum(&ShardMetrics::undelivered), 1U);
}

TEST_P(Delivery, RefusesWhatItCannotDeliver) {
  SimClient alice(shards_);
  alice.login("alice");
  for (const ChannelType type : {ChannelType::Community, ChannelType{0}, ChannelType{200}}) {
    SendPacket send = send_to("room", "hi", 5, type);
    send.flags = kFlagRedDot;
    alice.say(send);
  }
  alice.say(send_to("a#b", "hi", 6));
  alice.say(send_to("room", "hi", 7, kGroup));
  alice.ping();
  shards_.settle();
  // The refusals that need nobody else come at once; the group's owner has to be asked.
  EXPECT_THAT(alice.heard(),
              ::testing::UnorderedElementsAre(
                  "SENDACK 5 NotSupportChannelType seq 0", "SENDACK 5 NotSupportChannelType seq 0",
                  "SENDACK 5 NotSupportChannelType seq 0", "SENDACK 6 ChannelIdError seq 0",
                  "SENDACK 7 NotAllowSend seq 0", "PONG"));
  for (const SendackPacket& ack : alice.all<SendackPacket>()) {
    EXPECT_EQ(ack.flags, ack.client_seq == 5 ? kFlagRedDot : 0);
  }
  EXPECT_EQ(shards_.sum(&ShardMetrics::sends_refused), 5U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::undelivered), 0U);
}

TEST_P(Delivery, WritesEachReceiversVersionAndFraming) {
  SimClient alice(shards_);
  alice.login("alice");
  alice.subscribe("room");
  std::vector<std::unique_ptr<SimClient>> members;
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    for (uint8_t version = 1; version <= 5; ++version) {
      members.push_back(std::make_unique<SimClient>(
          shards_,
          ClientOptions{
              .shard = version % 2 == 0 ? 0 : far_, .framing = framing, .version = version}));
      members.back()->login("m" + std::to_string(members.size()));
      members.back()->subscribe("room");
    }
  }
  for (const size_t size : {size_t{10}, size_t{5000}}) {
    SendPacket send = send_to("room", "", 1, kGroup);
    const std::string text(size, 'x');
    send.payload = bytes_of(text);
    send.expire_s = 9;
    alice.say(send);
    shards_.settle();
    for (size_t i = 0; i < members.size(); ++i) {
      const auto recv = members[i]->last<RecvPacket>();
      EXPECT_EQ(recv.channel_id, "room");
      EXPECT_EQ(text_of(recv.payload), text);
      EXPECT_EQ(recv.expire_s, i % 5 < 2 ? 0U : 9U) << "version " << i % 5 + 1;
    }
  }
}

// Groups.

TEST_P(Delivery, BringsAGroupMessageToItsSubscribersOnly) {
  SimClient alice(shards_);
  SimClient bob(shards_, {.shard = far_});
  SimClient carol(shards_, {.shard = far_});
  alice.login("alice");
  bob.login("bob");
  carol.login("carol");
  alice.subscribe("room");
  bob.subscribe("room");
  alice.say(send_to("room", "hi", 1, kGroup));
  shards_.settle();
  EXPECT_THAT(alice.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(bob.heard(), ElementsAre("RECV alice in room: hi seq 1"));
  EXPECT_THAT(carol.heard(), IsEmpty());
  carol.say(send_to("room", "me too", 1, kGroup));
  shards_.settle();
  EXPECT_THAT(carol.heard(), ElementsAre("SENDACK 1 NotAllowSend seq 0"));
  EXPECT_THAT(bob.heard(), IsEmpty());
}

TEST_P(Delivery, SubscribesAllConnectionsOfAUidAlsoLaterOnes) {
  SimClient phone(shards_);
  SimClient web(shards_, {.shard = far_});
  phone.login("alice", "phone");
  web.login("alice", "web", DeviceFlag::Web);
  phone.subscribe("room");
  SimClient pc(shards_, {.shard = far_});
  pc.login("alice", "pc", DeviceFlag::Pc);
  web.say(send_to("room", "hi", 1, kGroup));
  shards_.settle();
  EXPECT_THAT(phone.heard(), ElementsAre("RECV alice in room: hi seq 1"));
  EXPECT_THAT(web.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(pc.heard(), ElementsAre("RECV alice in room: hi seq 1"));
}

TEST_P(Delivery, EndsWithUnsubscribingOnAllConnections) {
  SimClient phone(shards_);
  SimClient web(shards_, {.shard = far_});
  SimClient bob(shards_);
  phone.login("alice", "phone");
  web.login("alice", "web", DeviceFlag::Web);
  bob.login("bob");
  phone.subscribe("room");
  bob.subscribe("room");
  web.say(subscribe_to("room", SubAction::Unsubscribe));
  shards_.settle();
  EXPECT_THAT(web.heard(), ElementsAre("SUBACK s1 room Success"));
  bob.say(send_to("room", "hi", 1, kGroup));
  phone.say(send_to("room", "hi", 2, kGroup));
  shards_.settle();
  EXPECT_THAT(bob.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  EXPECT_THAT(phone.heard(), ElementsAre("SENDACK 2 NotAllowSend seq 0"));
  EXPECT_THAT(web.heard(), IsEmpty());
}

TEST_P(Delivery, EndsASubscriptionWhenTheUidGoesOffline) {
  SimClient first(shards_, {.shard = far_});
  first.login("alice");
  first.subscribe("room");
  first.leave();
  EXPECT_EQ(shards_.sum(&ShardMetrics::offline), 1U);
  SimClient again(shards_);
  again.login("alice");
  again.say(send_to("room", "hi", 1, kGroup));
  shards_.settle();
  EXPECT_THAT(again.heard(), ElementsAre("SENDACK 1 NotAllowSend seq 0"));
}

// The connection that asks may be gone before its SUB has gone round. What came then: the owner of
// the uid ended the subscription at the channel's owner before it had made it there, and the uid
// stayed subscribed for ever.
TEST_P(Delivery, LeavesNoSubscriptionOfAConnectionThatEndedMeanwhile) {
  const uint32_t count = shards_.size();
  for (uint32_t uid_owner = 0; uid_owner < count; ++uid_owner) {
    for (uint32_t group_owner = 0; group_owner < count; ++group_owner) {
      const std::string uid = name_owned_by(uid_owner, count, "alice");
      const std::string room = name_owned_by(group_owner, count, "room");
      for (uint32_t home = 0; home < count; ++home) {
        SimClient hasty(shards_, {.shard = home});
        hasty.login(uid);
        hasty.say(subscribe_to(room));
        shards_.turn();  // the SUB sets out, and
        shards_.shard(home).abandon_all();
        shards_.settle();
        SimClient again(shards_);
        again.login(uid);
        again.say(send_to(room, "hi", 1, kGroup));
        shards_.settle();
        EXPECT_THAT(again.heard(), ElementsAre("SENDACK 1 NotAllowSend seq 0"))
            << uid << " on shard " << home << ", " << room;
        again.leave();
      }
    }
  }
  size_t channels = 0;
  for (uint32_t i = 0; i < count; ++i) channels += shards_.broker(i).channels();
  EXPECT_EQ(channels, 0U);
}

TEST_P(Delivery, AnswersASubWithWhatSpeaksAgainstIt) {
  SimClient alice(shards_);
  alice.login("alice");
  SubPacket sub = subscribe_to("room");
  sub.flags = kFlagRedDot;
  for (const ChannelType type : {ChannelType::Person, ChannelType::Live, ChannelType{0}}) {
    sub.channel_type = type;
    alice.say(sub);
  }
  alice.say(subscribe_to(" "));
  alice.ping();
  shards_.settle();
  EXPECT_THAT(
      alice.heard(),
      ElementsAre("SUBACK s1 room NotSupportChannelType", "SUBACK s1 room NotSupportChannelType",
                  "SUBACK s1 room NotSupportChannelType", "SUBACK s1   ChannelIdError", "PONG"));
  for (const SubackPacket& ack : alice.all<SubackPacket>()) {
    EXPECT_EQ(ack.flags, ack.channel_id == "room" ? kFlagRedDot : 0);
    EXPECT_EQ(ack.action, SubAction::Subscribe);
  }
}

TEST_P(Delivery, HandlesWhatFollowsASubAfterItHolds) {
  SimClient alice(shards_, {.shard = far_});
  alice.login("alice");
  for (int i = 0; i < 5; ++i) {
    const std::string room = "room" + std::to_string(i);
    alice.say(subscribe_to(room));
    alice.say(send_to(room, "hi", 1, kGroup));
    shards_.settle();
    EXPECT_THAT(alice.heard(),
                ElementsAre("SUBACK s1 " + room + " Success", "SENDACK 1 Success seq 1"));
  }
}

// Devices and presence.

class Devices : public ::testing::TestWithParam<uint32_t> {
 protected:
  static SimOptions options() {
    SimOptions options;
    options.shards = GetParam();
    options.authenticator = [](uint32_t) { return std::make_unique<LevelAuthenticator>(); };
    return options;
  }
  void login(SimClient& client, std::string_view device, DeviceFlag flag, bool master) {
    ConnectPacket connect = connect_as("alice");
    connect.device_id = device;
    connect.device_flag = flag;
    connect.token = master ? "master" : "slave";
    client.connect(connect);
    EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success"));
  }
  void expect_online(uint64_t online, uint64_t offline) {
    EXPECT_EQ(shards_.sum(&ShardMetrics::online), online);
    EXPECT_EQ(shards_.sum(&ShardMetrics::offline), offline);
  }

  const uint32_t far_ = GetParam() - 1;
  SimShards shards_{options()};
};
INSTANTIATE_TEST_SUITE_P(Shards, Devices, ::testing::Values(1, 2, 3));

TEST_P(Devices, AMasterKicksTheOthersOfItsFlag) {
  SimClient phone(shards_);
  SimClient tablet(shards_, {.shard = far_});
  SimClient web(shards_, {.shard = far_});
  login(phone, "phone", DeviceFlag::App, false);
  login(tablet, "tablet", DeviceFlag::App, false);
  login(web, "web", DeviceFlag::Web, true);
  SimClient fresh(shards_);
  login(fresh, "new phone", DeviceFlag::App, true);
  EXPECT_THAT(phone.heard(), ElementsAre("DISCONNECT ConnectKick", "FIN"));
  EXPECT_THAT(tablet.heard(), ElementsAre("DISCONNECT ConnectKick", "FIN"));
  EXPECT_THAT(web.heard(), IsEmpty());
  EXPECT_EQ(shards_.closed(CloseReason::Kicked), 2U);
  EXPECT_EQ(shards_.closed(), 2U);
  EXPECT_FALSE(phone.wire().closed());  // it has two seconds to read the DISCONNECT
  shards_.advance(seconds(2) + std::chrono::milliseconds(10));
  EXPECT_TRUE(phone.wire().closed());
  expect_online(1, 0);
}

TEST_P(Devices, ASlaveReplacesTheSameDeviceOnly) {
  SimClient phone(shards_);
  SimClient tablet(shards_, {.shard = far_});
  login(phone, "phone", DeviceFlag::App, false);
  login(tablet, "tablet", DeviceFlag::App, false);
  SimClient again(shards_, {.shard = far_});
  login(again, "phone", DeviceFlag::App, false);
  EXPECT_THAT(phone.heard(), ElementsAre("FIN"));
  EXPECT_THAT(tablet.heard(), IsEmpty());
  EXPECT_EQ(shards_.closed(CloseReason::Replaced), 1U);
  EXPECT_EQ(shards_.closed(), 1U);
  expect_online(1, 0);
  tablet.leave();
  expect_online(1, 0);
  again.leave();
  expect_online(1, 1);
}

TEST_P(Devices, TheReplacedOneHearsNothingMore) {
  SimClient bob(shards_);
  ConnectPacket connect = connect_as("bob");
  connect.token = "slave";
  bob.connect(connect);
  SimClient phone(shards_);
  login(phone, "phone", DeviceFlag::App, false);
  SimClient again(shards_, {.shard = far_});
  login(again, "phone", DeviceFlag::App, false);
  bob.say(send_to("alice", "hi"));
  shards_.settle();
  EXPECT_THAT(phone.heard(), ElementsAre("FIN"));
  EXPECT_THAT(again.heard(), ElementsAre("RECV bob in bob: hi seq 1"));
}

TEST_P(Devices, KeepTheSubscriptionsOfTheUidThroughAReplacement) {
  SimClient phone(shards_);
  login(phone, "phone", DeviceFlag::App, false);
  phone.subscribe("room");
  SimClient again(shards_, {.shard = far_});
  login(again, "phone", DeviceFlag::App, false);
  phone.leave();
  again.say(send_to("room", "hi", 1, kGroup));
  shards_.settle();
  EXPECT_THAT(again.heard(), ElementsAre("SENDACK 1 Success seq 1"));
  expect_online(1, 0);
}

TEST_P(Devices, MayCrossEachOtherAtAnyMoment) {
  // Ten connections of one device at once: the last one to come stays, whoever that is.
  std::vector<std::unique_ptr<SimClient>> all;
  for (uint32_t i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<SimClient>(shards_, ClientOptions{.shard = i % shards_.size()}));
  }
  ConnectPacket connect = connect_as("alice");
  connect.token = "slave";
  for (const auto& client : all) client->say(connect);
  shards_.settle();
  EXPECT_EQ(shards_.closed(CloseReason::Replaced), 9U);
  size_t staying = 0;
  for (const auto& client : all) {
    const std::vector<std::string> heard = client->heard();
    EXPECT_EQ(heard.front(), "CONNACK Success");
    if (heard.size() == 1) ++staying;
  }
  EXPECT_EQ(staying, 1U);
  expect_online(1, 0);
  for (const auto& client : all) client->leave();
  expect_online(1, 1);
}

TEST_P(Devices, ARefusedOneDisturbsNobody) {
  SimClient phone(shards_);
  login(phone, "phone", DeviceFlag::App, false);
  SimClient thief(shards_, {.shard = far_});
  ConnectPacket connect = connect_as("alice");
  connect.token = "guess";
  thief.connect(connect);
  EXPECT_THAT(thief.heard(), ElementsAre("CONNACK AuthFail", "FIN"));
  EXPECT_THAT(phone.heard(), IsEmpty());
  expect_online(1, 0);
}

// Newcomers.

TEST(Shard, TurnsAwayTooManyConnectionsOfOneAddress) {
  Limits limits = default_limits();
  limits.connections_per_ip_max = 2;
  SimShards shards({.shards = 2, .limits = limits});
  SimClient one(shards, {.peer = "10.0.0.1:1"});
  SimClient two(shards, {.shard = 1, .peer = "10.0.0.1:2"});
  SimClient three(shards, {.peer = "10.0.0.1:3"});
  SimClient other(shards, {.peer = "10.0.0.2:3"});
  EXPECT_TRUE(three.wire().closed());
  EXPECT_FALSE(other.wire().closed());
  EXPECT_EQ(shards.sum(&ShardMetrics::refused_per_ip), 1U);
  EXPECT_EQ(shards.connections(), 3U);
  EXPECT_EQ(shards.load(0), 2U);
  two.leave();
  SimClient four(shards, {.peer = "10.0.0.1:4"});
  EXPECT_FALSE(four.wire().closed());
}

TEST(Shard, CountsADescriptorThatThePollerWillNotTake) {
  SimShards shards;
  shards.broken_newcomer(0);
  shards.settle();
  EXPECT_EQ(shards.connections(), 0U);
  EXPECT_EQ(shards.load(0), 0U);
  EXPECT_EQ(shards.closed(CloseReason::Internal), 1U);
}

TEST(Shard, DescribesAConnectionFromOutside) {
  SimShards shards;
  SimClient client(shards, {.peer = "10.1.2.3:4567"});
  uint32_t cursor = 0;
  Connection* connection = shards.shard().next_connection(cursor);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(shards.shard().record_of(*connection).state, "connected");
  EXPECT_EQ(shards.shard().record_of(*connection).device_flag, -1);
  shards.advance(seconds(3));
  client.login("alice", "phone", DeviceFlag::Pc);
  EXPECT_EQ(shards.shard().record_of(*connection).state, "authed");
  client.say(send_to("alice", "hi"));
  shards.settle();
  shards.advance(seconds(4));
  const ConnectionRecord record = shards.shard().record_of(*connection);
  EXPECT_EQ(record.id, connection->self().value);
  EXPECT_EQ(record.uid, "alice");
  EXPECT_EQ(record.device_id, "phone");
  EXPECT_EQ(record.device_flag, 2);
  EXPECT_EQ(record.peer, "10.1.2.3:4567");
  EXPECT_EQ(record.state, "active");
  EXPECT_EQ(record.reactor, 0U);
  EXPECT_EQ(record.uptime_ms, 7000);
  EXPECT_EQ(record.idle_ms, 4000);
  EXPECT_EQ(record.bytes_out, client.received().size());
  EXPECT_GT(record.bytes_in, 0U);
  EXPECT_EQ(record.messages_in, 1U);
  EXPECT_EQ(record.messages_out, 0U);
  EXPECT_EQ(record.queued_bytes, 0U);
  client.say(DisconnectPacket{});
  shards.settle();
  EXPECT_EQ(shards.shard().record_of(*connection).state, "closing");
}

TEST(Shard, CountsEveryByteOfBothDirections) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  client.ping();
  shards.settle();
  const size_t connect = encoded_size(connect_as("alice"), Framing::Wkproto, 5);
  EXPECT_EQ(shards.sum(&ShardMetrics::bytes_in), connect + 1);
  EXPECT_EQ(shards.sum(&ShardMetrics::bytes_out), client.received().size());
  EXPECT_EQ(shards.sum(&ShardMetrics::frames_in), 2U);
  EXPECT_EQ(shards.sum(&ShardMetrics::pings), 1U);
  EXPECT_EQ(shards.sum(&ShardMetrics::authenticated), 1U);
}

}  // namespace
}  // namespace sluice::test
