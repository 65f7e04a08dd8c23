// One uid on several devices: who drives out whom, and when the uid comes and goes.
#include <gtest/gtest.h>
#include <signal.h>

#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

class Devices : public GatewayTest {
 protected:
  // Masters and slaves by token; every second connection lives on the other reactor.
  GatewayProcess& start_with_levels() {
    const std::string path = temporary_file("devices.txt",
                                            "alice master app master\n"
                                            "alice slave\n");
    return start({"--auth=token-file", "--token-file=" + path, "--balance=round_robin"});
  }
};
SLUICE_GATEWAY_SUITE(Devices);

PeerOptions device(std::string_view id, std::string_view token, DeviceFlag flag = DeviceFlag::App) {
  PeerOptions options;
  options.device_id = id;
  options.token = token;
  options.device_flag = flag;
  return options;
}

TEST_P(Devices, AMasterKicksTheOthersOfItsKind) {
  GatewayProcess& gateway = start_with_levels();
  TestPeer desk = online(gateway.address(), "alice", device("desk", "slave", DeviceFlag::Pc));
  TestPeer old_phone = online(gateway.address(), "alice", device("old", "slave"));
  TestPeer other_phone = online(gateway.address(), "alice", device("other", "slave"));
  TestPeer new_phone = online(gateway.address(), "alice", device("new", "master"));
  for (TestPeer* peer : {&old_phone, &other_phone}) {
    const DisconnectPacket goodbye = peer->expect<DisconnectPacket>();
    EXPECT_EQ(goodbye.reason, Reason::ConnectKick);
    peer->expect_eof();
    expect_close(gateway, *peer, "kicked");
  }
  desk.expect_quiet();
  new_phone.expect_quiet();
}

TEST_P(Devices, ASlaveReplacesOnlyTheSameDevice) {
  GatewayProcess& gateway = start_with_levels();
  TestPeer first = online(gateway.address(), "alice", device("phone", "slave"));
  TestPeer tablet = online(gateway.address(), "alice", device("tablet", "slave"));
  TestPeer again = online(gateway.address(), "alice", device("phone", "slave"));
  first.expect_eof();
  expect_close(gateway, first, "replaced");
  tablet.expect_quiet();
  again.expect_quiet();
}

TEST_P(Devices, AKickedPeerThatKeepsItsConnectionIsLetGoAfterTheLinger) {
  const std::string path = temporary_file("linger.txt", "alice master app master\n");
  GatewayProcess& gateway =
      start({"--auth=token-file", "--token-file=" + path, "--linger-timeout=50ms"});
  TestPeer control = online(gateway.address(), "alice", device("a", "master"));
  const size_t descriptors = gateway.open_descriptors();
  TestPeer newcomer = online(gateway.address(), "alice", device("b", "master"));
  EXPECT_EQ(control.expect<DisconnectPacket>().reason, Reason::ConnectKick);
  control.expect_eof();
  // It never closes, and still its descriptor comes back.
  EXPECT_TRUE(eventually([&] { return gateway.open_descriptors() == descriptors; }));
}

TEST_P(Devices, OnlineAndOfflineAreToldOncePerUid) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  {
    TestPeer app = online(gateway.address(), "alice", device("1", ""));
    TestPeer web = online(gateway.address(), "alice", device("2", "", DeviceFlag::Web));
    TestPeer pc = online(gateway.address(), "alice", device("3", "", DeviceFlag::Pc));
    // Replaced: alice does not go offline in between.
    TestPeer again = online(gateway.address(), "alice", device("1", ""));
    app.expect_eof();
  }
  gateway.wait_for_log("offline", {{"uid", "alice"}});
  { TestPeer app = online(gateway.address(), "alice", device("1", "")); }
  gateway.wait_for_log("offline", {{"uid", "alice"}}, 2);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(gateway.log("online", {{"uid", "alice"}}).size(), 2U);
  EXPECT_EQ(gateway.log("offline", {{"uid", "alice"}}).size(), 2U);
}

TEST_P(Devices, TheDrainTakesEveryUidOffline) {
  GatewayProcess& gateway = start({"--balance=round_robin"});
  std::vector<TestPeer> peers;
  for (int i = 0; i < 20; ++i) {
    const std::string uid = "u" + std::to_string(i / 2);
    peers.push_back(online(gateway.address(), uid, device(std::to_string(i), "")));
  }
  gateway.send_signal(SIGTERM);
  for (TestPeer& peer : peers) {
    peer.expect_eof();
    peer.close();
  }
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_EQ(gateway.log("online").size(), 10U);
  EXPECT_EQ(gateway.log("offline").size(), 10U);
}

}  // namespace
}  // namespace sluice
