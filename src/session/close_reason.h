// Why a connection ended: exactly one reason each, counted, and logged once at a level fit for it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/log.h"

namespace sluice {

enum class CloseReason : uint8_t {
  PeerClosed,       // FIN or DISCONNECT: a normal goodbye
  PeerReset,        // RST, or a network error
  Idle,             // nothing received for the idle timeout
  AuthTimeout,      // no CONNECT in time
  AuthFailed,       // a refusing CONNACK was sent
  ProtocolError,    // bytes that no client of the protocol sends
  InboundOverflow,  // more undecoded bytes than the inbound limit
  SlowConsumer,  // reads too slowly: over the outbound limit, or too long over the high-water mark
  Kicked,        // a master device of the same kind took over
  Replaced,      // the same slave device connected again
  Drain,         // the gateway goes down
  Internal,      // our own fault, or out of some resource
};
inline constexpr size_t kCloseReasons = 12;

// The name in logs and metrics: "peer_closed", "auth_timeout" and so on.
constexpr std::string_view name_of(CloseReason reason) {
  constexpr std::array<std::string_view, kCloseReasons> kNames{
      "peer_closed",    "peer_reset",       "idle",          "auth_timeout", "auth_failed",
      "protocol_error", "inbound_overflow", "slow_consumer", "kicked",       "replaced",
      "drain",          "internal"};
  return kNames[static_cast<size_t>(reason)];
}

// Clients coming and going are information; clients misbehaving deserve a look; our own faults need
// one.
constexpr LogLevel log_level_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::AuthFailed:
    case CloseReason::ProtocolError:
    case CloseReason::InboundOverflow:
    case CloseReason::SlowConsumer:
      return LogLevel::Warn;
    case CloseReason::Internal:
      return LogLevel::Error;
    default:
      return LogLevel::Info;
  }
}

}  // namespace sluice
