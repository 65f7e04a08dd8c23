// Two people talk through the real gateway: both framings, every version, across reactors.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "base/token.h"
#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class Chat : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Chat);

PeerOptions speaking(Framing framing, uint8_t version = kProtocolVersionMax) {
  PeerOptions options;
  options.framing = framing;
  options.version = version;
  return options;
}

// A message and its answer, every field of the packets looked at once.
void expect_conversation(GatewayProcess& gateway, Framing alices, Framing bobs) {
  TestPeer alice = online(gateway.address(), "alice", speaking(alices));
  TestPeer bob = online(gateway.address(), "bob", speaking(bobs));
  SendPacket send;
  send.flags = kFlagRedDot;
  send.setting = kSettingReceipt | kSettingTopic;
  send.client_seq = 77;
  send.client_msg_no = "no-1";
  send.channel_id = "bob";
  send.expire_s = 60;
  send.topic = "weather";
  send.payload = bytes_of("早上好, bob");
  alice.send(send);

  const RecvPacket recv = bob.expect<RecvPacket>();
  EXPECT_EQ(recv.flags, kFlagRedDot);
  EXPECT_EQ(recv.setting, send.setting);
  EXPECT_EQ(recv.from_uid, "alice");
  EXPECT_EQ(recv.channel_id, "alice") << "a person channel is named by the other party";
  EXPECT_EQ(recv.channel_type, ChannelType::Person);
  EXPECT_EQ(recv.expire_s, 60U);
  EXPECT_EQ(recv.client_msg_no, "no-1");
  EXPECT_EQ(recv.message_seq, 1U);
  EXPECT_GT(recv.timestamp_s, 1'700'000'000);
  EXPECT_EQ(recv.topic, "weather");
  EXPECT_EQ(text_of(recv.payload), "早上好, bob");
  const SendackPacket ack = alice.expect<SendackPacket>();
  EXPECT_EQ(ack.flags, kFlagRedDot);
  EXPECT_EQ(ack.client_seq, 77U);
  EXPECT_EQ(ack.message_seq, 1U);
  EXPECT_EQ(ack.message_id, recv.message_id);
  EXPECT_EQ(ack.reason, Reason::Success);

  RecvackPacket recvack;
  recvack.message_id = recv.message_id;
  recvack.message_seq = recv.message_seq;
  bob.send(recvack);
  const int64_t first_id = recv.message_id;
  bob.send_text("alice", "good morning");
  const RecvPacket answer = alice.expect<RecvPacket>();
  EXPECT_EQ(answer.message_seq, 2U) << "both directions share one channel";
  EXPECT_GT(answer.message_id, first_id);
  EXPECT_EQ(text_of(answer.payload), "good morning");
  bob.expect_success();
}

// The reactors that hold connections, by the log's "online" lines.
uint32_t reactor_of(const LogLine& line) {
  return Token{std::stoull(std::string(line["conn"]))}.reactor();
}

std::multiset<uint32_t> reactors_in_use(GatewayProcess& gateway, size_t connections) {
  std::multiset<uint32_t> reactors;
  for (const LogLine& line : gateway.wait_for_log("online", {}, connections)) {
    reactors.insert(reactor_of(line));
  }
  return reactors;
}

std::vector<TestPeer> crowd(GatewayProcess& gateway, size_t count) {
  std::vector<TestPeer> peers;
  for (size_t i = 0; i < count; ++i) {
    peers.push_back(online(gateway.address(), "u" + std::to_string(i)));
  }
  return peers;
}

// Everybody writes to everybody, pipelined; each receiver sees each sender's messages in order.
void expect_all_talk(std::vector<TestPeer>& peers, size_t rounds) {
  const auto uid = [](size_t i) { return "u" + std::to_string(i); };
  for (size_t from = 0; from < peers.size(); ++from) {
    for (size_t round = 0; round < rounds; ++round) {
      for (size_t to = 0; to < peers.size(); ++to) {
        if (to != from) peers[from].send_text(uid(to), std::to_string(round));
      }
    }
  }
  for (TestPeer& peer : peers) {
    const size_t each_way = rounds * (peers.size() - 1);
    std::map<std::string, size_t> heard;
    size_t acknowledged = 0;
    for (size_t i = 0; i < 2 * each_way; ++i) {
      ASSERT_EQ(peer.next(), TestPeer::News::Frame);
      if (peer.frame().type == PacketType::Sendack) {
        ++acknowledged;
        continue;
      }
      RecvPacket recv;
      ASSERT_TRUE(decode(peer.frame(), kProtocolVersionMax, recv).ok());
      EXPECT_EQ(text_of(recv.payload), std::to_string(heard[std::string(recv.from_uid)]++));
    }
    EXPECT_EQ(acknowledged, each_way);
    peer.expect_quiet();
  }
}

TEST_P(Chat, TwoPeersTalkOverWkproto) {
  expect_conversation(start(), Framing::Wkproto, Framing::Wkproto);
}

TEST_P(Chat, TwoPeersTalkOverFrame6) {
  expect_conversation(start(), Framing::Frame6, Framing::Frame6);
}

TEST_P(Chat, OneSpeaksWkprotoAndTheOtherFrame6) {
  GatewayProcess& gateway = start();
  expect_conversation(gateway, Framing::Wkproto, Framing::Frame6);
}

TEST_P(Chat, EveryVersionInBothFramingsUnderstandsEveryOther) {
  GatewayProcess& gateway = start();
  std::vector<TestPeer> peers;
  for (uint8_t version = 1; version <= kProtocolVersionMax; ++version) {
    for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
      const std::string uid = "u" + std::to_string(peers.size());
      peers.push_back(online(gateway.address(), uid, speaking(framing, version)));
    }
  }
  for (size_t from = 0; from < peers.size(); ++from) {
    for (size_t to = 0; to < peers.size(); ++to) {
      if (from == to) continue;
      SendPacket send;
      const std::string uid = "u" + std::to_string(to);
      send.setting = kSettingTopic | kSettingStream;
      send.channel_id = uid;
      send.stream_no = "stream";
      send.topic = "topic";
      send.payload = bytes_of("from every version to every version");
      peers[from].send(send);
      const RecvPacket recv = peers[to].expect<RecvPacket>();
      EXPECT_EQ(recv.from_uid, "u" + std::to_string(from));
      EXPECT_EQ(recv.topic, "topic");
      EXPECT_EQ(text_of(recv.payload), "from every version to every version");
      peers[from].expect_success();
    }
  }
}

