#include "session/close_reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <tuple>
#include <vector>

namespace sluice {
namespace {

TEST(CloseReason, HasANameAndALevelEach) {
  const std::vector<std::tuple<CloseReason, std::string_view, LogLevel>> expected{
      {CloseReason::PeerClosed, "peer_closed", LogLevel::Info},
      {CloseReason::PeerReset, "peer_reset", LogLevel::Info},
      {CloseReason::Idle, "idle", LogLevel::Info},
      {CloseReason::AuthTimeout, "auth_timeout", LogLevel::Info},
      {CloseReason::AuthFailed, "auth_failed", LogLevel::Warn},
      {CloseReason::ProtocolError, "protocol_error", LogLevel::Warn},
      {CloseReason::InboundOverflow, "inbound_overflow", LogLevel::Warn},
      {CloseReason::SlowConsumer, "slow_consumer", LogLevel::Warn},
      {CloseReason::Kicked, "kicked", LogLevel::Info},
      {CloseReason::Replaced, "replaced", LogLevel::Info},
      {CloseReason::Drain, "drain", LogLevel::Info},
      {CloseReason::Internal, "internal", LogLevel::Error},
  };
  std::set<CloseReason> seen;
  for (const auto& [reason, name, level] : expected) {
    EXPECT_EQ(name_of(reason), name);
    EXPECT_EQ(log_level_of(reason), level) << name;
    seen.insert(reason);
  }
  EXPECT_EQ(seen.size(), kCloseReasons);
}

}  // namespace
}  // namespace sluice
