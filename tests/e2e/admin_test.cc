// The admin port of the real gateway: what monitoring sees, while it serves and while it drains.
#include <gtest/gtest.h>
#include <signal.h>

#include "support/e2e/admin_client.h"
#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

class Admin : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Admin);

std::string closed(std::string_view reason) {
  return "sluice_connections_closed_total{reason=\"" + std::string(reason) + "\"}";
}

TEST_P(Admin, ReadyTurnsIntoDrainingWhileTheGatewayWaits) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  TestPeer stubborn = online(gateway.address(), "stubborn");
  EXPECT_EQ(ask_admin(admin, "/readyz").status, 200);
  EXPECT_EQ(ask_admin(admin, "/healthz").status, 200);
  gateway.send_signal(SIGTERM);
  stubborn.expect_eof();
  EXPECT_EQ(ask_admin(admin, "/readyz").status, 503);
  EXPECT_EQ(ask_admin(admin, "/healthz").status, 200);
  EXPECT_EQ(metric(admin, "sluice_ready"), 0U);
  stubborn.close();
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Admin, MetricsCountClosesByTheirReason) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  {
    TestPeer polite = online(gateway.address(), "polite");
    TestPeer rude = online(gateway.address(), "rude");
    TestPeer garbled(gateway.address());
    garbled.send_raw("?");
    garbled.expect_eof();
    rude.reset();
  }
  EXPECT_TRUE(eventually([&] { return metric(admin, closed("peer_closed")) == 1; }));
  EXPECT_TRUE(eventually([&] { return metric(admin, closed("peer_reset")) == 1; }));
  EXPECT_TRUE(eventually([&] { return metric(admin, closed("protocol_error")) == 1; }));
  EXPECT_EQ(metric(admin, closed("internal")), 0U);
  EXPECT_EQ(metric(admin, "sluice_uid_online_events_total"), 2U);
  EXPECT_TRUE(eventually([&] { return metric(admin, "sluice_uid_offline_events_total") == 2; }));
}

TEST_P(Admin, MetricsCountMessages) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  TestPeer alice = online(gateway.address(), "alice");
  TestPeer bob = online(gateway.address(), "bob");
  for (int i = 0; i < 10; ++i) alice.send_text("bob", "hello");
  alice.send_text("nobody", "hello?");
  alice.send_text("no group of mine", "hello?", ChannelType::Group);
  for (int i = 0; i < 12; ++i) alice.expect<SendackPacket>();
  for (int i = 0; i < 10; ++i) bob.expect_text("alice", "hello");
  bob.expect_quiet();
  EXPECT_EQ(metric(admin, "sluice_sends_total"), 12U);
  EXPECT_EQ(metric(admin, "sluice_recvs_total"), 10U);
  EXPECT_EQ(metric(admin, "sluice_sendacks_total"), 12U);
  EXPECT_EQ(metric(admin, "sluice_messages_undelivered_total"), 1U);
  EXPECT_EQ(metric(admin, "sluice_sends_refused_total"), 1U);
  EXPECT_EQ(metric(admin, "sluice_pings_total"), 1U);
  EXPECT_EQ(metric(admin, "sluice_sends_in_flight{reactor=\"0\"}"), 0U);
}

TEST_P(Admin, ConnectionsListsEveryPeer) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0", "--balance=round_robin"});
  const Address admin = gateway.admin_address();
  PeerOptions options;
  options.device_id = "my phone";
  TestPeer alice = online(gateway.address(), "爱丽丝 \"quoted\"", options);
  TestPeer bob = online(gateway.address(), "bob");
  const AdminAnswer answer = ask_admin(admin, "/connections");
  EXPECT_EQ(answer.status, 200);
  for (const std::string& part :
       {std::string("爱丽丝 \\\"quoted\\\""), std::string("my phone"), alice.name(), bob.name()}) {
    EXPECT_NE(answer.body.find(part), std::string::npos) << part << " in " << answer.body;
  }
  EXPECT_EQ(ask_admin(admin, "/connections?limit=none").status, 400);
}

TEST_P(Admin, AStalledScraperHoldsNobodyUp) {
  GatewayProcess& gateway = start({"--admin=127.0.0.1:0"});
  const Address admin = gateway.admin_address();
  std::vector<TestPeer> scrapers;
  for (int i = 0; i < 8; ++i) {
    scrapers.emplace_back(admin);
    scrapers.back().send_raw("GET /metrics HT");
  }
  TestPeer alice = online(gateway.address(), "alice");
  alice.expect_quiet();
  alice.close();
  EXPECT_EQ(gateway.stop(), 0) << "although the scrapers keep their connections";
}

}  // namespace
}  // namespace sluice
