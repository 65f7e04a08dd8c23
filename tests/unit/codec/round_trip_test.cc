// Encoder against decoder: random packets come back equal, and garbage never does harm.
//
// A failure prints its seed; SLUICE_TEST_SEED=… repeats the run. Inputs lie in buffers of exactly
// their size, so that under a sanitizer a single byte read past the end is seen.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "hex.h"
#include "packet_text.h"
#include "random_packets.h"

namespace sluice {
namespace {

using test::ExactCopy;
using test::RandomPackets;
using test::text_of_packet;

template <class Packet>
void expect_round_trip(RandomPackets& random, Framing framing, uint8_t version) {
  Packet packet;
  random.fill(packet, version);
  std::vector<std::byte> bytes(encoded_size(packet, framing, version));
  ASSERT_EQ(encode(packet, framing, version, bytes), bytes.size());
  const ExactCopy in(bytes);
  const FrameResult result = decode_frame(framing, in.view(), kFrameBodyBytesMax);
  ASSERT_EQ(result.status, FrameStatus::Ok);
  EXPECT_EQ(result.frame.type, Packet::kType);
  EXPECT_EQ(result.frame.size, bytes.size());
  Packet back;
  const DecodeResult decoded = decode(result.frame, version, back);
  ASSERT_TRUE(decoded.ok()) << name_of(decoded.status) << ' ' << decoded.field;
  EXPECT_EQ(text_of_packet(back), text_of_packet(packet));
}

TEST(RoundTrip, GivesBackEveryPacketInEveryVersionAndFraming) {
  const uint64_t seed = test::test_seed();
  SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed));
  RandomPackets random(seed);
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    for (uint8_t version = 1; version <= kProtocolVersionMax; ++version) {
      for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
        test::for_each_packet_type([&]<class Packet>() {
          SCOPED_TRACE(name_of(Packet::kType));
          expect_round_trip<Packet>(random, framing, version);
        });
        random.forget();
      }
    }
  }
}

bool lies_inside(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// Whatever decodes is what would have been encoded, up to trailing bytes that decode() skips.
template <class Packet>
void decode_as(Bytes body, uint8_t flags, uint8_t version) {
  Packet packet;
  if (!decode({Packet::kType, flags, body, 0}, version, packet).ok()) return;
  std::vector<std::byte> again(encoded_size(packet, Framing::Frame6, version));
  encode(packet, Framing::Frame6, version, again);
  const Bytes again_body = Bytes(again).subspan(kFrameHeaderBytesMax);
  ASSERT_LE(again_body.size(), body.size());
  ASSERT_EQ(text_of(again_body), text_of(body.first(again_body.size())));
}

void expect_harmless(Bytes garbage, uint8_t version) {
  const ExactCopy in(garbage);
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    const FrameResult result = decode_frame(framing, in.view(), kFrameBodyBytesMax);
    if (result.status == FrameStatus::NeedMore) {
      ASSERT_GT(result.need, garbage.size());
    }
    if (result.status != FrameStatus::Ok) continue;
    ASSERT_GT(result.frame.size, 0U);
    ASSERT_LE(result.frame.size, garbage.size());
    ASSERT_TRUE(lies_inside(result.frame.body, in.view()));
    test::for_each_packet_type([&]<class Packet>() {
      if (Packet::kType != result.frame.type) return;
      decode_as<Packet>(result.frame.body, result.frame.flags, version);
    });
  }
}

TEST(RoundTrip, SurvivesRandomBytes) {
  const uint64_t seed = test::test_seed();
  SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed));
  RandomPackets random(seed);
  std::vector<std::byte> garbage;
  for (int round = 0; round < 200000 && !HasFatalFailure(); ++round) {
    garbage.resize(random.below(80));
    for (std::byte& byte : garbage) {
      // Many zero bytes: lengths stay small and the decoders get further.
      byte = random.below(2) == 0 ? std::byte{0} : std::byte{random.byte()};
    }
    const auto version = static_cast<uint8_t>(1 + random.below(kProtocolVersionMax));
    expect_harmless(garbage, version);
    // And as a body, for every decoder: few random headers announce what really follows.
    const ExactCopy body(garbage);
    const uint8_t flags = random.byte() & kFlagsMask;
    test::for_each_packet_type(
        [&]<class Packet>() { decode_as<Packet>(body.view(), flags, version); });
  }
}

TEST(RoundTrip, SurvivesDamagedFrames) {
  const uint64_t seed = test::test_seed();
  SCOPED_TRACE("SLUICE_TEST_SEED=" + std::to_string(seed));
  RandomPackets random(seed);
  std::vector<std::byte> frame;
  for (int round = 0; round < 2000 && !HasFatalFailure(); ++round) {
    const auto version = static_cast<uint8_t>(1 + random.below(kProtocolVersionMax));
    const Framing framing = random.below(2) == 0 ? Framing::Wkproto : Framing::Frame6;
    test::for_each_packet_type([&]<class Packet>() {
      Packet packet;
      random.fill(packet, version);
      frame.resize(encoded_size(packet, framing, version));
      encode(packet, framing, version, frame);
      for (uint64_t hits = random.below(4); hits > 0; --hits) {
        frame[random.below(frame.size())] = std::byte{random.byte()};
      }
      if (random.below(4) == 0) frame.resize(random.below(frame.size()));
      expect_harmless(frame, version);
    });
    random.forget();
  }
}

}  // namespace
}  // namespace sluice
