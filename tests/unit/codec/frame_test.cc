#include "codec/frame.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "codec/bounds.h"
#include "hex.h"

namespace sluice {
namespace {

using test::bytes_from_hex;
using test::ExactCopy;
using test::hex_from_bytes;

// Status, sizes and flags of the first frame; the bytes its body points to are gone on return.
FrameResult decode_hex(Framing framing, std::string_view hex,
                       uint32_t body_bytes_max = kFrameBodyBytesMax) {
  return decode_frame(framing, ExactCopy(bytes_from_hex(hex)).view(), body_bytes_max);
}

// What a NeedMore wants; 0 for any other status.
size_t need_of(Framing framing, std::string_view hex) {
  const FrameResult result = decode_hex(framing, hex);
  return result.status == FrameStatus::NeedMore ? result.need : 0;
}

TEST(Frame, CutsHeaderAndBodyInBothFramings) {
  for (const auto& [framing, hex, header_bytes] :
       {std::tuple{Framing::Wkproto, "6203aabbccdd", size_t{2}},
        std::tuple{Framing::Frame6, "060200000003aabbccdd", size_t{6}}}) {
    const std::vector<std::byte> in = bytes_from_hex(hex);
    const FrameResult result = decode_frame(framing, in, kFrameBodyBytesMax);
    ASSERT_EQ(result.status, FrameStatus::Ok);
    EXPECT_EQ(result.frame.type, PacketType::Recvack);
    EXPECT_EQ(result.frame.flags, kFlagRedDot);
    EXPECT_EQ(hex_from_bytes(result.frame.body), "aabbcc");
    EXPECT_EQ(result.frame.body.data(), in.data() + header_bytes);  // a view, no copy
    EXPECT_EQ(result.frame.size, header_bytes + 3);
  }
}

TEST(Frame, WaitsForACutHeaderWithABoundThatGrows) {
  EXPECT_EQ(need_of(Framing::Wkproto, ""), 1U);
  EXPECT_EQ(need_of(Framing::Wkproto, "30"), 2U);
  EXPECT_EQ(need_of(Framing::Wkproto, "10"), 2U);
  EXPECT_EQ(need_of(Framing::Wkproto, "30ff"), 3U);
  EXPECT_EQ(need_of(Framing::Wkproto, "30ffff"), 4U);
  EXPECT_EQ(need_of(Framing::Wkproto, "30808080"), 5U);
  for (const std::string_view cut : {"", "03", "0300", "0300000000"}) {
    EXPECT_EQ(need_of(Framing::Frame6, cut), 6U) << cut;
  }
}

TEST(Frame, TellsTheWholeSizeOnceTheHeaderIsKnown) {
  EXPECT_EQ(need_of(Framing::Wkproto, "3005"), 7U);
  EXPECT_EQ(need_of(Framing::Wkproto, "3005aabbccdd"), 7U);
  EXPECT_EQ(need_of(Framing::Wkproto, "308001"), 3U + 128U);
  EXPECT_EQ(need_of(Framing::Frame6, "030000000005"), 11U);
  EXPECT_EQ(need_of(Framing::Frame6, "030000100000aa"), 6U + kFrameBodyBytesMax);
}

TEST(Frame, RefusesTypesThatNoPacketHas) {
  for (const std::string_view hex : {"d0", "d000", "00", "0f00", "e000", "ff"}) {
    EXPECT_EQ(decode_hex(Framing::Wkproto, hex).status, FrameStatus::BadType) << hex;
  }
  // frame6 has a whole byte for the type, and one is enough to see that it is wrong.
  for (const std::string_view hex : {"00", "0d", "10", "ff", "0d0000000000"}) {
    EXPECT_EQ(decode_hex(Framing::Frame6, hex).status, FrameStatus::BadType) << hex;
  }
}

TEST(Frame, RefusesAFourthLengthByteThatPromisesMore) {
  EXPECT_EQ(decode_hex(Framing::Wkproto, "3080808080").status, FrameStatus::BadLength);
  EXPECT_EQ(decode_hex(Framing::Wkproto, "30ffffffff7f").status, FrameStatus::BadLength);
}

TEST(Frame, RefusesALengthOverTheLimitAtTheHeader) {
  EXPECT_EQ(decode_hex(Framing::Wkproto, "30ffffff7f").status, FrameStatus::TooLarge);
  EXPECT_EQ(decode_hex(Framing::Frame6, "0300ffffffff").status, FrameStatus::TooLarge);
  EXPECT_EQ(decode_hex(Framing::Frame6, "030000100001").status, FrameStatus::TooLarge);
  EXPECT_EQ(decode_hex(Framing::Wkproto, "30818040").status, FrameStatus::TooLarge);
  // 808040 is 1 MiB to the byte.
  EXPECT_EQ(need_of(Framing::Wkproto, "30808040"), 4U + kFrameBodyBytesMax);
}

TEST(Frame, HoldsToAConfiguredLimit) {
  EXPECT_EQ(decode_hex(Framing::Wkproto, "3003aabbcc", 3).status, FrameStatus::Ok);
  EXPECT_EQ(decode_hex(Framing::Wkproto, "3004", 3).status, FrameStatus::TooLarge);
  EXPECT_EQ(decode_hex(Framing::Frame6, "030000000003aabbcc", 3).status, FrameStatus::Ok);
  EXPECT_EQ(decode_hex(Framing::Frame6, "030000000004", 3).status, FrameStatus::TooLarge);
}

// In wkproto a heartbeat is the only frame without a length; 0x01 behind it is the next frame.
TEST(Frame, TakesOneByteForAHeartbeatOfWkproto) {
  for (const std::string_view hex : {"70", "7001", "7f", "7fff"}) {
    const FrameResult ping = decode_hex(Framing::Wkproto, hex);
    ASSERT_EQ(ping.status, FrameStatus::Ok) << hex;
    EXPECT_EQ(ping.frame.type, PacketType::Ping);
    EXPECT_EQ(ping.frame.flags, 0);
    EXPECT_EQ(ping.frame.size, 1U);
    EXPECT_TRUE(ping.frame.body.empty());
  }
  EXPECT_EQ(decode_hex(Framing::Wkproto, "80").frame.type, PacketType::Pong);
  const FrameResult pong = decode_hex(Framing::Frame6, "08ff00000000");
  ASSERT_EQ(pong.status, FrameStatus::Ok);
  EXPECT_EQ(pong.frame.type, PacketType::Pong);
  EXPECT_EQ(pong.frame.flags, 0);
  EXPECT_EQ(pong.frame.size, 6U);
}

TEST(Frame, DropsTheUpperHalfOfFrame6Flags) {
  EXPECT_EQ(decode_hex(Framing::Frame6, "03fa00000000").frame.flags, 0x0a);
  std::byte header[kFrameHeaderBytesMax];
  EXPECT_EQ(encode_frame_header(Framing::Frame6, PacketType::Send, 0xfa, 0, header), 6U);
  EXPECT_EQ(hex_from_bytes(header), "030a00000000");
}

TEST(Frame, AcceptsALengthWithNeedlessGroups) {
  const std::vector<std::byte> in = bytes_from_hex("30818000aa");
  const FrameResult result = decode_frame(Framing::Wkproto, in, kFrameBodyBytesMax);
  ASSERT_EQ(result.status, FrameStatus::Ok);
  EXPECT_EQ(hex_from_bytes(result.frame.body), "aa");
  EXPECT_EQ(result.frame.size, 5U);
}

TEST(Frame, WritesTheHeaderItReads) {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    for (const size_t body_bytes : {0U, 1U, 127U, 128U, 16383U, 16384U, 1U << 20}) {
      for (uint8_t number = 1; number <= 12; ++number) {
        const auto type = static_cast<PacketType>(number);
        if (type == PacketType::Ping || type == PacketType::Pong) continue;
        std::vector<std::byte> bytes(frame_header_size(framing, type, body_bytes) + body_bytes);
        const size_t header_bytes = encode_frame_header(framing, type, 5, body_bytes, bytes);
        EXPECT_LE(header_bytes, kFrameHeaderBytesMax);
        const FrameResult result = decode_frame(framing, bytes, kFrameBodyBytesMax);
        ASSERT_EQ(result.status, FrameStatus::Ok);
        EXPECT_EQ(result.frame.type, type);
        EXPECT_EQ(result.frame.flags, 5);
        EXPECT_EQ(result.frame.body.size(), body_bytes);
        EXPECT_EQ(result.frame.size, bytes.size());
      }
    }
  }
}

TEST(Frame, TellsTheFramingByTheFirstByte) {
  for (int value = 0; value < 256; ++value) {
    const Framing expected = value >= 0x10 && value <= 0x1f ? Framing::Wkproto
                             : value == 0x01                ? Framing::Frame6
                                                            : Framing::Unknown;
    EXPECT_EQ(sniff(static_cast<std::byte>(value)), expected) << value;
  }
}

TEST(Frame, NamesTypesAndFramings) {
  std::set<std::string_view> names;
  for (uint8_t number = 1; number <= 12; ++number) {
    names.insert(name_of(static_cast<PacketType>(number)));
  }
  EXPECT_EQ(names.size(), 12U);
  EXPECT_EQ(names.count("UNASSIGNED"), 0U);
  EXPECT_EQ(name_of(PacketType::Sendack), "SENDACK");
  EXPECT_EQ(name_of(static_cast<PacketType>(13)), "UNASSIGNED");
  EXPECT_EQ(name_of(Framing::Wkproto), "wkproto");
  EXPECT_EQ(name_of(Framing::Frame6), "frame6");
  EXPECT_EQ(name_of(Framing::Unknown), "unknown");
}

TEST(FrameDeathTest, AbortsWithoutAFramingOrWithoutRoom) {
  std::byte header[kFrameHeaderBytesMax];
  EXPECT_DEATH({ static_cast<void>(decode_frame(Framing::Unknown, header, kFrameBodyBytesMax)); },
               "framing");
  EXPECT_DEATH(
      encode_frame_header(Framing::Frame6, PacketType::Send, 0, 1, MutableBytes(header, 5)),
      "no room");
  EXPECT_DEATH(encode_frame_header(Framing::Wkproto, PacketType::Send, 0, size_t{1} << 28, header),
               "four bytes");
}

}  // namespace
}  // namespace sluice
