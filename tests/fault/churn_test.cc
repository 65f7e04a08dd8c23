// Thousands of clients that come and go in every way: nothing is left behind, each has one end.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "support/e2e/admin_client.h"
#include "support/e2e/control_pair.h"
#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

class Churn : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Churn);

size_t number_from(const char* variable, size_t fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : static_cast<size_t>(std::atoi(text));
}

// One of the ways to come and go, by turns. The peer's end is the caller's to wait for.
void come_and_go(const GatewayProcess& gateway, size_t number) {
  PeerOptions options;
  options.framing = number % 2 == 0 ? Framing::Wkproto : Framing::Frame6;
  const std::string uid = "u" + std::to_string(number);
  switch (number % 5) {
    case 0:  // says nothing at all
      TestPeer(gateway.address(), options).close();
      break;
    case 1: {  // leaves before the CONNACK
      TestPeer peer(gateway.address(), options);
      peer.send_raw(encoded_connect(uid, options));
      break;
    }
    case 2:  // is let in, and goes without a word
      online(gateway.address(), uid, options).close();
      break;
    case 3:  // is let in, and vanishes in the middle of a frame
    {
      TestPeer peer = online(gateway.address(), uid, options);
      peer.send_raw(options.framing == Framing::Wkproto ? "\x30" : "\x03");
      peer.reset();
      break;
    }
    default: {  // says goodbye
      TestPeer peer = online(gateway.address(), uid, options);
      peer.send(DisconnectPacket());
      peer.expect_eof();
    }
  }
}

uint64_t all_closes(const Address& admin) {
  uint64_t closes = 0;
  for (const std::string reason : {"peer_closed", "peer_reset"}) {
    closes += metric(admin, "sluice_connections_closed_total{reason=\"" + reason + "\"}");
  }
  return closes;
}

TEST_P(Churn, LeavesNeitherDescriptorsNorMemoryBehind) {
  const size_t cycles = number_from("SLUICE_TEST_CYCLES", 10'000);
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  ControlPair control(gateway);
  const size_t descriptors = gateway.open_descriptors();
  size_t done = 0;
  const auto run_until = [&](size_t count) {
    for (; done < count && !HasFailure(); ++done) {
      come_and_go(gateway, done);
      if (done % 100 == 0) control.chat();
      // The log is read as it is written: on a busy machine its reader would fall behind, and lines
      // that nobody reads are dropped.
      if (done % 1'000 == 999) gateway.wait_for_log("connection closed", {}, done);
    }
    EXPECT_TRUE(eventually([&] { return all_closes(admin) == done; })) << all_closes(admin);
  };

  run_until(cycles / 10);  // pools and tables have found their sizes
  const size_t resident = gateway.resident_bytes();
  run_until(cycles);
  EXPECT_TRUE(eventually([&] { return gateway.open_descriptors() == descriptors; }))
      << gateway.open_descriptors() << " instead of " << descriptors;
  std::printf("  %zu cycles, %zu descriptors, resident %zu -> %zu KiB\n", done, descriptors,
              resident / 1024, gateway.resident_bytes() / 1024);
  if (number_from("SLUICE_TEST_SANITIZED", 0) == 0) {
    // Generous, and still less than a leak of one small object per connection.
    EXPECT_LT(gateway.resident_bytes(), resident + (2 << 20));
  }

  // Each has one line about its end, and each uid that came went.
  EXPECT_EQ(metric(admin, "sluice_log_lines_dropped_total"), 0U);
  gateway.wait_for_log("connection closed", {}, cycles);
  std::set<std::string, std::less<>> ended;
  for (const LogLine& line : gateway.log("connection closed")) ended.emplace(line["conn"]);
  EXPECT_EQ(ended.size(), cycles);
  EXPECT_TRUE(eventually([&] { return metric(admin, "sluice_uids_online") == 2; }));
  EXPECT_EQ(closes(gateway, "internal"), 0U);
  control.chat();
}

TEST_P(Churn, ConnectionsThatEndWhileOthersWriteToThemHarmNobody) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  ControlPair control(gateway);
  TestPeer writer = online(gateway.address(), "writer");
  for (int i = 0; i < 200; ++i) {
    TestPeer target = online(gateway.address(), "target");
    for (int j = 0; j < 20; ++j) writer.send_text("target", "hello");
    if (i % 2 == 0) {
      target.reset();
    } else {
      target.close();
    }
    for (int j = 0; j < 20; ++j) writer.expect_success();
    gateway.wait_for_log("connection closed", {{"peer", target.name()}});
    ASSERT_FALSE(HasFailure()) << "round " << i;
  }
  control.chat();
}

}  // namespace
}  // namespace sluice
