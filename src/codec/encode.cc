#include "codec/encode.h"

#include "base/check.h"
#include "codec/writer.h"

// put() lists the fields of a packet in the order of the wire, for a Sizer and for a Writer alike.

namespace sluice {
namespace {

template <class Enum>
uint8_t u8_of(Enum value) {
  return static_cast<uint8_t>(value);
}

template <class Sink>
void put(Sink& sink, const ConnectPacket& p, uint8_t /*version*/) {
  sink.u8(p.version);
  sink.u8(u8_of(p.device_flag));
  sink.str(p.device_id);
  sink.str(p.uid);
  sink.str(p.token);
  sink.u64(static_cast<uint64_t>(p.client_timestamp_ms));
  sink.str(p.client_key);
}

template <class Sink>
void put(Sink& sink, const ConnackPacket& p, uint8_t version) {
  if ((p.flags & kFlagHasServerVersion) != 0) sink.u8(p.server_version);
  sink.u64(static_cast<uint64_t>(p.time_diff_ms));
  sink.u8(u8_of(p.reason));
  sink.str(p.server_key);
  sink.str(p.salt);
  if (has_node_id(version)) sink.u64(p.node_id);
}

template <class Sink>
void put(Sink& sink, const SendPacket& p, uint8_t version) {
  sink.u8(p.setting);
  sink.u32(p.client_seq);
  sink.str(p.client_msg_no);
  if (has_stream_fields(version, p.setting)) sink.str(p.stream_no);
  sink.str(p.channel_id);
  sink.u8(u8_of(p.channel_type));
  if (has_expire(version)) sink.u32(p.expire_s);
  sink.str(p.msg_key);
  if (has_topic(p.setting)) sink.str(p.topic);
  sink.rest(p.payload);
}

template <class Sink>
void put(Sink& sink, const SendackPacket& p, uint8_t /*version*/) {
  sink.u64(static_cast<uint64_t>(p.message_id));
  sink.u32(p.client_seq);
  sink.u32(p.message_seq);
  sink.u8(u8_of(p.reason));
}

template <class Sink>
void put(Sink& sink, const RecvPacket& p, uint8_t version) {
  sink.u8(p.setting);
  sink.str(p.msg_key);
  sink.str(p.from_uid);
  sink.str(p.channel_id);
  sink.u8(u8_of(p.channel_type));
  if (has_expire(version)) sink.u32(p.expire_s);
  sink.str(p.client_msg_no);
  if (has_stream_fields(version, p.setting)) {
    sink.u8(u8_of(p.stream_flag));
    sink.str(p.stream_no);
    sink.u64(p.stream_id);
  }
  sink.u64(static_cast<uint64_t>(p.message_id));
  sink.u32(p.message_seq);
  sink.u32(static_cast<uint32_t>(p.timestamp_s));
  if (has_topic(p.setting)) sink.str(p.topic);
  sink.rest(p.payload);
}

template <class Sink>
void put(Sink& sink, const RecvackPacket& p, uint8_t /*version*/) {
  sink.u64(static_cast<uint64_t>(p.message_id));
  sink.u32(p.message_seq);
}

template <class Sink>
void put(Sink& sink, const DisconnectPacket& p, uint8_t /*version*/) {
  sink.u8(u8_of(p.reason));
  sink.str(p.text);
}

template <class Sink>
void put(Sink& sink, const SubPacket& p, uint8_t /*version*/) {
  sink.u8(p.setting);
  sink.str(p.sub_no);
  sink.str(p.channel_id);
  sink.u8(u8_of(p.channel_type));
  sink.u8(u8_of(p.action));
  sink.str(p.param);
}

template <class Sink>
void put(Sink& sink, const SubackPacket& p, uint8_t /*version*/) {
  sink.str(p.sub_no);
  sink.str(p.channel_id);
  sink.u8(u8_of(p.channel_type));
  sink.u8(u8_of(p.action));
  sink.u8(u8_of(p.reason));
}

template <class Sink>
void put(Sink& sink, const EventPacket& p, uint8_t /*version*/) {
  sink.str(p.id);
  sink.str(p.type);
  sink.u64(static_cast<uint64_t>(p.timestamp_ms));
  sink.rest(p.data);
}

template <class Packet>
size_t body_size(const Packet& packet, uint8_t version) {
  Sizer sizer;
  put(sizer, packet, version);
  return sizer.size();
}

template <class Packet>
size_t size_of_frame(const Packet& packet, Framing framing, uint8_t version) {
  const size_t body_bytes = body_size(packet, version);
  return frame_header_size(framing, Packet::kType, body_bytes) + body_bytes;
}

template <class Packet>
size_t encode_packet(const Packet& packet, Framing framing, uint8_t version, MutableBytes out) {
  const size_t body_bytes = body_size(packet, version);
  const size_t header_bytes =
      encode_frame_header(framing, Packet::kType, packet.flags, body_bytes, out);
  const size_t size = header_bytes + body_bytes;
  SLUICE_CHECK(out.size() >= size, "no room for the frame's body");
  Writer writer(out.data() + header_bytes);
  put(writer, packet, version);
  SLUICE_DCHECK(writer.at() == out.data() + size, "Sizer and Writer disagree");
  return size;
}

}  // namespace

#define SLUICE_ENCODES(Packet)                                                              \
  size_t encoded_size(const Packet& packet, Framing framing, uint8_t version) {             \
    return size_of_frame(packet, framing, version);                                         \
  }                                                                                         \
  size_t encode(const Packet& packet, Framing framing, uint8_t version, MutableBytes out) { \
    return encode_packet(packet, framing, version, out);                                    \
  }

SLUICE_ENCODES(ConnectPacket)
SLUICE_ENCODES(ConnackPacket)
SLUICE_ENCODES(SendPacket)
SLUICE_ENCODES(SendackPacket)
SLUICE_ENCODES(RecvPacket)
SLUICE_ENCODES(RecvackPacket)
SLUICE_ENCODES(DisconnectPacket)
SLUICE_ENCODES(SubPacket)
SLUICE_ENCODES(SubackPacket)
SLUICE_ENCODES(EventPacket)
#undef SLUICE_ENCODES

}  // namespace sluice
