// The fixture of every test against the real program: runs it on each poller of the list.
//
// start() gives a gateway with the poller's flag. After the test each gateway that still runs is
// stopped and must end with 0, and no connection may have ended twice in its log. Peers live in the
// test's body, so they are gone by then. SLUICE_GATEWAY_SUITE instantiates a suite for the pollers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/e2e/gateway_process.h"
#include "support/e2e/poller_specs.h"
#include "support/e2e/test_peer.h"

namespace sluice {

class GatewayTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The spec that start() gives; a test may set another of the same poller before.
  std::string poller;
  // A gateway with these flags; see GatewayProcess for those it has besides.
  GatewayProcess& start(std::vector<std::string> flags = {},
                        const ChildProcess::Surroundings& surroundings = {}, Here here = Here());

 private:
  std::vector<std::unique_ptr<GatewayProcess>> gateways_;
};

// What `sluice check` says about a poller, asked once: "" when it can be used.
const std::string& objection_to(std::string_view spec);

// How often these connections ended for that reason, by the log so far: whatever their number.
size_t closes(GatewayProcess& gateway, std::string_view reason);
// Waits for the end of this peer's connection in the log, which must have that reason.
LogLine expect_close(GatewayProcess& gateway, const TestPeer& peer, std::string_view reason,
                     Here here = Here());

// The directory of the test program's temporary files; made when first asked for, removed at exit.
std::string temporary_file(std::string_view name, std::string_view content);

}  // namespace sluice

// Once per suite, behind its tests.
#define SLUICE_GATEWAY_SUITE(suite)                   \
  INSTANTIATE_TEST_SUITE_P(                           \
      Poller, suite, testing::ValuesIn(kPollerSpecs), \
      [](const testing::TestParamInfo<std::string_view>& i) { return test_name_of(i.param); })
