// Random packets of every type: fields that do not travel in the asked version stay at their
// default, so that what comes back from a round trip must be equal. Tests only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "codec/bounds.h"
#include "codec/packets.h"

namespace sluice::test {

// A new seed each run, or SLUICE_TEST_SEED to repeat one. Tests print it when they fail.
inline uint64_t test_seed() {
  const char* wanted = std::getenv("SLUICE_TEST_SEED");
  if (wanted != nullptr) return std::strtoull(wanted, nullptr, 10);
  std::random_device device;
  return device();
}

class RandomPackets {
 public:
  explicit RandomPackets(uint64_t seed) : random_(seed) {}

  // The strings of the packets made so far; forget() ends their lives.
  void forget() { texts_.clear(); }

  uint64_t number() { return random_(); }
  uint64_t below(uint64_t bound) { return random_() % bound; }
  uint8_t byte() { return static_cast<uint8_t>(random_()); }
  uint32_t word() { return static_cast<uint32_t>(random_()); }

  // Mostly short, now and then empty or exactly at the bound.
  std::string_view text(size_t bytes_max) {
    const uint64_t kind = below(16);
    const size_t size = kind == 0   ? 0
                        : kind == 1 ? bytes_max
                                    : below(40 < bytes_max ? 40 : bytes_max);
    std::string& made = texts_.emplace_back(size, '\0');
    for (char& c : made) c = static_cast<char>(random_());
    return made;
  }
  Bytes bytes() { return std::as_bytes(std::span(text(2000))); }

  void fill(ConnectPacket& p, uint8_t version) {
    p.flags = flags();
    p.version = version;
    p.device_flag = DeviceFlag{byte()};
    p.device_id = text(kDeviceIdBytesMax);
    p.uid = text(kUidBytesMax);
    p.token = text(kTokenBytesMax);
    p.client_timestamp_ms = static_cast<int64_t>(number());
    p.client_key = text(kClientKeyBytesMax);
  }
  void fill(ConnackPacket& p, uint8_t version) {
    p.flags = flags();
    if ((p.flags & kFlagHasServerVersion) != 0) p.server_version = byte();
    p.time_diff_ms = static_cast<int64_t>(number());
    p.reason = Reason{byte()};
    p.server_key = text(kServerKeyBytesMax);
    p.salt = text(kSaltBytesMax);
    if (version >= 4) p.node_id = number();
  }
  void fill(SendPacket& p, uint8_t version) {
    p.flags = flags();
    p.setting = byte();
    p.client_seq = word();
    p.client_msg_no = text(kClientMsgNoBytesMax);
    if (carries_stream(version, p.setting)) p.stream_no = text(kStreamNoBytesMax);
    p.channel_id = text(kChannelIdBytesMax);
    p.channel_type = ChannelType{byte()};
    if (version >= 3) p.expire_s = word();
    p.msg_key = text(kMsgKeyBytesMax);
    if ((p.setting & kSettingTopic) != 0) p.topic = text(kTopicBytesMax);
    p.payload = bytes();
  }
  void fill(SendackPacket& p, uint8_t) {
    p.flags = flags();
    p.message_id = static_cast<int64_t>(number());
    p.client_seq = word();
    p.message_seq = word();
    p.reason = Reason{byte()};
  }
  void fill(RecvPacket& p, uint8_t version) {
    p.flags = flags();
    p.setting = byte();
    p.msg_key = text(kMsgKeyBytesMax);
    p.from_uid = text(kUidBytesMax);
    p.channel_id = text(kChannelIdBytesMax);
    p.channel_type = ChannelType{byte()};
    if (version >= 3) p.expire_s = word();
    p.client_msg_no = text(kClientMsgNoBytesMax);
    if (carries_stream(version, p.setting)) {
      p.stream_flag = StreamFlag{byte()};
      p.stream_no = text(kStreamNoBytesMax);
      p.stream_id = number();
    }
    p.message_id = static_cast<int64_t>(number());
    p.message_seq = word();
    p.timestamp_s = static_cast<int32_t>(word());
    if ((p.setting & kSettingTopic) != 0) p.topic = text(kTopicBytesMax);
    p.payload = bytes();
  }
  void fill(RecvackPacket& p, uint8_t) {
    p.flags = flags();
    p.message_id = static_cast<int64_t>(number());
    p.message_seq = word();
  }
  void fill(DisconnectPacket& p, uint8_t) {
    p.flags = flags();
    p.reason = Reason{byte()};
    p.text = text(kReasonBytesMax);
  }
  void fill(SubPacket& p, uint8_t) {
    p.flags = flags();
    p.setting = byte();
    p.sub_no = text(kSubNoBytesMax);
    p.channel_id = text(kChannelIdBytesMax);
    p.channel_type = ChannelType{byte()};
    p.action = SubAction{byte()};
    p.param = text(kParamBytesMax);
  }
  void fill(SubackPacket& p, uint8_t) {
    p.flags = flags();
    p.sub_no = text(kSubNoBytesMax);
    p.channel_id = text(kChannelIdBytesMax);
    p.channel_type = ChannelType{byte()};
    p.action = SubAction{byte()};
    p.reason = Reason{byte()};
  }
  void fill(EventPacket& p, uint8_t) {
    p.flags = flags();
    p.id = text(kEventIdBytesMax);
    p.type = text(kEventTypeBytesMax);
    p.timestamp_ms = static_cast<int64_t>(number());
    p.data = bytes();
  }

 private:
  uint8_t flags() { return byte() & kFlagsMask; }
  // Written out again, not taken from the code under test.
  static bool carries_stream(uint8_t version, uint8_t setting) {
    return version >= 2 && version <= 4 && (setting & 0x02) != 0;
  }

  std::mt19937_64 random_;
  std::deque<std::string> texts_;
};

// Calls visit.operator()<Packet>() for each packet that has a body.
template <class Visit>
void for_each_packet_type(Visit&& visit) {
  visit.template operator()<ConnectPacket>();
  visit.template operator()<ConnackPacket>();
  visit.template operator()<SendPacket>();
  visit.template operator()<SendackPacket>();
  visit.template operator()<RecvPacket>();
  visit.template operator()<RecvackPacket>();
  visit.template operator()<DisconnectPacket>();
  visit.template operator()<SubPacket>();
  visit.template operator()<SubackPacket>();
  visit.template operator()<EventPacket>();
}

}  // namespace sluice::test
