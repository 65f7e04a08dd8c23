#include "codec/decode.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bounds.h"
#include "codec/encode.h"
#include "hex.h"
#include "packet_text.h"
#include "vectors.h"

namespace sluice {
namespace {

using test::bytes_from_hex;
using test::ExactCopy;
using test::text_of_packet;

TEST(Decode, ReadsEveryVector) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& expected) {
    SCOPED_TRACE(hex);
    const ExactCopy in(bytes_from_hex(hex));
    const FrameResult result = decode_frame(Framing::Wkproto, in.view(), kFrameBodyBytesMax);
    ASSERT_EQ(result.status, FrameStatus::Ok);
    EXPECT_EQ(result.frame.size, in.view().size());
    EXPECT_EQ(result.frame.type, expected.kType);
    auto packet = expected;
    packet = {};
    const DecodeResult decoded = decode(result.frame, version, packet);
    EXPECT_TRUE(decoded.ok()) << decoded.field;
    EXPECT_EQ(text_of_packet(packet), text_of_packet(expected));
  });
}

// No prefix of a frame is a frame, and the bound it asks for always lets the reader advance.
TEST(Decode, WaitsAtEveryPrefixOfAFrame) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& packet) {
    SCOPED_TRACE(hex);
    for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
      std::vector<std::byte> whole(encoded_size(packet, framing, version));
      encode(packet, framing, version, whole);
      for (size_t kept = 0; kept < whole.size(); ++kept) {
        const ExactCopy in(Bytes(whole).first(kept));
        const FrameResult result = decode_frame(framing, in.view(), kFrameBodyBytesMax);
        ASSERT_EQ(result.status, FrameStatus::NeedMore) << kept;
        EXPECT_GT(result.need, kept);
        EXPECT_LE(result.need, whole.size());
        if (kept >= kFrameHeaderBytesMax) {
          EXPECT_EQ(result.need, whole.size());
        }
      }
    }
  });
}

TEST(Decode, FindsEveryPrefixOfABodyTruncated) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& expected) {
    SCOPED_TRACE(hex);
    const std::vector<std::byte> whole = bytes_from_hex(hex);
    Frame frame = decode_frame(Framing::Wkproto, whole, kFrameBodyBytesMax).frame;
    const Bytes body = frame.body;
    const size_t fixed_bytes = body.size() - test::rest_size(expected);
    for (size_t kept = 0; kept <= body.size(); ++kept) {
      const ExactCopy cut(body.first(kept));
      frame.body = cut.view();
      auto packet = expected;
      const DecodeResult decoded = decode(frame, version, packet);
      if (kept < fixed_bytes) {
        ASSERT_EQ(decoded.status, DecodeStatus::Truncated) << kept;
        EXPECT_FALSE(decoded.field.empty());
      } else {
        ASSERT_TRUE(decoded.ok()) << kept;
        EXPECT_EQ(test::rest_size(packet), kept - fixed_bytes);
      }
    }
  });
}

// A newer peer may append fields; whoever has no rest field to put them in skips them.
TEST(Decode, IgnoresBytesBehindTheLastField) {
  test::for_each_vector([](std::string_view hex, uint8_t version, const auto& expected) {
    SCOPED_TRACE(hex);
    if (test::rest_size(expected) > 0) return;
    const std::vector<std::byte> whole = bytes_from_hex(hex);
    Frame frame = decode_frame(Framing::Wkproto, whole, kFrameBodyBytesMax).frame;
    std::vector<std::byte> body(frame.body.begin(), frame.body.end());
    body.insert(body.end(), 5, std::byte{0xff});
    frame.body = body;
    auto packet = expected;
    packet = {};
    EXPECT_TRUE(decode(frame, version, packet).ok());
    EXPECT_EQ(text_of_packet(packet), text_of_packet(expected));
  });
}

TEST(Decode, RefusesSendAndDisconnectWithoutABody) {
  for (const std::string_view hex : {"3000", "9000"}) {
    const std::vector<std::byte> in = bytes_from_hex(hex);
    const FrameResult result = decode_frame(Framing::Wkproto, in, kFrameBodyBytesMax);
    ASSERT_EQ(result.status, FrameStatus::Ok);
    SendPacket send;
    DisconnectPacket disconnect;
    const DecodeResult decoded = result.frame.type == PacketType::Send
                                     ? decode(result.frame, 5, send)
                                     : decode(result.frame, 5, disconnect);
    EXPECT_EQ(decoded.status, DecodeStatus::Truncated);
    EXPECT_EQ(decoded.field, hex == "3000" ? "setting" : "reasonCode");
  }
}

TEST(Decode, NamesTheFirstFieldThatFailed) {
  // RECVACK: 8 bytes of messageID, 4 of messageSeq; one byte of the latter is missing.
  const std::vector<std::byte> body = bytes_from_hex("00000000000004d2000009");
  RecvackPacket packet;
  const DecodeResult decoded = decode({PacketType::Recvack, 0, body, 0}, 5, packet);
  EXPECT_EQ(decoded.status, DecodeStatus::Truncated);
  EXPECT_EQ(decoded.field, "messageSeq");
}

