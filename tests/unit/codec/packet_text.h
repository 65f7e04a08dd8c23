// Every field of a packet as one line of text, so that a test compares two packets with EXPECT_EQ
// and its failure names the field. Tests only.
#pragma once

#include <cstddef>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "codec/packets.h"
#include "hex.h"

namespace sluice::test {

class FieldList {
 public:
  template <class Value>
  FieldList& add(std::string_view name, Value value) {
    out_ << name << '=';
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      out_ << '"' << hex_from_bytes(std::as_bytes(std::span(std::string_view(value)))) << '"';
    } else if constexpr (std::is_same_v<Value, Bytes>) {
      out_ << '[' << hex_from_bytes(value) << ']';
    } else if constexpr (sizeof(Value) == 1) {
      out_ << static_cast<int>(value);
    } else {
      out_ << value;
    }
    out_ << ' ';
    return *this;
  }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

inline std::string text_of_packet(const ConnectPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("version", p.version)
      .add("device_flag", p.device_flag)
      .add("device_id", p.device_id)
      .add("uid", p.uid)
      .add("token", p.token)
      .add("client_timestamp_ms", p.client_timestamp_ms)
      .add("client_key", p.client_key)
      .text();
}

inline std::string text_of_packet(const ConnackPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("server_version", p.server_version)
      .add("time_diff_ms", p.time_diff_ms)
      .add("reason", p.reason)
      .add("server_key", p.server_key)
      .add("salt", p.salt)
      .add("node_id", p.node_id)
      .text();
}

inline std::string text_of_packet(const SendPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("setting", p.setting)
      .add("client_seq", p.client_seq)
      .add("client_msg_no", p.client_msg_no)
      .add("stream_no", p.stream_no)
      .add("channel_id", p.channel_id)
      .add("channel_type", p.channel_type)
      .add("expire_s", p.expire_s)
      .add("msg_key", p.msg_key)
      .add("topic", p.topic)
      .add("payload", p.payload)
      .text();
}

inline std::string text_of_packet(const SendackPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("message_id", p.message_id)
      .add("client_seq", p.client_seq)
      .add("message_seq", p.message_seq)
      .add("reason", p.reason)
      .text();
}

inline std::string text_of_packet(const RecvPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("setting", p.setting)
      .add("msg_key", p.msg_key)
      .add("from_uid", p.from_uid)
      .add("channel_id", p.channel_id)
      .add("channel_type", p.channel_type)
      .add("expire_s", p.expire_s)
      .add("client_msg_no", p.client_msg_no)
      .add("stream_flag", p.stream_flag)
      .add("stream_no", p.stream_no)
      .add("stream_id", p.stream_id)
      .add("message_id", p.message_id)
      .add("message_seq", p.message_seq)
      .add("timestamp_s", p.timestamp_s)
      .add("topic", p.topic)
      .add("payload", p.payload)
      .text();
}

inline std::string text_of_packet(const RecvackPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("message_id", p.message_id)
      .add("message_seq", p.message_seq)
      .text();
}

inline std::string text_of_packet(const DisconnectPacket& p) {
  return FieldList().add("flags", p.flags).add("reason", p.reason).add("text", p.text).text();
}

inline std::string text_of_packet(const SubPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("setting", p.setting)
      .add("sub_no", p.sub_no)
      .add("channel_id", p.channel_id)
      .add("channel_type", p.channel_type)
      .add("action", p.action)
      .add("param", p.param)
      .text();
}

inline std::string text_of_packet(const SubackPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("sub_no", p.sub_no)
      .add("channel_id", p.channel_id)
      .add("channel_type", p.channel_type)
      .add("action", p.action)
      .add("reason", p.reason)
      .text();
}

inline std::string text_of_packet(const EventPacket& p) {
  return FieldList()
      .add("flags", p.flags)
      .add("id", p.id)
      .add("type", p.type)
      .add("timestamp_ms", p.timestamp_ms)
      .add("data", p.data)
      .text();
}

// Bytes of the field that takes all that is left of the body; 0 for packets without one.
inline size_t rest_size(const SendPacket& p) { return p.payload.size(); }
inline size_t rest_size(const RecvPacket& p) { return p.payload.size(); }
inline size_t rest_size(const EventPacket& p) { return p.data.size(); }
template <class Packet>
size_t rest_size(const Packet&) {
  return 0;
}

}  // namespace sluice::test
