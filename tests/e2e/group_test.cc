// Groups through the real gateway: subscribe, fan out over both reactors, unsubscribe.
#include <gtest/gtest.h>

#include <array>

#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class Group : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Group);

constexpr auto kGroup = ChannelType::Group;

TEST_P(Group, ReachesTwoHundredSubscribersOfEveryVersionOverBothReactors) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  std::vector<TestPeer> members;
  for (size_t i = 0; i < 200; ++i) {
    PeerOptions options;
    options.version = static_cast<uint8_t>(1 + i % kProtocolVersionMax);
    options.framing = i % 2 == 0 ? Framing::Wkproto : Framing::Frame6;
    members.push_back(online(gateway.address(), "m" + std::to_string(i), options));
    ASSERT_EQ(members.back().subscribe("all"), Reason::Success);
  }
  // Below and above the size from which a fan-out shares one copy.
  const std::string large(5000, 'x');
  TestPeer& speaker = members[0];
  const std::array<std::string_view, 4> texts{"one", "two", large, "three"};
  for (const std::string_view text : texts) {
    speaker.send_text("all", text, kGroup);
  }
  for (uint32_t seq = 1; seq <= 4; ++seq) {
    const SendackPacket ack = speaker.expect<SendackPacket>();
    EXPECT_EQ(ack.reason, Reason::Success);
    EXPECT_EQ(ack.message_seq, seq);
  }
  for (size_t i = 1; i < members.size(); ++i) {
    uint32_t seq = 0;
    for (const std::string_view text : texts) {
      const RecvPacket recv = members[i].expect<RecvPacket>();
      EXPECT_EQ(recv.from_uid, "m0");
      EXPECT_EQ(recv.channel_id, "all");
      EXPECT_EQ(recv.channel_type, kGroup);
      EXPECT_EQ(recv.message_seq, ++seq);
      EXPECT_TRUE(text_of(recv.payload) == text);
    }
    members[i].expect_quiet();
  }
  speaker.expect_quiet();
}

TEST_P(Group, WhoHasLeftHearsNothingMoreAndMayNotSpeak) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer bob = online(gateway.address(), "bob");
  EXPECT_EQ(alice.subscribe("g"), Reason::Success);
  EXPECT_EQ(bob.subscribe("g"), Reason::Success);
  alice.send_text("g", "first", kGroup);
  alice.expect_success();
  bob.expect_text("alice", "first");

  EXPECT_EQ(bob.subscribe("g", SubAction::Unsubscribe), Reason::Success);
  alice.send_text("g", "second", kGroup);
  alice.expect_success();
  bob.expect_quiet();
  bob.send_text("g", "may I?", kGroup);
  EXPECT_EQ(bob.expect<SendackPacket>().reason, Reason::NotAllowSend);
  alice.expect_quiet();
}

TEST_P(Group, AStrangerMayNotSpeak) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  alice.send_text("g", "hello?", kGroup);
  EXPECT_EQ(alice.expect<SendackPacket>().reason, Reason::NotAllowSend);
}

TEST_P(Group, ASubscriptionBelongsToTheUidAndEndsWhenItGoesOffline) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  TestPeer alice = online(gateway.address(), "alice");
  EXPECT_EQ(alice.subscribe("g"), Reason::Success);
  PeerOptions desk;
  desk.device_flag = DeviceFlag::Pc;
  {
    TestPeer bob_phone = online(gateway.address(), "bob");
    EXPECT_EQ(bob_phone.subscribe("g"), Reason::Success);
    TestPeer bob_desk = online(gateway.address(), "bob", desk);
    alice.send_text("g", "to all of bob", kGroup);
    alice.expect_success();
    bob_phone.expect_text("alice", "to all of bob");
    bob_desk.expect_text("alice", "to all of bob");
  }
  gateway.wait_for_log("offline", {{"uid", "bob"}});
  TestPeer bob = online(gateway.address(), "bob");
  alice.send_text("g", "anybody?", kGroup);
  alice.expect_success();
  bob.expect_quiet();
}

TEST_P(Group, OnlyGroupsCanBeSubscribedTo) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  SubPacket sub;
  sub.sub_no = "no";
  sub.channel_id = "bob";
  sub.channel_type = ChannelType::Person;
  alice.send(sub);
  const SubackPacket ack = alice.expect<SubackPacket>();
  EXPECT_EQ(ack.sub_no, "no");
  EXPECT_EQ(ack.reason, Reason::NotSupportChannelType);
}

}  // namespace
}  // namespace sluice
