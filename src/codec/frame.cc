#include "codec/frame.h"

namespace sluice {
namespace {

FrameResult failure(FrameStatus status) { return {status, {}, 0}; }
FrameResult need_more(size_t bytes) { return {FrameStatus::NeedMore, {}, bytes}; }

bool is_packet_type(uint8_t number) {
  return number >= static_cast<uint8_t>(PacketType::Connect) &&
         number <= static_cast<uint8_t>(PacketType::Event);
}

// The header is known: waits for the body or cuts it off.
FrameResult cut(PacketType type, uint8_t flags, size_t header_bytes, size_t body_bytes, Bytes in) {
  const size_t size = header_bytes + body_bytes;
  if (in.size() < size) return need_more(size);
  const uint8_t kept = is_heartbeat(type) ? uint8_t{0} : static_cast<uint8_t>(flags & kFlagsMask);
  return {FrameStatus::Ok, {type, kept, in.subspan(header_bytes, body_bytes), size}, 0};
}

FrameResult decode_wkproto(Bytes in, uint32_t body_bytes_max) {
  if (in.empty()) return need_more(1);
  const auto first = std::to_integer<uint8_t>(in[0]);
  const auto number = static_cast<uint8_t>(first >> 4);
  if (!is_packet_type(number)) return failure(FrameStatus::BadType);
  const auto type = static_cast<PacketType>(number);
  if (is_heartbeat(type)) return cut(type, first, 1, 0, in);

  const Varint length = read_varint(in.subspan(1));
  switch (length.status) {
    case VarintStatus::NeedMore:
      return need_more(in.size() + 1);
    case VarintStatus::TooLong:
      return failure(FrameStatus::BadLength);
    case VarintStatus::Ok:
      break;
  }
  if (length.value > body_bytes_max) return failure(FrameStatus::TooLarge);
  return cut(type, first, 1 + length.size, length.value, in);
}

FrameResult decode_frame6(Bytes in, uint32_t body_bytes_max) {
  if (in.empty()) return need_more(kFrame6HeaderBytes);
  const auto number = std::to_integer<uint8_t>(in[0]);
  if (!is_packet_type(number)) return failure(FrameStatus::BadType);
  if (in.size() < kFrame6HeaderBytes) return need_more(kFrame6HeaderBytes);
  const uint32_t body_bytes = load_be32(in.data() + 2);
  if (body_bytes > body_bytes_max) return failure(FrameStatus::TooLarge);
  const auto flags = std::to_integer<uint8_t>(in[1]);
  return cut(static_cast<PacketType>(number), flags, kFrame6HeaderBytes, body_bytes, in);
}

}  // namespace

// Stop 5 of 7: bytes become a frame, and its body a packet view (decode.cc), without a copy.
FrameResult decode_frame(Framing framing, Bytes in, uint32_t body_bytes_max) {
  SLUICE_CHECK(framing != Framing::Unknown, "sniff() told no framing to decode with");
  return framing == Framing::Wkproto ? decode_wkproto(in, body_bytes_max)
                                     : decode_frame6(in, body_bytes_max);
}

Framing sniff(std::byte first) {
  const auto byte = std::to_integer<uint8_t>(first);
  // A CONNECT of wkproto has its type in the upper half and any flags; frame6's is the type alone.
  if (byte >> 4 == static_cast<uint8_t>(PacketType::Connect)) return Framing::Wkproto;
  if (byte == static_cast<uint8_t>(PacketType::Connect)) return Framing::Frame6;
  return Framing::Unknown;
}

std::string_view name_of(PacketType type) {
  switch (type) {
    case PacketType::Connect:
      return "CONNECT";
    case PacketType::Connack:
      return "CONNACK";
    case PacketType::Send:
      return "SEND";
    case PacketType::Sendack:
      return "SENDACK";
    case PacketType::Recv:
      return "RECV";
    case PacketType::Recvack:
      return "RECVACK";
    case PacketType::Ping:
      return "PING";
    case PacketType::Pong:
      return "PONG";
    case PacketType::Disconnect:
      return "DISCONNECT";
    case PacketType::Sub:
      return "SUB";
    case PacketType::Suback:
      return "SUBACK";
    case PacketType::Event:
      return "EVENT";
  }
  return "UNASSIGNED";
}

std::string_view name_of(Framing framing) {
  switch (framing) {
    case Framing::Wkproto:
      return "wkproto";
    case Framing::Frame6:
      return "frame6";
    case Framing::Unknown:
      break;
  }
  return "unknown";
}

}  // namespace sluice
