// A client of SimShards: one simulated connection and the protocol spoken over it.
//
// say() writes, heard() tells in short lines what came since it was last asked (support/wire_text.h
// explains them) and, at the end, how the connection ended: "FIN" or "RESET". Nothing happens
// before the shards are turned; the verbs that log in or end do that themselves. One thread only.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/sim_shards.h"
#include "support/wire_text.h"

namespace sluice::test {

struct ClientOptions {
  uint32_t shard = 0;
  Framing framing = Framing::Wkproto;
  uint8_t version = 5;
  std::string_view peer = "10.0.0.1:40000";
};

class SimClient {
 public:
  explicit SimClient(SimShards& shards, const ClientOptions& options = {})
      : shards_(shards),
        framing_(options.framing),
        version_(options.version),
        wire_(shards.newcomer(options.shard,
                              *Address::parse({options.peer.data(), options.peer.size()}))) {
    shards.settle();
  }

  // Writes one frame, as one piece.
  template <typename Packet>
  void say(const Packet& packet) {
    wire_->write(frame_bytes(packet, framing_, version_));
  }
  void ping() { wire_->write(ping_bytes(framing_)); }
  void say_raw(Bytes bytes) { wire_->write(bytes); }

  // CONNECT and all that follows from it; what was heard is for the caller to check.
  void connect(const ConnectPacket& packet) {
    say(packet);
    shards_.settle();
  }
  // The same for clients that are only needed: must succeed, and is not heard of again.
  void login(std::string_view uid, std::string_view device_id = "phone",
             DeviceFlag flag = DeviceFlag::App) {
    ConnectPacket packet = connect_as(uid, version_);
    packet.device_id = device_id;
    packet.device_flag = flag;
    connect(packet);
    SLUICE_CHECK(heard() == std::vector<std::string>{"CONNACK Success"}, "login");
  }
  void subscribe(std::string_view channel_id) {
    say(subscribe_to(channel_id));
    shards_.settle();
    SLUICE_CHECK(heard() == std::vector<std::string>{"SUBACK s1 " + word(channel_id) + " Success"},
                 "subscribe");
  }
  // The client's FIN.
  void leave() {
    wire_->finish();
    shards_.settle();
  }

  // What came since the last call.
  std::vector<std::string> heard() {
    std::vector<std::string> lines;
    heard_bytes_ +=
        for_each_frame(framing_, wire_->received().subspan(heard_bytes_),
                       [&](const Frame& frame) { lines.push_back(line_of(frame, version_)); });
    if (!heard_end_ && wire_->ended_in_order()) lines.emplace_back("FIN");
    if (!heard_end_ && wire_->ended_by_reset()) lines.emplace_back("RESET");
    heard_end_ = wire_->ended_in_order() || wire_->ended_by_reset();
    return lines;
  }
  // Every packet of a type since the connection began.
  template <typename Packet>
  std::vector<Packet> all() const {
    return packets_of<Packet>(framing_, version_, wire_->received());
  }

  // The last of them; there must be one.
  template <typename Packet>
  Packet last() const {
    const std::vector<Packet> packets = all<Packet>();
    SLUICE_CHECK(!packets.empty(), "a packet of this type was heard");
    return packets.back();
  }

  SimWire& wire() { return *wire_; }
  Bytes received() const { return wire_->received(); }
  Framing framing() const { return framing_; }

 private:
  SimShards& shards_;
  const Framing framing_;
  const uint8_t version_;
  std::shared_ptr<SimWire> wire_;
  size_t heard_bytes_ = 0;
  bool heard_end_ = false;
};

}  // namespace sluice::test
