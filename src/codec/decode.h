// Reads a frame's body into the struct of its packet, for both directions: gateway, clients, tests.
//
// Pure: no allocation, no copy; the views in `out` point into the frame's body. The frame must be
// of the packet's type. `version` is the connection's negotiated one, 1 to kProtocolVersionMax
// (CONNECT, which comes before it, ignores it). Bytes behind the last field are ignored, as newer
// peers may add fields. What the fields mean, and whether strings are UTF-8, is the session's
// business. On an error `out` is partly written and not to be used. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/frame.h"
#include "codec/packets.h"

namespace sluice {

enum class DecodeStatus : uint8_t {
  Ok,
  Truncated,     // the body ends inside the field
  FieldTooLong,  // a string over its bound in bounds.h
  BadString,     // a string length of 0x8000 or more
};

struct DecodeResult {
  DecodeStatus status = DecodeStatus::Ok;
  std::string_view field;  // the first field that failed, static text for logs; empty on Ok

  bool ok() const { return status == DecodeStatus::Ok; }
};

[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, ConnectPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, ConnackPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, SendPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, SendackPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, RecvPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, RecvackPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, DisconnectPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, SubPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, SubackPacket& out);
[[nodiscard]] DecodeResult decode(const Frame& frame, uint8_t version, EventPacket& out);

// The enumerator's name, for logs and counters.
std::string_view name_of(DecodeStatus status);

}  // namespace sluice
