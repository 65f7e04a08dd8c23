// --poller=auto where the preferred poller is refused: the gateway serves on the next one and says
// so, where operators look.
#include <gtest/gtest.h>

#include "support/e2e/admin_client.h"
#include "support/e2e/control_pair.h"
#include "support/e2e/gateway_test.h"
#include "support/system_call_filter.h"

namespace sluice {
namespace {

class PollerFallback : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string& objection = objection_to("auto"); !objection.empty()) {
      GTEST_SKIP() << "no --poller=auto here: " << objection;
    }
    const std::string pollers = run_sluice({"pollers"}).output;
    if (objection_to("uring") != "" || pollers.find("FAILED") != std::string::npos) {
      GTEST_SKIP() << "nothing to fall back from here: " << pollers;
    }
  }
};

void expect_fallback(void (*filter)(), std::string_view reason) {
  GatewayProcess gateway({"--poller=auto", "--admin=127.0.0.1:0"}, {.prepare = filter});
  ControlPair control(gateway);
  control.chat();
  EXPECT_EQ(gateway.wait_for_log("listening")[0]["poller"], "epoll");
  const std::string log = gateway.log_tail();
  EXPECT_NE(log.find("warn"), std::string::npos) << log;
  EXPECT_NE(log.find(reason), std::string::npos) << log;
  const std::string metrics = ask_admin(gateway.admin_address(), "/metrics").body;
  const size_t sample = metrics.find("\nsluice_poller_fallback{");
  ASSERT_NE(sample, std::string::npos) << metrics;
  const std::string line = metrics.substr(sample + 1, metrics.find('\n', sample + 1) - sample - 1);
  EXPECT_NE(line.find(reason), std::string::npos) << line;
  EXPECT_EQ(line.substr(line.rfind(' ')), " 1");
}

TEST_F(PollerFallback, ServesOnEpollWhereIoUringIsMissing) {
  expect_fallback([] { test::refuse_system_call(SYS_io_uring_setup, ENOSYS); },
                  "io_uring is missing");
}

TEST_F(PollerFallback, ServesOnEpollWhereIoUringIsForbidden) {
  expect_fallback([] { test::refuse_system_call(SYS_io_uring_setup, EPERM); },
                  "io_uring is forbidden");
}

TEST_F(PollerFallback, DoesNotHappenWhereNothingIsRefused) {
  GatewayProcess gateway({"--poller=auto", "--admin=127.0.0.1:0"});
  ControlPair control(gateway);
  control.chat();
  const std::string metrics = ask_admin(gateway.admin_address(), "/metrics").body;
  const size_t sample = metrics.find("\nsluice_poller_fallback{");
  ASSERT_NE(sample, std::string::npos) << metrics;
  const std::string line = metrics.substr(sample + 1, metrics.find('\n', sample + 1) - sample - 1);
  EXPECT_EQ(line.substr(line.rfind(' ')), " 0");
}

}  // namespace
}  // namespace sluice
