// Peers that do not read: they are paused, then closed, and nobody else notices.
#include <gtest/gtest.h>

#include "support/e2e/control_pair.h"
#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class SlowReader : public GatewayTest {};
SLUICE_GATEWAY_SUITE(SlowReader);

// Its window fills soon.
PeerOptions deaf_options(Framing framing = Framing::Wkproto) {
  PeerOptions options;
  options.framing = framing;
  options.receive_buffer_bytes = 4096;
  return options;
}

bool ended(GatewayProcess& gateway, const TestPeer& peer) {
  return !gateway.log("connection closed", {{"peer", peer.name()}}).empty();
}

// Somebody writes to the deaf one and to a good reader until the deaf one is closed; the good
// reader misses nothing, every message is acknowledged.
void write_until_closed(GatewayProcess& gateway, TestPeer& deaf) {
  TestPeer writer = online(gateway.address(), "writer");
  TestPeer reader = online(gateway.address(), "reader");
  ControlPair control(gateway);
  const std::string payload(60'000, 'x');
  for (int i = 0; !ended(gateway, deaf); ++i) {
    writer.send_text("deaf", payload);
    writer.expect_success();
    writer.send_text("reader", payload);
    reader.expect_text("writer", payload);
    writer.expect_success();
    if (i % 20 == 0) control.chat();
    if (testing::Test::HasFailure()) return;
  }
  control.chat();
}

TEST_P(SlowReader, OverTheOutboundLimitItIsClosedAtOnce) {
  GatewayProcess& gateway = start({"--outbound-bytes-max=256KiB", "--outbound-high-water=64KiB",
                                   "--outbound-stall-timeout=1h"});
  TestPeer deaf = online(gateway.address(), "deaf", deaf_options());
  write_until_closed(gateway, deaf);
  EXPECT_EQ(expect_close(gateway, deaf, "slow_consumer")["detail"], "over the outbound limit");
  gateway.wait_for_log("offline", {{"uid", "deaf"}});
  deaf.drain_to_end();
}

TEST_P(SlowReader, OverTheHighWaterMarkForTooLongItIsClosed) {
  GatewayProcess& gateway = start({"--outbound-bytes-max=1GiB", "--outbound-high-water=64KiB",
                                   "--outbound-stall-timeout=100ms"});
  TestPeer deaf = online(gateway.address(), "deaf", deaf_options());
  write_until_closed(gateway, deaf);
  EXPECT_EQ(expect_close(gateway, deaf, "slow_consumer")["detail"],
            "too long over the high-water mark");
  deaf.drain_to_end();
}

TEST_P(SlowReader, OneThatWakesUpInTimeGetsEverything) {
  GatewayProcess& gateway = start(
      {"--outbound-bytes-max=1GiB", "--outbound-high-water=64KiB", "--outbound-stall-timeout=1h"});
  TestPeer sleepy = online(gateway.address(), "sleepy", deaf_options());
  TestPeer writer = online(gateway.address(), "writer");
  const std::string payload(60'000, 'x');
  constexpr int kMessages = 150;
  for (int i = 0; i < kMessages; ++i) {
    writer.send_text("sleepy", std::to_string(i) + payload);
    writer.expect_success();
  }
  sleepy.ping();  // it is not read while it does not read: the PONG comes behind all messages
  for (int i = 0; i < kMessages; ++i) sleepy.expect_text("writer", std::to_string(i) + payload);
  sleepy.expect_pong();
}

TEST_P(SlowReader, OneThatNeverReadsItsPongsIsPausedThenClosed) {
  GatewayProcess& gateway = start({"--outbound-bytes-max=64KiB", "--outbound-high-water=16KiB",
                                   "--outbound-stall-timeout=200ms"});
  ControlPair control(gateway);
  TestPeer deaf = online(gateway.address(), "deaf", deaf_options(Framing::Frame6));
  std::string pings;
  for (int i = 0; i < 10'000; ++i) pings += std::string_view("\x07\0\0\0\0\0", 6);
  size_t sent = 0;
  while (!ended(gateway, deaf)) {
    sent = (sent + deaf.try_send_raw(std::string_view(pings).substr(sent))) % pings.size();
    control.chat();
    if (HasFailure()) return;
  }
  // Paused at the high-water mark, it could never reach the limit.
  EXPECT_EQ(expect_close(gateway, deaf, "slow_consumer")["detail"],
            "too long over the high-water mark");
  control.chat();
}

TEST_P(SlowReader, ADeafMemberDoesNotHoldUpItsGroup) {
  GatewayProcess& gateway = start({"--outbound-bytes-max=256KiB", "--outbound-high-water=64KiB",
                                   "--outbound-stall-timeout=1h", "--balance=round_robin"});
  TestPeer deaf = online(gateway.address(), "deaf", deaf_options());
  TestPeer speaker = online(gateway.address(), "speaker");
  TestPeer member = online(gateway.address(), "member");
  for (TestPeer* peer : {&deaf, &speaker, &member}) {
    EXPECT_EQ(peer->subscribe("all"), Reason::Success);
  }
  const std::string payload(60'000, 'x');
  while (!ended(gateway, deaf)) {
    speaker.send_text("all", payload, ChannelType::Group);
    speaker.expect_success();
    member.expect_text("speaker", payload);
    if (HasFailure()) return;
  }
  expect_close(gateway, deaf, "slow_consumer");
  speaker.send_text("all", "now without it", ChannelType::Group);
  speaker.expect_success();
  member.expect_text("speaker", "now without it");
}

}  // namespace
}  // namespace sluice
