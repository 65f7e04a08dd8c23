// What each packet costs to read and to write, in both framings, in the newest protocol version.
//
// Fields are as long as clients make them: names of ten characters, ids of 36, a payload of 128
// bytes. Decoding is the cut from the stream and the reading of every field (views, no copy of the
// payload); encoding is the question for the size and the writing, as the gateway does both.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "base/check.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"

namespace sluice {
namespace {

constexpr uint8_t kVersion = kProtocolVersionMax;
constexpr std::string_view kName = "alice-0001";
constexpr std::string_view kUuid = "0b1f6e2a-4c3d-4f5e-8a7b-9c0d1e2f3a4b";
constexpr std::string_view kKey = "MCowBQYDK2VuAyEAqGsvXW7vPLd0gQ5TSe0Wlyg4Zr0=";
constexpr std::string_view kDigest = "0123456789abcdef0123456789abcdef";
constexpr std::array<std::byte, 128> kPayload{};

template <class Packet>
Packet sample();

template <>
ConnectPacket sample() {
  ConnectPacket packet;
  packet.version = kVersion;
  packet.device_id = kUuid;
  packet.uid = kName;
  packet.token = kDigest;
  packet.client_timestamp_ms = 1'763'769'600'000;
  packet.client_key = kKey;
  return packet;
}

template <>
ConnackPacket sample() {
  ConnackPacket packet;
  packet.flags = kFlagHasServerVersion;
  packet.server_version = kVersion;
  packet.time_diff_ms = 12;
  packet.reason = Reason::Success;
  packet.server_key = kKey;
  packet.salt = "0123456789abcdef";
  packet.node_id = 1;
  return packet;
}

template <>
SendPacket sample() {
  SendPacket packet;
  packet.client_seq = 7;
  packet.client_msg_no = kUuid;
  packet.channel_id = kName;
  packet.expire_s = 3600;
  packet.msg_key = kDigest;
  packet.payload = kPayload;
  return packet;
}

template <>
SendackPacket sample() {
  SendackPacket packet;
  packet.message_id = 1'234'567'890'123'456'789;
  packet.client_seq = 7;
  packet.message_seq = 42;
  packet.reason = Reason::Success;
  return packet;
}

template <>
RecvPacket sample() {
  RecvPacket packet;
  packet.msg_key = kDigest;
  packet.from_uid = kName;
  packet.channel_id = kName;
  packet.expire_s = 3600;
  packet.client_msg_no = kUuid;
  packet.message_id = 1'234'567'890'123'456'789;
  packet.message_seq = 42;
  packet.timestamp_s = 1'763'769'600;
  packet.payload = kPayload;
  return packet;
}

template <>
RecvackPacket sample() {
  RecvackPacket packet;
  packet.message_id = 1'234'567'890'123'456'789;
  packet.message_seq = 42;
  return packet;
}

template <>
DisconnectPacket sample() {
  DisconnectPacket packet;
  packet.reason = Reason::ConnectKick;
  packet.text = "another device took over";
  return packet;
}

template <>
SubPacket sample() {
  SubPacket packet;
  packet.sub_no = kUuid;
  packet.channel_id = kName;
  packet.channel_type = ChannelType::Group;
  return packet;
}

template <>
SubackPacket sample() {
  SubackPacket packet;
  packet.sub_no = kUuid;
  packet.channel_id = kName;
  packet.channel_type = ChannelType::Group;
  packet.reason = Reason::Success;
  return packet;
}

template <>
EventPacket sample() {
  EventPacket packet;
  packet.id = kUuid;
  packet.type = "presence";
  packet.timestamp_ms = 1'763'769'600'000;
  packet.data = kPayload;
  return packet;
}

void count_bytes(benchmark::State& state, size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(each));
  state.SetItemsProcessed(state.iterations());
}

template <class Packet>
void measure_encode(benchmark::State& state, Framing framing) {
  Packet packet = sample<Packet>();
  std::vector<std::byte> out(encoded_size(packet, framing, kVersion));
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet);  // Its fields may be anything: nothing is known beforehand.
    const size_t size = encoded_size(packet, framing, kVersion);
    benchmark::DoNotOptimize(encode(packet, framing, kVersion, MutableBytes(out).first(size)));
    benchmark::ClobberMemory();
  }
  count_bytes(state, out.size());
}

template <class Packet>
void measure_decode(benchmark::State& state, Framing framing) {
  const Packet packet = sample<Packet>();
  std::vector<std::byte> wire(encoded_size(packet, framing, kVersion));
  encode(packet, framing, kVersion, wire);
  for (auto _ : state) {
    benchmark::ClobberMemory();
    const FrameResult cut = decode_frame(framing, wire, kFrameBodyBytesMax);
    Packet read;
    const bool good = cut.status == FrameStatus::Ok && decode(cut.frame, kVersion, read).ok();
    SLUICE_CHECK(good, "what was encoded can be decoded");
    benchmark::DoNotOptimize(read);
  }
  count_bytes(state, wire.size());
}

using EncodeBare = size_t (*)(Framing framing, MutableBytes out);

// PING and PONG: a header and nothing else.
void measure_encode_bare(benchmark::State& state, Framing framing, EncodeBare encode_bare) {
  std::array<std::byte, kFrameHeaderBytesMax> out{};
  size_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(framing);
    size = encode_bare(framing, out);
    benchmark::ClobberMemory();
  }
  count_bytes(state, size);
}

void measure_decode_bare(benchmark::State& state, Framing framing, EncodeBare encode_bare) {
  std::array<std::byte, kFrameHeaderBytesMax> wire{};
  const size_t size = encode_bare(framing, wire);
  for (auto _ : state) {
    benchmark::ClobberMemory();
    const FrameResult cut = decode_frame(framing, Bytes(wire).first(size), kFrameBodyBytesMax);
    SLUICE_CHECK(cut.status == FrameStatus::Ok && cut.frame.body.empty(), "a header and no body");
    benchmark::DoNotOptimize(cut);
  }
  count_bytes(state, size);
}

std::string title(std::string_view verb, PacketType type, Framing framing) {
  return std::string(verb) + "/" + std::string(name_of(type)) + "/" + std::string(name_of(framing));
}

template <class Packet>
void add_packet(Framing framing) {
  benchmark::RegisterBenchmark(title("decode", Packet::kType, framing).c_str(),
                               measure_decode<Packet>, framing);
  benchmark::RegisterBenchmark(title("encode", Packet::kType, framing).c_str(),
                               measure_encode<Packet>, framing);
}

void add_bare(PacketType type, Framing framing, EncodeBare encode_bare) {
  benchmark::RegisterBenchmark(title("decode", type, framing).c_str(), measure_decode_bare, framing,
                               encode_bare);
  benchmark::RegisterBenchmark(title("encode", type, framing).c_str(), measure_encode_bare, framing,
                               encode_bare);
}

template <class... Packet>
bool add_all() {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    (add_packet<Packet>(framing), ...);
    add_bare(PacketType::Ping, framing, &encode_ping);
    add_bare(PacketType::Pong, framing, &encode_pong);
  }
  return true;
}

[[maybe_unused]] const bool kAdded =
    add_all<ConnectPacket, ConnackPacket, SendPacket, SendackPacket, RecvPacket, RecvackPacket,
            DisconnectPacket, SubPacket, SubackPacket, EventPacket>();

}  // namespace
}  // namespace sluice
