#include "codec/encode.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/bounds.h"
#include "hex.h"
#include "vectors.h"

namespace sluice {
namespace {

using test::bytes_from_hex;
using test::hex_from_bytes;

template <class Packet>
std::string encode_hex(const Packet& packet, Framing framing, uint8_t version) {
  std::vector<std::byte> bytes(encoded_size(packet, framing, version));
  EXPECT_EQ(encode(packet, framing, version, bytes), bytes.size());
  return hex_from_bytes(bytes);
}

TEST(Encode, WritesEveryVector) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& packet) {
    EXPECT_EQ(encode_hex(packet, Framing::Wkproto, version), hex);
  });
}

// The bodies are wkproto's; only the header is another: type, flags, four bytes of length.
TEST(Encode, WritesTheSameBodiesInFrame6) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& packet) {
    const std::string_view body = hex.substr(4);  // every vector is under 128 bytes
    const auto size = static_cast<uint8_t>(body.size() / 2);
    const std::byte header[] = {static_cast<std::byte>(packet.kType),
                                std::byte{packet.flags},
                                std::byte{0},
                                std::byte{0},
                                std::byte{0},
                                std::byte{size}};
    EXPECT_EQ(encode_hex(packet, Framing::Frame6, version),
              hex_from_bytes(header) + std::string(body));
  });
}

// The reference has no SUBACK vector; this one is written out by hand from the field table.
TEST(Encode, WritesSubackFieldByField) {
  SubackPacket packet;
  packet.sub_no = "n";
  packet.channel_id = "c";
  packet.channel_type = ChannelType::Data;
  packet.action = SubAction::Unsubscribe;
  packet.reason = Reason::Ban;
  EXPECT_EQ(encode_hex(packet, Framing::Wkproto, 5), "b00900016e000163070113");
}

TEST(Encode, WritesHeartbeats) {
  std::byte out[kFrameHeaderBytesMax];
  EXPECT_EQ(encode_ping(Framing::Wkproto, out), 1U);
  EXPECT_EQ(out[0], std::byte{0x70});
  EXPECT_EQ(encode_pong(Framing::Wkproto, out), 1U);
  EXPECT_EQ(out[0], std::byte{0x80});
  EXPECT_EQ(encode_ping(Framing::Frame6, out), 6U);
  EXPECT_EQ(hex_from_bytes(out), "070000000000");
  EXPECT_EQ(encode_pong(Framing::Frame6, out), 6U);
  EXPECT_EQ(hex_from_bytes(out), "080000000000");
}

TEST(Encode, WritesFieldsOnlyInTheirVersions) {
  constexpr Framing kWk = Framing::Wkproto;
  SendPacket plain;
  SendPacket stream;
  stream.setting = kSettingStream;
  RecvPacket recv;
  RecvPacket recv_stream;
  recv_stream.setting = kSettingStream;
  const ConnackPacket connack;
  for (uint8_t version = 1; version <= 5; ++version) {
    SCOPED_TRACE(static_cast<int>(version));
    const size_t expire = version >= 3 ? 4 : 0;
    const bool streams = version >= 2 && version <= 4;
    EXPECT_EQ(encoded_size(plain, kWk, version), 2U + 12 + expire);
    EXPECT_EQ(encoded_size(stream, kWk, version), 2U + 12 + expire + (streams ? 2 : 0));
    EXPECT_EQ(encoded_size(recv, kWk, version), 2U + 26 + expire);
    EXPECT_EQ(encoded_size(recv_stream, kWk, version), 2U + 26 + expire + (streams ? 11 : 0));
    EXPECT_EQ(encoded_size(connack, kWk, version), 2U + 13 + (version >= 4 ? 8 : 0));
  }
}

TEST(Encode, WritesATopicOnlyWithItsSettingBit) {
  SendPacket packet;
  packet.topic = "topic";
  const size_t without = encoded_size(packet, Framing::Wkproto, 5);
  packet.setting = kSettingTopic;
  EXPECT_EQ(encoded_size(packet, Framing::Wkproto, 5), without + 7);
}

TEST(Encode, WritesTheServerVersionOnlyWithItsFlag) {
  ConnackPacket packet;
  packet.server_version = 5;
  const size_t without = encoded_size(packet, Framing::Wkproto, 5);
  packet.flags = kFlagHasServerVersion;
  EXPECT_EQ(encoded_size(packet, Framing::Wkproto, 5), without + 1);
}

// What lets a fan-out share one encoding: two versions have equal bytes exactly if equal forms.
TEST(Encode, GivesEqualRecvFormsEqualBytes) {
  RecvPacket packet;
  packet.from_uid = "a";
  packet.channel_id = "b";
  packet.expire_s = 7;
  packet.stream_no = "s";
  packet.stream_id = 9;
  packet.payload = test::payload_of("P");
  for (const unsigned setting : {0x00U, 0x02U, 0x08U, 0xffU}) {
    packet.setting = static_cast<uint8_t>(setting);
    std::map<RecvForm, std::string> bytes_of_form;
    std::map<std::string, RecvForm> form_of_bytes;
    for (uint8_t version = 1; version <= 5; ++version) {
      const RecvForm form = recv_form(version, packet.setting);
      EXPECT_LT(static_cast<size_t>(form), kRecvForms);
      const std::string hex = encode_hex(packet, Framing::Wkproto, version);
      EXPECT_EQ(bytes_of_form.try_emplace(form, hex).first->second, hex);
      EXPECT_EQ(form_of_bytes.try_emplace(hex, form).first->second, form);
    }
    EXPECT_EQ(bytes_of_form.size(), (setting & kSettingStream) != 0 ? 4U : 2U);
  }
}

TEST(Encode, LeavesTheBytesBehindTheFrameAlone) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& packet) {
    std::vector<std::byte> bytes(hex.size() / 2 + 8, std::byte{0xee});
    const size_t size = encode(packet, Framing::Wkproto, version, bytes);
    EXPECT_EQ(hex_from_bytes(Bytes(bytes).subspan(size)), "eeeeeeeeeeeeeeee");
  });
}

TEST(Encode, CarriesAPayloadAtTheFrameLimit) {
  const std::string text(kFrameBodyBytesMax - 26, 'p');
  RecvPacket packet;
  packet.payload = bytes_of(text);
  std::vector<std::byte> bytes(encoded_size(packet, Framing::Wkproto, 1));
  EXPECT_EQ(bytes.size(), 4U + kFrameBodyBytesMax);
  encode(packet, Framing::Wkproto, 1, bytes);
  const FrameResult result = decode_frame(Framing::Wkproto, bytes, kFrameBodyBytesMax);
  EXPECT_EQ(result.status, FrameStatus::Ok);
  EXPECT_EQ(result.frame.body.size(), kFrameBodyBytesMax);
}

TEST(EncodeDeathTest, AbortsWithoutRoom) {
  RecvackPacket packet;
  std::vector<std::byte> bytes(encoded_size(packet, Framing::Wkproto, 5) - 1);
  EXPECT_DEATH(encode(packet, Framing::Wkproto, 5, bytes), "no room");
}

TEST(EncodeDeathTest, AbortsOnAStringTheWireCannotCarry) {
  const std::string text(kStrBytesMax + 1, 'x');
  DisconnectPacket packet;
  packet.text = std::string_view(text).substr(1);
  EXPECT_EQ(encoded_size(packet, Framing::Frame6, 5), 6U + 3 + kStrBytesMax);
  packet.text = text;
  EXPECT_DEATH(encoded_size(packet, Framing::Frame6, 5), "longer than its length field");
}

}  // namespace
}  // namespace sluice