TEST_P(Chat, MessagesCrossFromReactorToReactorInOrder) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  std::vector<TestPeer> peers = crowd(gateway, 6);
  const auto reactors = reactors_in_use(gateway, peers.size());
  EXPECT_EQ(reactors.count(0), 3U);
  EXPECT_EQ(reactors.count(1), 3U);
  expect_all_talk(peers, 20);
}

TEST_P(Chat, ConnectionsGoToTheReactorWithTheFewest) {
  GatewayProcess& gateway = start({"--balance=least"});
  std::vector<TestPeer> peers = crowd(gateway, 6);
  EXPECT_EQ(reactors_in_use(gateway, peers.size()).count(0), 3U);
  expect_all_talk(peers, 2);
}

TEST_P(Chat, ConnectionsGoToReactorsByDescriptor) {
  GatewayProcess& gateway = start({"--balance=fd"});
  // The first ones fill the gaps that the start left: reactors that try out their io_urings open
  // and close descriptors between each other's.
  constexpr size_t kFillers = 20;
  std::vector<TestPeer> peers = crowd(gateway, kFillers + 6);
  // Then descriptors are handed out one after the other, so they alternate.
  const auto lines = gateway.wait_for_log("online", {}, peers.size());
  std::multiset<uint32_t> reactors;
  for (size_t i = kFillers; i < lines.size(); ++i) reactors.insert(reactor_of(lines[i]));
  EXPECT_EQ(reactors.count(0), 3U);
  EXPECT_EQ(reactors.count(1), 3U);
  expect_all_talk(peers, 2);
}

TEST_P(Chat, ReactorsWithListenersOfTheirOwnShareThePort) {
  GatewayProcess& gateway = start({"--accept=reuseport"});
  // The kernel spreads by hash: that forty all fall to one side will not be seen in a lifetime.
  std::vector<TestPeer> peers = crowd(gateway, 40);
  const auto reactors = reactors_in_use(gateway, peers.size());
  EXPECT_GT(reactors.count(0), 0U);
  EXPECT_GT(reactors.count(1), 0U);
  expect_all_talk(peers, 1);
}

TEST_P(Chat, TheSmallestMailboxesAndBudgetsOnlyMakeItSlower) {
  GatewayProcess& gateway =
      start({"--balance=round_robin", "--mailbox-slots=2", "--sends-in-flight-max=1",
             "--turn-frames-max=1", "--turn-bytes-max=1"});
  std::vector<TestPeer> peers = crowd(gateway, 6);
  expect_all_talk(peers, 20);
}

