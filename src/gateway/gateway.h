// The whole gateway: reactors on their threads, shards on the reactors, one engine behind them;
// start, drain, stop.
//
// It is main.cc's to make and end; it reads no flags but a finished Config. Its threads are the
// main reactor (index N in the mailroom; none with --accept=reuseport) and N sub reactors. Public
// functions are for threads that are no reactors; they wait for the reactors' answers.
#pragma once

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/memory_broker.h"
#include "gateway/config/config.h"
#include "gateway/connection_record.h"
#include "gateway/shard.h"
#include "reactor/balance.h"

namespace sluice {

// The threads that have a poller each: the sub reactors, and the main reactor where it accepts.
uint32_t lanes_of(const Config& config);

class Gateway {
 public:
  // Makes the authenticator of one shard.
  using MakeAuthenticator = std::function<std::unique_ptr<Authenticator>()>;
  // Makes the poller of one reactor, on its thread.
  using MakePoller = std::function<absl::StatusOr<std::unique_ptr<Poller>>()>;

  // Everything runs and listens when it returns OK; otherwise nothing is left running.
  // `connections_max` is the limit in force.
  static absl::StatusOr<std::unique_ptr<Gateway>> start(
      const Config& config, uint64_t connections_max, const Clock& clock,
      const MakePoller& make_poller, const MakeAuthenticator& make_authenticator);
  ~Gateway();

  // Closes the listeners, lets what is under way arrive, says goodbye and waits for the last close
  // or the drain timeout. True when every connection ended by itself in time. Call once. The
  // threads run on until the destructor: whoever reads counters or lists connections may do so
  // during and after a drain, and has to be gone before the gateway is.
  bool drain();

  // The addresses in use, ports resolved.
  const std::vector<Address>& listening() const { return listening_; }
  // Listening, and not draining.
  bool ready() const { return ready_.load(); }
  const Clock& clock() const { return clock_; }
  // Runs `visit` on every shard, each on its own thread, one after the other, and waits.
  void on_every_shard(const std::function<void(Shard&)>& visit);

  // Counters may be read at any time.
  size_t shard_count() const { return shards_.size(); }
  const ShardMetrics& metrics(size_t shard) const { return shards_[shard]->metrics(); }
  // Every reactor's, the main one's last.
  std::vector<const Reactor*> reactors() const;
  std::vector<const Acceptor*> acceptors() const;
  uint64_t refused_over_limit() const { return refused_over_limit_.load(); }
  uint64_t connections_max() const { return connections_max_; }

  // At most `limit` connections in the order of reactor and slot, after skipping `offset`; a few
  // hundred a turn, so that no reactor stalls.
  std::vector<ConnectionRecord> list_connections(size_t offset, size_t limit);

 private:
  // One thread and what lives on it; made and ended there.
  struct Lane {
    std::unique_ptr<Poller> poller;
    std::unique_ptr<Reactor> reactor;
    std::unique_ptr<Resident> hall;  // the main reactor's resident
    std::unique_ptr<Shard> shard;
    std::unique_ptr<MemoryBroker> broker;
    std::unique_ptr<Acceptor> acceptor;
    Instant quiet_until{};  // no further line about refused newcomers before
    std::thread thread;
  };

  // Where the threads wait for each other: all made, go, all ended. The last one counts stop() in,
  // which may still be knocking at a poller whose thread has left its loop.
  struct Stages {
    explicit Stages(ptrdiff_t lanes) : made(lanes), go(1), ended(lanes + 1) {}
    std::latch made;
    std::latch go;
    std::latch ended;
    std::atomic<bool> give_up{false};
  };

  Gateway(const Config& config, uint64_t connections_max, const Clock& clock);
  absl::Status start_lanes(const MakePoller& make_poller, const MakeAuthenticator& make_auth);
  void lane_main(uint32_t index, const MakePoller& make_poller, const MakeAuthenticator& make_auth,
                 absl::Status* status);
  absl::Status make_lane(uint32_t index, const MakePoller& make_poller,
                         const MakeAuthenticator& make_auth);
  absl::Status check_caps(const Poller& poller) const;
  absl::Status listen();
  absl::Status listen_on(Lane& lane, const std::vector<Address>& at, std::vector<Address>* bound);
  void welcome(Lane& lane, UniqueFd fd);
  void run_on(Lane& lane, const std::function<void()>& work);
  bool wait_for_connections(Instant until);
  void quiesce();
  void stop();

  const Config config_;
  const uint64_t connections_max_;
  const Clock& clock_;
  const uint32_t shard_total_;
  Mailroom mailroom_;
  AddressLedger ledger_;
  std::atomic<uint64_t> connections_{0};
  Loads loads_;
  std::vector<Shard*> shards_;
  ShardCommons commons_;
  Snowflake ids_;
  MemoryBroker::Siblings brokers_;
  Balancer balancer_;  // the main reactor's
  std::vector<Lane> lanes_;
  std::unique_ptr<Stages> stages_;
  std::vector<Address> listening_;
  std::atomic<bool> ready_{false};
  std::atomic<uint64_t> refused_over_limit_{0};
  bool stopped_ = false;
};

}  // namespace sluice
