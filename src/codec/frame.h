// A frame: packet type, flags and body, cut out of a byte stream by one of two framings.
//
// It knows headers only; decode.h reads what the body says. decode_frame() is pure: it keeps no
// state between calls, copies nothing and never reads past `in`. A Frame's body points into the
// bytes it was cut from and lives as long as they do. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/varint.h"

namespace sluice {

// What the peer speaks; told by its first byte, see sniff(). Unknown is no framing to decode with.
enum class Framing : uint8_t { Unknown, Wkproto, Frame6 };

// The numbers of the wire.
enum class PacketType : uint8_t {
  Connect = 1,
  Connack = 2,
  Send = 3,
  Sendack = 4,
  Recv = 5,
  Recvack = 6,
  Ping = 7,
  Pong = 8,
  Disconnect = 9,
  Sub = 10,
  Suback = 11,
  Event = 12,
};

// Header flags, four bits. All types but CONNACK share the first four; PING and PONG have none.
inline constexpr uint8_t kFlagDup = 8;
inline constexpr uint8_t kFlagSyncOnce = 4;
inline constexpr uint8_t kFlagRedDot = 2;
inline constexpr uint8_t kFlagNoPersist = 1;
// CONNACK only: the body starts with the server's version.
inline constexpr uint8_t kFlagHasServerVersion = 1;
// wkproto has four bits for flags; the upper half of frame6's flag byte is dropped at both ends.
inline constexpr uint8_t kFlagsMask = 0x0f;

// frame6's type, flags and u32; the longest header, as wkproto's is 1 + 4 bytes at most.
inline constexpr size_t kFrame6HeaderBytes = 6;
inline constexpr size_t kFrameHeaderBytesMax = kFrame6HeaderBytes;

struct Frame {
  PacketType type = PacketType::Ping;
  uint8_t flags = 0;  // kFlag… bits, 0 for PING and PONG whatever the peer set
  Bytes body;         // a view into the decoded bytes
  size_t size = 0;    // bytes on the wire, header and body: how far to advance
};

enum class FrameStatus : uint8_t {
  Ok,
  NeedMore,   // incomplete: nothing is consumed, come back with `need` bytes
  BadType,    // no packet has this number
  BadLength,  // the length itself is malformed
  TooLarge,   // the declared body is over the limit
};

struct FrameResult {
  FrameStatus status = FrameStatus::NeedMore;
  Frame frame;      // valid on Ok
  size_t need = 0;  // NeedMore: the whole frame's bytes, or while the header is cut, a lower bound
                    // of them that is greater than in.size()
};

// Cuts the first frame off `in`. Everything but Ok and NeedMore is final for the connection, and is
// told as soon as the header shows it. `framing` must be known.
[[nodiscard]] FrameResult decode_frame(Framing framing, Bytes in, uint32_t body_bytes_max);

// The one irregularity of wkproto: a heartbeat has no length byte at all.
constexpr bool is_heartbeat(PacketType type) {
  return type == PacketType::Ping || type == PacketType::Pong;
}

// Bytes of the header in front of a body of `body_bytes`, 1 to kFrameHeaderBytesMax. This one and
// the next are inline because their callers know the type: half of the work is decided there.
inline size_t frame_header_size(Framing framing, PacketType type, size_t body_bytes) {
  SLUICE_CHECK(framing != Framing::Unknown, "a frame needs a framing");
  SLUICE_CHECK(body_bytes <= kVarintMax, "no length of four bytes holds this body");
  if (framing == Framing::Frame6) return kFrame6HeaderBytes;
  if (is_heartbeat(type)) return 1;
  return 1 + varint_size(static_cast<uint32_t>(body_bytes));
}

// Writes that header to the start of `out`, which must have room; returns its bytes.
inline size_t encode_frame_header(Framing framing, PacketType type, uint8_t flags,
                                  size_t body_bytes, MutableBytes out) {
  const size_t size = frame_header_size(framing, type, body_bytes);
  SLUICE_CHECK(out.size() >= size, "no room for the frame header");
  const auto number = static_cast<uint8_t>(type);
  const auto kept = static_cast<uint8_t>(flags & kFlagsMask);
  if (framing == Framing::Frame6) {
    out[0] = std::byte{number};
    out[1] = std::byte{kept};
    store_be32(out.data() + 2, static_cast<uint32_t>(body_bytes));
    return size;
  }
  out[0] = static_cast<std::byte>(number << 4 | kept);
  if (!is_heartbeat(type)) write_varint(static_cast<uint32_t>(body_bytes), out.data() + 1);
  return size;
}

// Tells from the first byte of a connection which framing a CONNECT in it would have. Ask once:
// later frames may start with any byte.
Framing sniff(std::byte first);

// "CONNECT", "SENDACK"…; "UNASSIGNED" for a number no packet has.
std::string_view name_of(PacketType type);

// "wkproto", "frame6", "unknown".
std::string_view name_of(Framing framing);

}  // namespace sluice
