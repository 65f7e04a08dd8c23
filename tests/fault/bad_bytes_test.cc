// Bytes that no client of the protocol sends, before and after CONNECT: the connection ends for a
// reason that the log names, and nobody else notices.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>

#include "support/e2e/control_pair.h"
#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class BadBytes : public GatewayTest {};
SLUICE_GATEWAY_SUITE(BadBytes);

PeerOptions speaking(Framing framing) {
  PeerOptions options;
  options.framing = framing;
  return options;
}

constexpr std::array kFramings{Framing::Wkproto, Framing::Frame6};

// The peer's connection ends as a protocol error that the log explains with this.
void expect_protocol_error(GatewayProcess& gateway, TestPeer& peer, std::string_view detail,
                           Here here = Here()) {
  peer.drain_to_end(here);
  const LogLine line = expect_close(gateway, peer, "protocol_error", here);
  EXPECT_EQ(line["detail"], detail);
  EXPECT_EQ(line["level"], "warn");
}

// The same for a CONNECT: it is refused in words.
void expect_connect_refused(GatewayProcess& gateway, TestPeer& peer, std::string_view detail,
                            Here here = Here()) {
  EXPECT_EQ(peer.expect<ConnackPacket>(here).reason, Reason::AuthFail);
  peer.drain_to_end(here);
  EXPECT_EQ(expect_close(gateway, peer, "auth_failed", here)["detail"], detail);
}

// A frame header that promises `size` bytes.
std::string header(Framing framing, PacketType type, size_t size) {
  std::array<std::byte, kFrameHeaderBytesMax> bytes{};
  const size_t written = encode_frame_header(framing, type, 0, size, bytes);
  return std::string(text_of(Bytes(bytes.data(), written)));
}

TEST_P(BadBytes, AFirstByteOfNoProtocolEndsTheConnection) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const char first : {'\0', '\x02', '\x20', '\x70', 'G', 'P', '{', '\r', '\xff'}) {
    TestPeer peer(gateway.address());
    peer.send_raw(std::string(20, first));
    expect_protocol_error(gateway, peer, "the first byte belongs to no protocol spoken here");
    control.chat();
  }
}

TEST_P(BadBytes, RandomBytesNeverDoMoreThanEndTheirConnection) {
  const uint32_t seed = std::random_device()();
  std::printf("  seed %u\n", seed);
  std::mt19937 random(seed);
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (size_t i = 0; i < 300; ++i) {
    std::string bytes(1 + random() % 400, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    // Half of them begin like a CONNECT, half of those follow a real one.
    Framing framing = kFramings[i % 2];
    if (i % 4 == 1) bytes[0] = i % 8 > 3 ? '\x10' : '\x01';
    // Chance may say CONNECT in the other framing, and is answered in it.
    const Framing said = sniff(static_cast<std::byte>(bytes[0]));
    if (i % 4 <= 1 && said != Framing::Unknown) framing = said;
    TestPeer peer(gateway.address(), speaking(framing));
    if (i % 4 > 1) peer.send_raw(encoded_connect("random", peer.options()));
    peer.send_raw(bytes);
    peer.shutdown_send();
    peer.drain_to_end();
    gateway.wait_for_log("connection closed", {{"peer", peer.name()}});
    if (i % 50 == 0) control.chat();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", round " << i;
  }
  EXPECT_EQ(closes(gateway, "internal"), 0U);
  control.chat();
}

TEST_P(BadBytes, AFrameCutShortByFinEndsAsAGoodbye) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const Framing framing : kFramings) {
    const std::string connect = encoded_connect("cut", speaking(framing));
    for (size_t size = 0; size < connect.size(); ++size) {
      TestPeer peer(gateway.address(), speaking(framing));
      peer.send_raw(std::string_view(connect).substr(0, size));
      peer.shutdown_send();
      peer.expect_eof();
      const LogLine line = expect_close(gateway, peer, "peer_closed");
      EXPECT_EQ(line["detail"], size == 0 ? "" : "in the middle of a frame");
    }
  }
  control.chat();
}

TEST_P(BadBytes, ALengthOverTheLimitIsRefusedByItsHeaderAlone) {
  GatewayProcess& gateway = start({"--frame-bytes-max=1000"});
  ControlPair control(gateway);
  for (const Framing framing : kFramings) {
    TestPeer early(gateway.address(), speaking(framing));
    early.send_raw(header(framing, PacketType::Connect, 1001));
    expect_protocol_error(gateway, early, "a frame over the size limit");

    TestPeer late = online(gateway.address(), "late", speaking(framing));
    late.send_raw(header(framing, PacketType::Send, 1001));
    expect_protocol_error(gateway, late, "a frame over the size limit");

    SendPacket largest;
    largest.channel_id = "nobody";
    const std::string filling(1000 - (encoded_size(largest, framing, kProtocolVersionMax) -
                                      frame_header_size(framing, PacketType::Send, 20)),
                              'x');
    largest.payload = bytes_of(filling);
    TestPeer exact = online(gateway.address(), "exact", speaking(framing));
    exact.send(largest);
    exact.expect_success();
  }
  control.chat();
}

TEST_P(BadBytes, ALengthThatDoesNotEndIsRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  TestPeer early(gateway.address());
  early.send_raw("\x10\xff\xff\xff\xff");
  expect_protocol_error(gateway, early, "a frame whose length does not end");
  TestPeer late = online(gateway.address(), "late");
  late.send_raw("\x30\x80\x80\x80\x80");
  expect_protocol_error(gateway, late, "a frame whose length does not end");
  control.chat();
}

