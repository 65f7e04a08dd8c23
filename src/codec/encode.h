// Writes packets as whole frames, header and body, into memory the caller owns.
//
// encoded_size() says how much room a packet needs, encode() fills exactly that much from the start
// of `out` and returns it. Room that is too small, a string over kStrBytesMax or a body whose
// length wkproto cannot write is our own bug and aborts. `version` is the connection's negotiated
// one. Pure: no allocation, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "codec/frame.h"
#include "codec/packets.h"

namespace sluice {

size_t encoded_size(const ConnectPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const ConnackPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const SendPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const SendackPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const RecvPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const RecvackPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const DisconnectPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const SubPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const SubackPacket& packet, Framing framing, uint8_t version);
size_t encoded_size(const EventPacket& packet, Framing framing, uint8_t version);

size_t encode(const ConnectPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const ConnackPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const SendPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const SendackPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const RecvPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const RecvackPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const DisconnectPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const SubPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const SubackPacket& packet, Framing framing, uint8_t version, MutableBytes out);
size_t encode(const EventPacket& packet, Framing framing, uint8_t version, MutableBytes out);

// PING and PONG: one byte in wkproto, six in frame6. kFrameHeaderBytesMax is always room enough.
inline size_t encode_ping(Framing framing, MutableBytes out) {
  return encode_frame_header(framing, PacketType::Ping, 0, 0, out);
}
inline size_t encode_pong(Framing framing, MutableBytes out) {
  return encode_frame_header(framing, PacketType::Pong, 0, 0, out);
}

// The distinct bodies a RECV has over the versions. A fan-out encodes a message once per framing
// and form and lends the bytes to all receivers that share them.
enum class RecvForm : uint8_t {
  Base,          // version 1, and 2 without stream fields
  Stream,        // version 2 with stream fields
  Expire,        // version 5, and 3 and 4 without stream fields
  ExpireStream,  // versions 3 and 4 with stream fields
};
inline constexpr size_t kRecvForms = 4;

// The form of a RECV with this setting byte for a receiver of this version: equal forms (and equal
// framings) mean equal bytes.
constexpr RecvForm recv_form(uint8_t version, uint8_t setting) {
  if (has_stream_fields(version, setting)) {
    return has_expire(version) ? RecvForm::ExpireStream : RecvForm::Stream;
  }
  return has_expire(version) ? RecvForm::Expire : RecvForm::Base;
}

}  // namespace sluice
