// The inside of a gateway, turned by hand: N shards with reactors, brokers and SimPollers, all on
// the test's thread, in virtual time.
//
//   SimShards shards({.shards = 2});
//   SimClient alice(shards);            // support/sim_client.h
//   alice.login("alice");
//   shards.settle();                    // turns until nothing moves
//   shards.advance(5s);                 // moves the clock, then settles
//
// It wires the same parts as gateway/gateway.cc, without threads and listeners. When it ends, it
// closes what is open and checks that every connection, block and letter has gone. One thread only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "broker/memory_broker.h"
#include "gateway/shard.h"
#include "reactor/ownership.h"
#include "support/manual_clock.h"
#include "support/sim_poller.h"

namespace sluice::test {

// The defaults of the configuration, in the form of the hot path.
inline Limits default_limits() {
  Limits limits;
  limits.timeouts = {std::chrono::seconds(30), std::chrono::minutes(5)};
  limits.frame_bytes_max = 1 << 20;
  limits.inbound_bytes_max = 2 << 20;
  limits.outbound_bytes_max = 8 << 20;
  limits.outbound_high_water = 1 << 20;
  limits.outbound_stall = std::chrono::seconds(10);
  limits.turn_bytes_max = 256 << 10;
  limits.turn_frames_max = 128;
  limits.sends_in_flight_max = 4096;
  limits.linger = std::chrono::seconds(2);
  limits.drain = std::chrono::seconds(30);
  limits.node_id = 7;
  return limits;
}

struct SimOptions {
  uint32_t shards = 1;
  uint32_t mailbox_slots = 1024;
  Limits limits = default_limits();
  uint32_t send_parts_max = 4;
  // The authenticator of one shard; everybody is let in without it.
  std::function<std::unique_ptr<Authenticator>(uint32_t shard)> authenticator = {};
};

// A name that `owner` of so many reactors owns: the stem and a number.
inline std::string name_owned_by(uint32_t owner, uint32_t reactors, const std::string& stem) {
  for (int i = 0;; ++i) {
    std::string name = absl::StrCat(stem, i);
    if (owner_of(name, reactors) == owner) return name;
  }
}

class SimShards {
 public:
  explicit SimShards(const SimOptions& options = {})
      : mailroom_(options.shards, options.mailbox_slots),
        ledger_(options.limits.connections_per_ip_max),
        loads_(options.shards),
        commons_{options.limits, mailroom_, ledger_, connections_, loads_, shards_},
        lanes_(options.shards) {
    for (uint32_t i = 0; i < options.shards; ++i) make_lane(i, options);
  }
  SimShards(const SimShards&) = delete;
  SimShards& operator=(const SimShards&) = delete;
  ~SimShards() {
    for (Lane& lane : lanes_) lane.shard->abandon_all();
    settle();
    SLUICE_CHECK(connections_ == 0, "every connection was counted down");
    for (Lane& lane : lanes_) {
      SLUICE_CHECK(lane.shard->metrics().sends_in_flight.value() == 0, "every message came home");
      SLUICE_CHECK(lane.shard->pool().lent_bytes() == 0, "all lent storage came back");
    }
  }