TEST_P(BadBytes, ATypeThatDoesNotExistIsRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const std::string_view bytes : {"\xd0\x01x", "\xf0\x01x", "\x09\x01x"}) {
    TestPeer peer = online(gateway.address(), "peer");
    peer.send_raw(bytes);
    expect_protocol_error(gateway, peer, "a frame of a type that does not exist");
  }
  TestPeer peer = online(gateway.address(), "peer", speaking(Framing::Frame6));
  peer.send_raw(std::string_view("\x0d\0\0\0\0\0", 6));
  expect_protocol_error(gateway, peer, "a frame of a type that does not exist");
  control.chat();
}

TEST_P(BadBytes, StringsOverTheirBoundsAreRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const Framing framing : kFramings) {
    const auto expect_refused = [&](const PeerOptions& options, const std::string& uid,
                                    std::string_view field) {
      TestPeer peer(gateway.address(), options);
      peer.send_raw(encoded_connect(uid, options));
      expect_connect_refused(gateway, peer, field);
    };
    PeerOptions options = speaking(framing);
    expect_refused(options, std::string(256, 'u'), "uid");
    options.token = std::string(4097, 't');
    expect_refused(options, "peer", "token");
    options.device_id = std::string(256, 'd');
    expect_refused(options, "peer", "deviceID");

    SendPacket send;
    const std::string long_name(512, 'c');
    send.channel_id = long_name;
    TestPeer peer = online(gateway.address(), "peer", speaking(framing));
    peer.send(send);
    expect_protocol_error(gateway, peer, "channelID");
  }
  control.chat();
}

TEST_P(BadBytes, AStringLongerThanItsFrameIsRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const std::string_view length :
       {std::string_view("\x00\x7f", 2), std::string_view("\x80\x00", 2),
        std::string_view("\xff\xff", 2)}) {
    TestPeer peer(gateway.address());
    const std::string body = "\x05" + std::string(1, '\0') + std::string(length) + "short";
    peer.send_raw(header(Framing::Wkproto, PacketType::Connect, body.size()) + body);
    expect_connect_refused(gateway, peer, "deviceID");
  }
  control.chat();
}

TEST_P(BadBytes, AChannelThatCannotBeIsRefusedAndTheConnectionLivesOn) {
  GatewayProcess& gateway = start();
  TestPeer peer = online(gateway.address(), "peer");
  for (const std::string_view channel : {"", "  ", "a@b", "a#b", "a&b", "a\nb", "a\xff"}) {
    peer.send_text(channel, "hello");
    EXPECT_EQ(peer.expect<SendackPacket>().reason, Reason::ChannelIdError);
  }
  peer.send_text("a\xc0\xaf", "hello", ChannelType::Group);
  EXPECT_EQ(peer.expect<SendackPacket>().reason, Reason::ChannelIdError);
  peer.send_text("lobby", "hello", ChannelType::Live);
  EXPECT_EQ(peer.expect<SendackPacket>().reason, Reason::NotSupportChannelType);
  peer.expect_quiet();
}

TEST_P(BadBytes, AFrameBeforeConnectIsRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  // In wkproto such a frame's first byte is already one that no CONNECT has.
  TestPeer wkproto(gateway.address());
  wkproto.send_text("bob", "hello");
  expect_protocol_error(gateway, wkproto, "the first byte belongs to no protocol spoken here");
  // Behind a CONNECT that was refused it is not looked at any more.
  TestPeer refused(gateway.address());
  SendPacket send;
  send.channel_id = "control-left";
  refused.send_raw(encoded_connect("a@b", {}) + encoded(send, Framing::Wkproto, 5));
  EXPECT_EQ(refused.expect<ConnackPacket>().reason, Reason::AuthFail);
  refused.expect_eof();
  expect_close(gateway, refused, "auth_failed");
  control.chat();
}

TEST_P(BadBytes, ASecondConnectIsRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  for (const Framing framing : kFramings) {
    TestPeer peer = online(gateway.address(), "peer", speaking(framing));
    peer.send_raw(encoded_connect("other", peer.options()));
    expect_protocol_error(gateway, peer, "a second CONNECT");
  }
  control.chat();
}

TEST_P(BadBytes, PacketsOfServersAreRefused) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  const auto expect_refused = [&](const auto& packet) {
    TestPeer peer = online(gateway.address(), "peer");
    peer.send(packet);
    expect_protocol_error(gateway, peer, "a packet that only servers send");
  };
  expect_refused(ConnackPacket());
  expect_refused(SendackPacket());
  expect_refused(RecvPacket());
  expect_refused(SubackPacket());
  expect_refused(EventPacket());
  TestPeer peer = online(gateway.address(), "peer");
  peer.send_raw("\x80");  // PONG
  expect_protocol_error(gateway, peer, "a packet that only servers send");
  control.chat();
}

TEST_P(BadBytes, WhatCameBeforeTheBadFrameIsStillAnswered) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  TestPeer peer = online(gateway.address(), "peer");
  peer.send_raw("\x70\x70\xd0\x01x");
  peer.expect_pong();
  peer.expect_pong();
  peer.expect_eof();
  expect_close(gateway, peer, "protocol_error");
  control.chat();
}

TEST_P(BadBytes, AResetInTheMiddleOfAFrameEndsOnlyThatConnection) {
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  TestPeer early(gateway.address());
  early.send_raw(encoded_connect("early", {}).substr(0, 7));
  TestPeer late = online(gateway.address(), "late");
  late.send_raw(header(Framing::Wkproto, PacketType::Send, 500) + std::string(100, 'x'));
  control.chat();
  early.reset();
  late.reset();
  expect_close(gateway, early, "peer_reset");
  expect_close(gateway, late, "peer_reset");
  gateway.wait_for_log("offline", {{"uid", "late"}});
  control.chat();
}

}  // namespace
}  // namespace sluice
