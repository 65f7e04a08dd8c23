// Frames of a gateway as short lines, so that a test says in one list what a client heard.
//
//   "CONNACK Success"   "SENDACK 7 Success seq 1"   "RECV alice in room: hello seq 1"
//   "PONG"   "SUBACK s1 room Success"   "DISCONNECT ConnectKick"
//
// The fields that a line leaves out are for typed checks, see packets_of(). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame.h"
#include "codec/packets.h"

namespace sluice::test {

template <typename Packet>
Packet packet_of(const Frame& frame, uint8_t version) {
  Packet packet;
  SLUICE_CHECK(decode(frame, version, packet).ok(), "a gateway's packet can be decoded");
  return packet;
}

// Calls visit(const Frame&) for each whole frame in `bytes`; returns the bytes of them all.
template <typename Visit>
size_t for_each_frame(Framing framing, Bytes bytes, Visit visit) {
  size_t used = 0;
  while (used < bytes.size()) {
    const FrameResult result = decode_frame(framing, bytes.subspan(used), kFrameBodyBytesMax);
    if (result.status == FrameStatus::NeedMore) break;
    SLUICE_CHECK(result.status == FrameStatus::Ok, "a gateway's frame can be decoded");
    used += result.frame.size;
    visit(result.frame);
  }
  return used;
}

// Every packet of one type among the frames, in order; views into `bytes`.
template <typename Packet>
std::vector<Packet> packets_of(Framing framing, uint8_t version, Bytes bytes) {
  std::vector<Packet> packets;
  for_each_frame(framing, bytes, [&](const Frame& frame) {
    if (frame.type == Packet::kType) packets.push_back(packet_of<Packet>(frame, version));
  });
  return packets;
}

// std::string_view is not absl's; a short name for the way over.
inline std::string word(std::string_view text) { return std::string(text); }

inline std::string line_of(const Frame& frame, uint8_t version) {
  switch (frame.type) {
    case PacketType::Connack:
      return "CONNACK " + word(name_of(packet_of<ConnackPacket>(frame, version).reason));
    case PacketType::Sendack: {
      const auto ack = packet_of<SendackPacket>(frame, version);
      return absl::StrCat("SENDACK ", ack.client_seq, " ", word(name_of(ack.reason)), " seq ",
                          ack.message_seq);
    }
    case PacketType::Recv: {
      const auto recv = packet_of<RecvPacket>(frame, version);
      return absl::StrCat("RECV ", word(recv.from_uid), " in ", word(recv.channel_id), ": ",
                          word(text_of(recv.payload)), " seq ", recv.message_seq);
    }
    case PacketType::Suback: {
      const auto ack = packet_of<SubackPacket>(frame, version);
      return absl::StrCat("SUBACK ", word(ack.sub_no), " ", word(ack.channel_id), " ",
                          word(name_of(ack.reason)));
    }
    case PacketType::Disconnect:
      return "DISCONNECT " + word(name_of(packet_of<DisconnectPacket>(frame, version).reason));
    default:
      return word(name_of(frame.type));
  }
}

// A packet as the bytes of one frame.
template <typename Packet>
std::vector<std::byte> frame_bytes(const Packet& packet, Framing framing, uint8_t version) {
  std::vector<std::byte> bytes(encoded_size(packet, framing, version));
  encode(packet, framing, version, bytes);
  return bytes;
}

inline std::vector<std::byte> ping_bytes(Framing framing) {
  std::vector<std::byte> bytes(kFrameHeaderBytesMax);
  bytes.resize(encode_ping(framing, bytes));
  return bytes;
}

inline ConnectPacket connect_as(std::string_view uid, uint8_t version = 5) {
  ConnectPacket connect;
  connect.version = version;
  connect.uid = uid;
  connect.device_id = "phone";
  return connect;
}

inline SendPacket send_to(std::string_view channel_id, std::string_view text,
                          uint32_t client_seq = 1, ChannelType type = ChannelType::Person) {
  SendPacket send;
  send.channel_id = channel_id;
  send.channel_type = type;
  send.client_seq = client_seq;
  send.payload = bytes_of(text);
  return send;
}

inline SubPacket subscribe_to(std::string_view channel_id,
                              SubAction action = SubAction::Subscribe) {
  SubPacket sub;
  sub.sub_no = "s1";
  sub.channel_id = channel_id;
  sub.channel_type = ChannelType::Group;
  sub.action = action;
  return sub;
}

}  // namespace sluice::test
