#include "codec/decode.h"

#include "base/check.h"
#include "codec/bounds.h"
#include "codec/reader.h"

// Each function lists the fields of its packet in the order of the wire, and nothing else.

namespace sluice {
namespace {

// The body of a frame that must be of this packet's type: dispatch is the caller's, so a wrong one
// is our bug.
template <class Packet>
Reader body_of(const Frame& frame, Packet& out) {
  SLUICE_DCHECK(frame.type == Packet::kType, "frame and packet are of different types");
  out = Packet{};
  out.flags = frame.flags;
  return Reader(frame.body);
}

}  // namespace

DecodeResult decode(const Frame& frame, uint8_t /*version*/, ConnectPacket& out) {
  Reader body = body_of(frame, out);
  out.version = body.u8("version");
  out.device_flag = body.u8_as<DeviceFlag>("deviceFlag");
  out.device_id = body.str("deviceID", kDeviceIdBytesMax);
  out.uid = body.str("uid", kUidBytesMax);
  out.token = body.str("token", kTokenBytesMax);
  out.client_timestamp_ms = body.i64("clientTimestamp");
  out.client_key = body.str("clientKey", kClientKeyBytesMax);
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t version, ConnackPacket& out) {
  Reader body = body_of(frame, out);
  if ((frame.flags & kFlagHasServerVersion) != 0) out.server_version = body.u8("serverVersion");
  out.time_diff_ms = body.i64("timeDiff");
  out.reason = body.u8_as<Reason>("reasonCode");
  out.server_key = body.str("serverKey", kServerKeyBytesMax);
  out.salt = body.str("salt", kSaltBytesMax);
  if (has_node_id(version)) out.node_id = body.u64("nodeId");
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t version, SendPacket& out) {
  Reader body = body_of(frame, out);
  out.setting = body.u8("setting");
  out.client_seq = body.u32("clientSeq");
  out.client_msg_no = body.str("clientMsgNo", kClientMsgNoBytesMax);
  if (has_stream_fields(version, out.setting)) {
    out.stream_no = body.str("streamNo", kStreamNoBytesMax);
  }
  out.channel_id = body.str("channelID", kChannelIdBytesMax);
  out.channel_type = body.u8_as<ChannelType>("channelType");
  if (has_expire(version)) out.expire_s = body.u32("expire");
  out.msg_key = body.str("msgKey", kMsgKeyBytesMax);
  if (has_topic(out.setting)) out.topic = body.str("topic", kTopicBytesMax);
  out.payload = body.rest();
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, SendackPacket& out) {
  Reader body = body_of(frame, out);
  out.message_id = body.i64("messageID");
  out.client_seq = body.u32("clientSeq");
  out.message_seq = body.u32("messageSeq");
  out.reason = body.u8_as<Reason>("reasonCode");
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t version, RecvPacket& out) {
  Reader body = body_of(frame, out);
  out.setting = body.u8("setting");
  out.msg_key = body.str("msgKey", kMsgKeyBytesMax);
  out.from_uid = body.str("fromUID", kUidBytesMax);
  out.channel_id = body.str("channelID", kChannelIdBytesMax);
  out.channel_type = body.u8_as<ChannelType>("channelType");
  if (has_expire(version)) out.expire_s = body.u32("expire");
  out.client_msg_no = body.str("clientMsgNo", kClientMsgNoBytesMax);
  if (has_stream_fields(version, out.setting)) {
    out.stream_flag = body.u8_as<StreamFlag>("streamFlag");
    out.stream_no = body.str("streamNo", kStreamNoBytesMax);
    out.stream_id = body.u64("streamId");
  }
  out.message_id = body.i64("messageID");
  out.message_seq = body.u32("messageSeq");
  out.timestamp_s = body.i32("timestamp");
  if (has_topic(out.setting)) out.topic = body.str("topic", kTopicBytesMax);
  out.payload = body.rest();
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, RecvackPacket& out) {
  Reader body = body_of(frame, out);
  out.message_id = body.i64("messageID");
  out.message_seq = body.u32("messageSeq");
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, DisconnectPacket& out) {
  Reader body = body_of(frame, out);
  out.reason = body.u8_as<Reason>("reasonCode");
  out.text = body.str("reason", kReasonBytesMax);
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, SubPacket& out) {
  Reader body = body_of(frame, out);
  out.setting = body.u8("setting");
  out.sub_no = body.str("subNo", kSubNoBytesMax);
  out.channel_id = body.str("channelID", kChannelIdBytesMax);
  out.channel_type = body.u8_as<ChannelType>("channelType");
  out.action = body.u8_as<SubAction>("action");
  out.param = body.str("param", kParamBytesMax);
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, SubackPacket& out) {
  Reader body = body_of(frame, out);
  out.sub_no = body.str("subNo", kSubNoBytesMax);
  out.channel_id = body.str("channelID", kChannelIdBytesMax);
  out.channel_type = body.u8_as<ChannelType>("channelType");
  out.action = body.u8_as<SubAction>("action");
  out.reason = body.u8_as<Reason>("reasonCode");
  return body.result();
}

DecodeResult decode(const Frame& frame, uint8_t /*version*/, EventPacket& out) {
  Reader body = body_of(frame, out);
  out.id = body.str("id", kEventIdBytesMax);
  out.type = body.str("type", kEventTypeBytesMax);
  out.timestamp_ms = body.i64("timestamp");
  out.data = body.rest();
  return body.result();
}

std::string_view name_of(DecodeStatus status) {
  switch (status) {
    case DecodeStatus::Ok:
      return "Ok";
    case DecodeStatus::Truncated:
      return "Truncated";
    case DecodeStatus::FieldTooLong:
      return "FieldTooLong";
    case DecodeStatus::BadString:
      return "BadString";
  }
  return "Unassigned";
}

}  // namespace sluice
