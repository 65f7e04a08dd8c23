// Silence has its limits: before CONNECT, and between two frames.
#include <gtest/gtest.h>

#include "support/e2e/gateway_test.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

class Timeout : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Timeout);

TEST_P(Timeout, AConnectionThatNeverSaysConnectIsClosed) {
  GatewayProcess& gateway = start({"--auth-timeout=1s"});
  TestPeer mute(gateway.address());
  TestPeer slow(gateway.address());
  slow.send_raw(encoded_connect("slow", {}).substr(0, 5));
  TestPeer quick = online(gateway.address(), "quick");
  mute.expect_eof();
  slow.expect_eof();
  expect_close(gateway, mute, "auth_timeout");
  expect_close(gateway, slow, "auth_timeout");
  quick.expect_quiet();
}

TEST_P(Timeout, ASilentConnectionIsClosedAndATalkingOneIsNot) {
  GatewayProcess& gateway = start({"--idle-timeout=1s"});
  TestPeer silent = online(gateway.address(), "silent");
  TestPeer talking = online(gateway.address(), "talking");
  // The talking one pings until the silent one's end is in the log.
  while (gateway.log("connection closed", {{"peer", silent.name()}}).empty()) {
    talking.expect_quiet();
    if (HasFailure()) return;
  }
  expect_close(gateway, silent, "idle");
  silent.expect_eof();
  talking.expect_quiet();
}

TEST_P(Timeout, APeerThatVanishedIsForgotten) {
  // Half open: it answers nothing, not even the FIN; the linger ends it.
  GatewayProcess& gateway = start({"--idle-timeout=100ms", "--linger-timeout=100ms"});
  const size_t descriptors = gateway.open_descriptors();
  TestPeer vanished = online(gateway.address(), "vanished");
  expect_close(gateway, vanished, "idle");
  gateway.wait_for_log("offline", {{"uid", "vanished"}});
  EXPECT_TRUE(eventually([&] { return gateway.open_descriptors() == descriptors; }));
}

}  // namespace
}  // namespace sluice
