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

// The longest header: frame6's type, flags and u32. wkproto's is 1 + 4 bytes at most.
inline constexpr size_t kFrameHeaderBytesMax = 6;

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

// Bytes of the header in front of a body of `body_bytes`, 1 to kFrameHeaderBytesMax.
size_t frame_header_size(Framing framing, PacketType type, size_t body_bytes);

// Writes that header to the start of `out`, which must have room; returns its bytes.
size_t encode_frame_header(Framing framing, PacketType type, uint8_t flags, size_t body_bytes,
                           MutableBytes out);

// Tells from the first byte of a connection which framing a CONNECT in it would have. Ask once:
// later frames may start with any byte.
Framing sniff(std::byte first);

// "CONNECT", "SENDACK"…; "UNASSIGNED" for a number no packet has.
std::string_view name_of(PacketType type);

// "wkproto", "frame6", "unknown".
std::string_view name_of(Framing framing);

}  // namespace sluice