TEST_P(Chat, APayloadOfAlmostOneMebibyteArrivesWhole) {
  GatewayProcess& gateway = start();
  std::string payload(kFrameBodyBytesMax - 256, '\0');
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 2654435761U >> 16);
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer bob = online(gateway.address(), "bob", speaking(Framing::Frame6));
  for (int i = 0; i < 3; ++i) {
    alice.send_text("bob", payload);
    EXPECT_TRUE(text_of(bob.expect<RecvPacket>().payload) == payload);
    alice.expect_success();
    bob.send_text("alice", payload);
    EXPECT_TRUE(text_of(alice.expect<RecvPacket>().payload) == payload);
    bob.expect_success();
  }
}

TEST_P(Chat, FramesPipelinedBehindConnectAreHandledInOrder) {
  GatewayProcess& gateway = start();
  TestPeer bob = online(gateway.address(), "bob");
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    TestPeer alice(gateway.address(), speaking(framing));
    SendPacket send;
    send.channel_id = "bob";
    send.payload = bytes_of("in one go");
    std::string bytes = encoded_connect("alice", alice.options());
    for (int i = 0; i < 300; ++i) {
      std::array<std::byte, kFrameHeaderBytesMax> ping{};
      bytes += text_of(Bytes(ping.data(), encode_ping(framing, ping)));
    }
    alice.send_raw(bytes + encoded(send, framing, kProtocolVersionMax));
    EXPECT_EQ(alice.expect<ConnackPacket>().reason, Reason::Success);
    for (int i = 0; i < 300; ++i) alice.expect_pong();
    alice.expect_success();
    bob.expect_text("alice", "in one go");
  }
}

TEST_P(Chat, BytesMayArriveOneByOne) {
  GatewayProcess& gateway = start();
  TestPeer bob = online(gateway.address(), "bob");
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    TestPeer alice(gateway.address(), speaking(framing));
    SendPacket send;
    send.channel_id = "bob";
    send.payload = bytes_of("drop by drop");
    const std::string bytes =
        encoded_connect("alice", alice.options()) + encoded(send, framing, kProtocolVersionMax);
    for (const char& byte : bytes) alice.send_raw(std::string_view(&byte, 1));
    EXPECT_EQ(alice.expect<ConnackPacket>().reason, Reason::Success);
    alice.expect_success();
    bob.expect_text("alice", "drop by drop");
  }
}

TEST_P(Chat, EveryOtherDeviceOfBothPartiesGetsTheMessageOnce) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  const auto device = [&](std::string_view uid, DeviceFlag flag) {
    PeerOptions options;
    options.device_flag = flag;
    return online(gateway.address(), uid, options);
  };
  TestPeer phone = device("alice", DeviceFlag::App);
  TestPeer desk = device("alice", DeviceFlag::Pc);
  TestPeer bob_phone = device("bob", DeviceFlag::App);
  TestPeer bob_desk = device("bob", DeviceFlag::Web);
  phone.send_text("bob", "hello");
  const RecvPacket copy = desk.expect<RecvPacket>();
  EXPECT_EQ(copy.from_uid, "alice");
  EXPECT_EQ(copy.channel_id, "bob") << "the sender's own devices see the peer's name";
  bob_phone.expect_text("alice", "hello");
  bob_desk.expect_text("alice", "hello");
  phone.expect_success();
  for (TestPeer* peer : {&phone, &desk, &bob_phone, &bob_desk}) peer->expect_quiet();

  phone.send_text("alice", "to myself");
  desk.expect_text("alice", "to myself");
  phone.expect_success();
  desk.expect_quiet();
  phone.expect_quiet();
}

TEST_P(Chat, AMessageToNobodyIsAcknowledged) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  alice.send_text("nobody", "hello?");
  alice.expect_success();
}

TEST_P(Chat, ASenderThatClosesItsHalfStillGetsEveryAnswer) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer bob = online(gateway.address(), "bob");
  for (int i = 0; i < 50; ++i) alice.send_text("bob", std::to_string(i));
  alice.shutdown_send();
  for (int i = 0; i < 50; ++i) bob.expect_text("alice", std::to_string(i));
  for (int i = 0; i < 50; ++i) alice.expect_success();
  alice.expect_eof();
  expect_close(gateway, alice, "peer_closed");
}

TEST_P(Chat, DisconnectFromTheClientEndsItInAnOrderlyWay) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  alice.send(DisconnectPacket());
  alice.expect_eof();
  EXPECT_EQ(expect_close(gateway, alice, "peer_closed")["detail"], "DISCONNECT");
}

}  // namespace
}  // namespace sluice