// One string field of a packet: its name on the wire, where it lives, its bound.
template <class Packet>
struct StringField {
  std::string_view name;
  std::string_view Packet::*member;
  size_t bytes_max;
};

template <class Packet>
DecodeResult decode_encoded(const std::vector<std::byte>& bytes, uint8_t version, Packet& out) {
  const FrameResult result = decode_frame(Framing::Wkproto, bytes, kFrameBodyBytesMax);
  EXPECT_EQ(result.status, FrameStatus::Ok);
  return decode(result.frame, version, out);
}

// `base` carries every field that may travel in `version`.
template <class Packet>
void expect_bounds(const Packet& base, uint8_t version,
                   const std::vector<StringField<Packet>>& fields) {
  for (const StringField<Packet>& field : fields) {
    SCOPED_TRACE(field.name);
    for (const size_t size : {field.bytes_max, field.bytes_max + 1, kStrBytesMax}) {
      const std::string text(size, 'x');
      Packet packet = base;
      packet.*field.member = text;
      std::vector<std::byte> bytes(encoded_size(packet, Framing::Wkproto, version));
      encode(packet, Framing::Wkproto, version, bytes);
      Packet back;
      const DecodeResult decoded = decode_encoded(bytes, version, back);
      if (size == field.bytes_max) {
        EXPECT_TRUE(decoded.ok()) << decoded.field;
        EXPECT_EQ(text_of_packet(back), text_of_packet(packet));
      } else {
        EXPECT_EQ(decoded.status, DecodeStatus::FieldTooLong);
        EXPECT_EQ(decoded.field, field.name);
      }
    }
    // The same field with a length whose top bit is set: never a string, however much follows.
    Packet packet = base;
    packet.*field.member = "#MARK#";
    std::vector<std::byte> bytes(encoded_size(packet, Framing::Wkproto, version));
    encode(packet, Framing::Wkproto, version, bytes);
    const size_t at = text_of(bytes).find(std::string_view("\0\6#MARK#", 8));
    ASSERT_NE(at, std::string_view::npos);
    bytes[at] = std::byte{0x80};
    Packet back;
    const DecodeResult decoded = decode_encoded(bytes, version, back);
    EXPECT_EQ(decoded.status, DecodeStatus::BadString);
    EXPECT_EQ(decoded.field, field.name);
  }
}

TEST(Decode, TakesEachStringOfTheHandshakeUpToItsBound) {
  expect_bounds<ConnectPacket>({}, 5,
                               {{"deviceID", &ConnectPacket::device_id, 255},
                                {"uid", &ConnectPacket::uid, 255},
                                {"token", &ConnectPacket::token, 4096},
                                {"clientKey", &ConnectPacket::client_key, 255}});
  ConnackPacket connack;
  connack.flags = kFlagHasServerVersion;
  expect_bounds<ConnackPacket>(
      connack, 5,
      {{"serverKey", &ConnackPacket::server_key, 255}, {"salt", &ConnackPacket::salt, 255}});
  expect_bounds<DisconnectPacket>({}, 5, {{"reason", &DisconnectPacket::text, 1024}});
}

TEST(Decode, TakesEachStringOfAMessageUpToItsBound) {
  SendPacket send;
  send.setting = kSettingStream | kSettingTopic;
  expect_bounds<SendPacket>(send, 4,
                            {{"clientMsgNo", &SendPacket::client_msg_no, 255},
                             {"streamNo", &SendPacket::stream_no, 255},
                             {"channelID", &SendPacket::channel_id, 511},
                             {"msgKey", &SendPacket::msg_key, 255},
                             {"topic", &SendPacket::topic, 255}});
  RecvPacket recv;
  recv.setting = kSettingStream | kSettingTopic;
  expect_bounds<RecvPacket>(recv, 4,
                            {{"msgKey", &RecvPacket::msg_key, 255},
                             {"fromUID", &RecvPacket::from_uid, 255},
                             {"channelID", &RecvPacket::channel_id, 511},
                             {"clientMsgNo", &RecvPacket::client_msg_no, 255},
                             {"streamNo", &RecvPacket::stream_no, 255},
                             {"topic", &RecvPacket::topic, 255}});
}

TEST(Decode, TakesEachStringOfSubscriptionsAndEventsUpToItsBound) {
  expect_bounds<SubPacket>({}, 5,
                           {{"subNo", &SubPacket::sub_no, 255},
                            {"channelID", &SubPacket::channel_id, 511},
                            {"param", &SubPacket::param, 4096}});
  expect_bounds<SubackPacket>(
      {}, 5,
      {{"subNo", &SubackPacket::sub_no, 255}, {"channelID", &SubackPacket::channel_id, 511}});
  expect_bounds<EventPacket>({}, 5,
                             {{"id", &EventPacket::id, 255}, {"type", &EventPacket::type, 255}});
}

TEST(Decode, NamesItsStatuses) {
  EXPECT_EQ(name_of(DecodeStatus::Ok), "Ok");
  EXPECT_EQ(name_of(DecodeStatus::Truncated), "Truncated");
  EXPECT_EQ(name_of(DecodeStatus::FieldTooLong), "FieldTooLong");
  EXPECT_EQ(name_of(DecodeStatus::BadString), "BadString");
}

}  // namespace
}  // namespace sluice
