// The packets, one plain struct each, in the order of their fields on the wire.
//
// Strings and payloads are views: into the frame they were decoded from, or into whatever the
// encoder was handed. A struct owns nothing and outlives nothing. Which of the fields travel
// depends on the version and on the setting byte; those absent stay at their default. Strings are
// not checked to be UTF-8 (see utf8.h). PING and PONG have no body and no struct. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "codec/frame.h"
#include "codec/reason.h"

namespace sluice {

// Bits of the setting byte of SEND, RECV and SUB.
inline constexpr uint8_t kSettingReceipt = 0x80;
inline constexpr uint8_t kSettingSignal = 0x20;
inline constexpr uint8_t kSettingNoEncrypt = 0x10;  // the payload is in clear, msg_key is empty
inline constexpr uint8_t kSettingTopic = 0x08;      // a topic follows
inline constexpr uint8_t kSettingStream = 0x02;     // stream fields follow, in versions 2 to 4

// Any number may arrive in these enums; the named ones are those the protocol gives a meaning.
enum class DeviceFlag : uint8_t { App = 0, Web = 1, Pc = 2, System = 99 };
enum class DeviceLevel : uint8_t { Slave = 0, Master = 1 };  // never travels in these packets
enum class ChannelType : uint8_t {
  Person = 1,
  Group = 2,
  CustomerService = 3,
  Community = 4,
  CommunityTopic = 5,
  Info = 6,
  Data = 7,
  Temp = 8,
  Live = 9,
};
enum class StreamFlag : uint8_t { Start = 0, Ongoing = 1, End = 2 };
enum class SubAction : uint8_t { Subscribe = 0, Unsubscribe = 1 };

// Presence of the fields that came and went with the versions.
constexpr bool has_stream_fields(uint8_t version, uint8_t setting) {
  return version >= 2 && version < 5 && (setting & kSettingStream) != 0;
}
constexpr bool has_expire(uint8_t version) { return version >= 3; }
constexpr bool has_topic(uint8_t setting) { return (setting & kSettingTopic) != 0; }
constexpr bool has_node_id(uint8_t version) { return version >= 4; }

struct ConnectPacket {
  static constexpr PacketType kType = PacketType::Connect;
  uint8_t flags = 0;
  uint8_t version = 0;  // the client's own, not yet bounded by ours
  DeviceFlag device_flag = DeviceFlag::App;
  std::string_view device_id;
  std::string_view uid;
  std::string_view token;
  int64_t client_timestamp_ms = 0;
  std::string_view client_key;  // base64 X25519 public key, or empty: no encryption
};

struct ConnackPacket {
  static constexpr PacketType kType = PacketType::Connack;
  uint8_t flags = 0;           // kFlagHasServerVersion decides whether the next field travels
  uint8_t server_version = 0;  // with that flag only
  int64_t time_diff_ms = 0;    // server's clock minus the client's
  Reason reason = Reason::Unknown;
  std::string_view server_key;  // base64 X25519 public key
  std::string_view salt;        // AES IV, as characters
  uint64_t node_id = 0;         // version 4 and later
};

struct SendPacket {
  static constexpr PacketType kType = PacketType::Send;
  uint8_t flags = 0;
  uint8_t setting = 0;
  uint32_t client_seq = 0;
  std::string_view client_msg_no;
  std::string_view stream_no;  // has_stream_fields
  std::string_view channel_id;
  ChannelType channel_type = ChannelType::Person;
  uint32_t expire_s = 0;  // version 3 and later
  std::string_view msg_key;
  std::string_view topic;  // has_topic
  Bytes payload;
};

struct SendackPacket {
  static constexpr PacketType kType = PacketType::Sendack;
  uint8_t flags = 0;  // those of the SEND
  int64_t message_id = 0;
  uint32_t client_seq = 0;
  uint32_t message_seq = 0;
  Reason reason = Reason::Unknown;
};

struct RecvPacket {
  static constexpr PacketType kType = PacketType::Recv;
  uint8_t flags = 0;  // those of the SEND
  uint8_t setting = 0;
  std::string_view msg_key;
  std::string_view from_uid;
  std::string_view channel_id;
  ChannelType channel_type = ChannelType::Person;
  uint32_t expire_s = 0;  // version 3 and later
  std::string_view client_msg_no;
  StreamFlag stream_flag = StreamFlag::Start;  // has_stream_fields, and the next two
  std::string_view stream_no;
  uint64_t stream_id = 0;
  int64_t message_id = 0;
  uint32_t message_seq = 0;
  int32_t timestamp_s = 0;  // the server's clock, Unix time
  std::string_view topic;   // has_topic
  Bytes payload;
};

struct RecvackPacket {
  static constexpr PacketType kType = PacketType::Recvack;
  uint8_t flags = 0;
  int64_t message_id = 0;
  uint32_t message_seq = 0;
};

struct DisconnectPacket {
  static constexpr PacketType kType = PacketType::Disconnect;
  uint8_t flags = 0;
  Reason reason = Reason::Unknown;
  std::string_view text;  // the wire's "reason": a sentence for a human
};

struct SubPacket {
  static constexpr PacketType kType = PacketType::Sub;
  uint8_t flags = 0;
  uint8_t setting = 0;
  std::string_view sub_no;
  std::string_view channel_id;
  ChannelType channel_type = ChannelType::Person;
  SubAction action = SubAction::Subscribe;
  std::string_view param;
};

struct SubackPacket {
  static constexpr PacketType kType = PacketType::Suback;
  uint8_t flags = 0;
  std::string_view sub_no;
  std::string_view channel_id;
  ChannelType channel_type = ChannelType::Person;
  SubAction action = SubAction::Subscribe;
  Reason reason = Reason::Unknown;
};

struct EventPacket {
  static constexpr PacketType kType = PacketType::Event;
  uint8_t flags = 0;
  std::string_view id;
  std::string_view type;
  int64_t timestamp_ms = 0;
  Bytes data;
};

}  // namespace sluice
