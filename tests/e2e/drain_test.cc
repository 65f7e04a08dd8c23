// SIGTERM: what clients hear, how long the gateway waits for them, and how it ends.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

class Drain : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Drain);

// A peer that writes messages without end and throws away what it gets.
class Flood {
 public:
  Flood(const Address& gateway, std::string_view from, std::string_view to)
      : peer_(online(gateway, from)) {
    SendPacket send;
    send.channel_id = to;
    send.payload = bytes_of("and on and on");
    for (int i = 0; i < 1000; ++i) batch_ += encoded(send, Framing::Wkproto, kProtocolVersionMax);
  }

  // Once round, without waiting; how the connection ended, or Silence while it lives.
  TestPeer::News flow() {
    sent_ += peer_.try_send_raw(std::string_view(batch_).substr(sent_));
    if (sent_ == batch_.size()) sent_ = 0;
    TestPeer::News news = peer_.discard();
    while (news == TestPeer::News::Frame) news = peer_.discard();
    return news;
  }

 private:
  TestPeer peer_;
  std::string batch_;
  size_t sent_ = 0;  // of the batch, cut anywhere
};

TEST_P(Drain, ClientsHearFinAndTheGatewayEndsWithZero) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer stranger(gateway.address());
  stranger.send_raw("\x01");  // half a header: the gateway has seen it
  alice.expect_quiet();
  gateway.send_signal(SIGTERM);
  alice.expect_eof();
  stranger.expect_eof();
  alice.close();
  stranger.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(closes(gateway, "drain"), 2U);
  EXPECT_EQ(gateway.log("drained", {{"in_time", "true"}}).size(), 1U);
}

TEST_P(Drain, InterruptDrainsAsWell) {
  GatewayProcess& gateway = start();
  {
    TestPeer alice = online(gateway.address(), "alice");
    gateway.send_signal(SIGINT);
    alice.expect_eof();
  }
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Drain, WithDisconnectClientsAreToldToStayAway) {
  GatewayProcess& gateway = start({"--drain-notify=disconnect"});
  TestPeer alice = online(gateway.address(), "alice");
  gateway.send_signal(SIGTERM);
  alice.expect<DisconnectPacket>();
  alice.expect_eof();
  alice.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Drain, NobodyNewIsLetInWhileItWaits) {
  GatewayProcess& gateway = start();
  TestPeer alice = online(gateway.address(), "alice");
  gateway.send_signal(SIGTERM);
  alice.expect_eof();  // the listeners are closed before anybody hears a FIN
  const UniqueFd refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t size = gateway.address().to_sockaddr(&storage);
  EXPECT_NE(connect(refused.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  EXPECT_EQ(errno, ECONNREFUSED);
  alice.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Drain, APeerThatNeverClosesIsLeftBehindAfterTheTimeout) {
  GatewayProcess& gateway = start({"--drain-timeout=300ms"});
  TestPeer stubborn = online(gateway.address(), "stubborn");
  gateway.send_signal(SIGTERM);
  EXPECT_EQ(gateway.wait_exit(), 0);
  stubborn.expect_eof();
  expect_close(gateway, stubborn, "drain");
}

TEST_P(Drain, APeerThatTakesNothingIsLeftBehindAfterTheTimeout) {
  GatewayProcess& gateway = start({"--drain-timeout=500ms", "--outbound-stall-timeout=60s"});
  PeerOptions tiny;
  tiny.receive_buffer_bytes = 4096;
  TestPeer deaf = online(gateway.address(), "deaf", tiny);
  TestPeer alice = online(gateway.address(), "alice");
  // More than the kernel's buffers on both sides take.
  const std::string payload(512 * 1024, 'x');
  for (int i = 0; i < 14; ++i) {
    alice.send_text("deaf", payload);
    alice.expect_success();
  }
  gateway.send_signal(SIGTERM);
  alice.expect_eof();
  alice.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(gateway.log("drain timeout: closing what is left").size(), 1U);
  EXPECT_EQ(gateway.log("drained", {{"in_time", "false"}}).size(), 1U);
  expect_close(gateway, deaf, "drain");
}

TEST_P(Drain, ZeroTimeoutEndsAtOnce) {
  GatewayProcess& gateway = start({"--drain-timeout=0s"});
  TestPeer alice = online(gateway.address(), "alice");
  gateway.send_signal(SIGTERM);
  EXPECT_EQ(gateway.wait_exit(), 0);
  alice.drain_to_end();
}

TEST_P(Drain, ASecondSignalEndsAtOnce) {
  for (const int second : {SIGTERM, SIGINT}) {
    GatewayProcess& gateway = start({"--drain-timeout=1h"});
    TestPeer stubborn = online(gateway.address(), "stubborn");
    gateway.send_signal(SIGTERM);
    stubborn.expect_eof();
    gateway.send_signal(second);
    EXPECT_EQ(gateway.wait_exit(), 1);
  }
}

// The drain once waited for a moment without messages between the reactors before it paused
// anybody: under steady load there is none, and it began only when the load happened to falter.
TEST_P(Drain, BeginsAlthoughTheLoadNeverFalters) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  std::vector<Flood> floods;
  for (int i = 0; i < 8; ++i) {
    floods.emplace_back(gateway.address(), "u" + std::to_string(i), "u" + std::to_string(i ^ 1));
  }
  const auto end = patience_end();
  for (size_t rounds = 0; !floods.empty(); ++rounds) {
    if (rounds == 200) gateway.send_signal(SIGTERM);
    std::erase_if(floods, [](Flood& flood) { return flood.flow() != TestPeer::News::Silence; });
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the drain does not begin";
  }
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Drain, EveryMessageUnderWayArrivesBeforeTheFin) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer bob = online(gateway.address(), "bob");
  const std::string payload(100'000, 'x');
  for (int i = 0; i < 40; ++i) alice.send_text("bob", payload);
  alice.expect_success();  // some of them have set out by now
  gateway.send_signal(SIGTERM);
  size_t acknowledged = 1;
  while (alice.next() == TestPeer::News::Frame) ++acknowledged;
  size_t received = 0;
  while (bob.next() == TestPeer::News::Frame) ++received;
  EXPECT_EQ(received, acknowledged);
  alice.close();
  bob.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Drain, AReaderThatIsBehindGetsEverythingBeforeTheFin) {
  GatewayProcess& gateway = start();
  PeerOptions tiny;
  tiny.receive_buffer_bytes = 4096;
  TestPeer sleepy = online(gateway.address(), "sleepy", tiny);
  TestPeer alice = online(gateway.address(), "alice");
  const std::string payload(100'000, 'x');
  constexpr int kMessages = 70;  // 7 MB: below the outbound limit, above what the kernel holds
  for (int i = 0; i < kMessages; ++i) {
    alice.send_text("sleepy", std::to_string(i) + payload);
    alice.expect_success();
  }
  gateway.send_signal(SIGTERM);
  alice.expect_eof();
  alice.close();
  for (int i = 0; i < kMessages; ++i) sleepy.expect_text("alice", std::to_string(i) + payload);
  sleepy.expect_eof();
  sleepy.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(gateway.log("drained", {{"in_time", "true"}}).size(), 1U);
}

}  // namespace
}  // namespace sluice