  // A newcomer on that shard, as the main reactor would hand it over. One turn makes it a
  // connection.
  std::shared_ptr<SimWire> newcomer(uint32_t shard, const Address& peer) {
    SimPoller::Newcomer newcomer = lanes_[shard].poller->connect(peer);
    connections_.fetch_add(1);
    loads_[shard].fetch_add(1);
    hand_over(shard, std::move(newcomer.fd));
    return newcomer.wire;
  }
  // A descriptor that the poller will not take.
  void broken_newcomer(uint32_t shard) {
    connections_.fetch_add(1);
    loads_[shard].fetch_add(1);
    hand_over(shard, UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  }

  // One turn of each reactor, in order; false when there was nothing to do and nothing is left.
  bool turn() {
    bool moved = false;
    for (Lane& lane : lanes_) {
      const uint64_t letters = lane.reactor->letters_run().value();
      lane.reactor->turn();
      moved |= lane.reactor->letters_run().value() != letters || lane.shard->has_ready();
    }
    for (Lane& lane : lanes_) moved |= !lane.poller->idle() || !lane.reactor->outboxes_empty();
    return moved;
  }
  // Turns until nothing moves any more; returns the number of rounds.
  int settle() {
    constexpr int kRoundsMax = 100'000;
    int rounds = 1;
    while (turn()) SLUICE_CHECK(++rounds < kRoundsMax, "the shards come to rest");
    return rounds;
  }
  void advance(Duration length) {
    clock_.advance(length);
    settle();
  }

  uint32_t size() const { return static_cast<uint32_t>(lanes_.size()); }
  ManualClock& clock() { return clock_; }
  Shard& shard(uint32_t index = 0) { return *lanes_[index].shard; }
  SimPoller& poller(uint32_t index = 0) { return *lanes_[index].poller; }
  Reactor& reactor(uint32_t index = 0) { return *lanes_[index].reactor; }
  MemoryBroker& broker(uint32_t index = 0) { return *lanes_[index].broker; }
  uint64_t connections() const { return connections_.load(); }
  uint32_t load(uint32_t shard) const { return loads_[shard].load(); }

  // A counter summed over all shards.
  uint64_t sum(Counter ShardMetrics::*counter) const {
    uint64_t total = 0;
    for (const Lane& lane : lanes_) total += (lane.shard->metrics().*counter).value();
    return total;
  }
  uint64_t closed(CloseReason reason) const {
    uint64_t total = 0;
    for (const Lane& lane : lanes_) {
      total += lane.shard->metrics().closed[static_cast<size_t>(reason)].value();
    }
    return total;
  }
  // Closes for whatever reason.
  uint64_t closed() const {
    uint64_t total = 0;
    for (size_t i = 0; i < kCloseReasons; ++i) total += closed(static_cast<CloseReason>(i));
    return total;
  }

 private:
  struct Lane {
    std::unique_ptr<SimPoller> poller;
    std::unique_ptr<Reactor> reactor;
    std::unique_ptr<Shard> shard;
    std::unique_ptr<MemoryBroker> broker;
  };

  void make_lane(uint32_t index, const SimOptions& options) {
    Lane& lane = lanes_[index];
    lane.poller = std::make_unique<SimPoller>(options.send_parts_max);
    lane.reactor = std::make_unique<Reactor>(index, *lane.poller, clock_, mailroom_);
    std::unique_ptr<Authenticator> authenticator = std::make_unique<OpenAuthenticator>();
    if (options.authenticator) authenticator = options.authenticator(index);
    lane.shard = std::make_unique<Shard>(*lane.reactor, commons_, std::move(authenticator));
    lane.broker = std::make_unique<MemoryBroker>(*lane.reactor, *lane.shard, ids_, brokers_);
    lane.shard->set_broker(lane.broker.get());
    lane.reactor->set_resident(lane.shard.get());
    shards_.push_back(lane.shard.get());
    brokers_.push_back(lane.broker.get());
  }

  void hand_over(uint32_t shard, UniqueFd fd) {
    mailroom_.post_from_outside(
        shard, make_mail<&Shard::on_adopt>(*shards_[shard], Shard::AdoptLetter{fd.release()}));
  }

  ManualClock clock_;
  Mailroom mailroom_;
  AddressLedger ledger_;
  std::atomic<uint64_t> connections_{0};
  std::vector<std::atomic<uint32_t>> loads_;
  std::vector<Shard*> shards_;
  ShardCommons commons_;
  Snowflake ids_{7};
  MemoryBroker::Siblings brokers_;
  std::vector<Lane> lanes_;
};

}  // namespace sluice::test
