// Too many connections, too few descriptors: newcomers are turned away or wait, who is in stays in.
#include <gtest/gtest.h>

#include "support/e2e/admin_client.h"
#include "support/e2e/control_pair.h"
#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"
#include "sys/tcp_socket.h"

namespace sluice {
namespace {

class Exhaustion : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Exhaustion);

constexpr std::string_view kOverLimit = "sluice_connections_refused_total{reason=\"over_limit\"}";
constexpr std::string_view kPerIp = "sluice_connections_refused_total{reason=\"per_ip\"}";

// Dials and says CONNECT; those who are let in.
std::vector<TestPeer> try_online(const GatewayProcess& gateway, size_t count,
                                 const PeerOptions& options = {}) {
  static int number = 0;
  std::vector<TestPeer> in;
  for (size_t i = 0; i < count; ++i) {
    TestPeer peer(gateway.address(), options);
    peer.send_raw(encoded_connect("u" + std::to_string(++number), options));
    if (peer.next() == TestPeer::News::Frame) in.push_back(std::move(peer));
  }
  return in;
}

PeerOptions from(std::string_view ip) {
  PeerOptions options;
  options.from = *Address::parse(std::string(ip) + ":0");
  return options;
}

TEST_P(Exhaustion, NewcomersOverTheLimitAreTurnedAwayAndCounted) {
  GatewayProcess& gateway = start({"--max-connections=50", "--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  ControlPair control(gateway);
  std::vector<TestPeer> in = try_online(gateway, 78);
  EXPECT_EQ(in.size(), 48U);
  EXPECT_EQ(metric(admin, kOverLimit), 30U);
  control.chat();
  for (TestPeer& peer : in) peer.expect_quiet();
  // One line for the crowd, not one for each: a second one only if this takes very long.
  EXPECT_LT(gateway.log("refusing newcomers, see --max-connections").size(), 10U);
  EXPECT_GE(gateway.log("refusing newcomers, see --max-connections").size(), 1U);

  in.erase(in.begin(), in.begin() + 20);
  gateway.wait_for_log("connection closed", {}, 20);
  EXPECT_TRUE(eventually([&] {
    return metric(admin, "sluice_connections{reactor=\"0\"}") +
               metric(admin, "sluice_connections{reactor=\"1\"}") ==
           30;
  }));
  EXPECT_EQ(try_online(gateway, 20).size(), 20U);
  control.chat();
}

TEST_P(Exhaustion, TheDescriptorLimitSetsTheLimitOfConnections) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"}, {{}, 400});
  EXPECT_EQ(gateway.wait_for_log("listening")[0]["connections_max"], "144");
  ControlPair control(gateway);
  const std::vector<TestPeer> in = try_online(gateway, 198);
  EXPECT_EQ(in.size(), 142U);
  EXPECT_EQ(metric(gateway.admin_address(), kOverLimit), 56U);
  control.chat();
}

TEST_P(Exhaustion, MoreConnectionsThanDescriptorsAreRefusedAtTheStart) {
  const Finished sluice = run_sluice({"check", "--max-connections=400"}, {{}, 400});
  EXPECT_EQ(sluice.exit_code, 2);
  EXPECT_NE(sluice.errors.find("ulimit"), std::string::npos) << sluice.errors;
}

// Somebody else's descriptors, or an operator's prlimit: what the reserve cannot foresee.
TEST_P(Exhaustion, WithoutDescriptorsAcceptingPausesAndGoesOnByItself) {
  // io_uring's accept goes by the limit at the time it was armed: armed for each newcomer, it sees
  // what prlimit does from outside.
  if (poller == "uring") poller = "uring:multishot=off";
  GatewayProcess& gateway = start();
  ControlPair control(gateway);
  gateway.limit_descriptors(gateway.open_descriptors() + 5);
  std::vector<TestPeer> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.emplace_back(gateway.address());
    crowd.back().send_raw(encoded_connect("u" + std::to_string(i), {}));
  }
  gateway.wait_for_log("online", {}, 2 + 5);
  gateway.wait_for_log(
      "cannot accept, pausing; raise the descriptor limit (ulimit -n) or lower "
      "--max-connections");
  for (int i = 0; i < 20; ++i) control.chat();
  // Who leaves makes room for one who waits.
  crowd.erase(crowd.begin());
  gateway.wait_for_log("online", {}, 2 + 6);
  gateway.unlimit_descriptors();
  gateway.wait_for_log("online", {}, 2 + 20);
  for (TestPeer& peer : crowd) {
    EXPECT_EQ(peer.expect<ConnackPacket>().reason, Reason::Success);
    peer.expect_quiet();
  }
  control.chat();
  gateway.wait_for_log("accepting again");
}

TEST_P(Exhaustion, OneAddressMayHaveOnlyItsShare) {
  GatewayProcess& gateway = start({"--max-connections-per-ip=3", "--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  ControlPair control(gateway);
  {
    const std::vector<TestPeer> first = try_online(gateway, 5, from("127.0.0.2"));
    const std::vector<TestPeer> second = try_online(gateway, 5, from("127.0.0.3"));
    EXPECT_EQ(first.size(), 3U);
    EXPECT_EQ(second.size(), 3U);
    EXPECT_EQ(metric(admin, kPerIp), 4U);
    control.chat();
  }
  gateway.wait_for_log("connection closed", {}, 6);
  // The last of them may still be on its way out of the books.
  std::vector<TestPeer> again;
  EXPECT_TRUE(eventually([&] {
    for (TestPeer& peer : try_online(gateway, 1, from("127.0.0.2"))) {
      again.push_back(std::move(peer));
    }
    return again.size() == 3;
  }));
  EXPECT_TRUE(try_online(gateway, 1, from("127.0.0.2")).empty());
  control.chat();
}

}  // namespace
}  // namespace sluice
