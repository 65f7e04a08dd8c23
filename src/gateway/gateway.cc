#include "gateway/gateway.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace sluice {
namespace {

// A crowd before a full house is one line in this time, not one line each.
constexpr Duration kRefusalLogPause = std::chrono::seconds(10);
// Records that one visit to a shard copies: well under a millisecond of its time.
constexpr size_t kRecordsPerVisit = 256;

// Who lives on the main reactor: nobody but its listeners.
class AcceptHall final : public Resident {
 public:
  explicit AcceptHall(Acceptor& acceptor) : acceptor_(acceptor) {}
  void on_completion(const Completion& news, Instant now) override {
    if (is_listener(news.who)) acceptor_.on_completion(news, now);
  }
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}

 private:
  Acceptor& acceptor_;
};

// Which strategies run, once and not per lane: all lanes have the same.
void log_poller(const Poller& poller) {
  const std::vector<PollerFeature> features = poller.features();
  std::vector<LogField> fields{{"name", poller.name()}};
  for (const PollerFeature& feature : features) {
    fields.emplace_back(feature.name, std::string_view(feature.value));
  }
  log(LogLevel::Info, "poller", fields);
}

Limits limits_of(const Config& config) {
  Limits limits;
  limits.timeouts = {config.auth_timeout, config.idle_timeout};
  limits.frame_bytes_max = static_cast<uint32_t>(config.frame_bytes_max);
  limits.inbound_bytes_max = config.inbound_bytes_max;
  limits.outbound_bytes_max = static_cast<uint32_t>(config.outbound_bytes_max);
  limits.outbound_high_water = static_cast<uint32_t>(config.outbound_high_water);
  limits.outbound_stall = config.outbound_stall_timeout;
  limits.turn_bytes_max = config.turn_bytes_max;
  limits.turn_frames_max = config.turn_frames_max;
  limits.sends_in_flight_max = config.sends_in_flight_max;
  limits.linger = config.linger_timeout;
  // Longer than the drain itself, whose timeout comes first and is reported.
  limits.drain = config.drain_timeout + config.linger_timeout;
  limits.node_id = config.node_id;
  limits.connections_per_ip_max = config.max_connections_per_ip;
  return limits;
}

uint32_t shards_of(const Config& config) {
  if (config.reactors > 0) return config.reactors;
  return std::clamp<uint32_t>(std::thread::hardware_concurrency(), 1, kReactorsMax);
}

}  // namespace

uint32_t lanes_of(const Config& config) {
  return shards_of(config) + (config.accept == AcceptMode::Main ? 1 : 0);
}

Gateway::Gateway(const Config& config, uint64_t connections_max, const Clock& clock)
    : config_(config),
      connections_max_(connections_max),
      clock_(clock),
      shard_total_(shards_of(config)),
      mailroom_(lanes_of(config), config.mailbox_slots),
      ledger_(config.max_connections_per_ip),
      loads_(shard_total_),
      commons_{limits_of(config), mailroom_, ledger_, connections_, loads_, shards_},
      ids_(config.node_id),
      balancer_(config.balance),
      lanes_(lanes_of(config)),
      stages_(std::make_unique<Stages>(static_cast<ptrdiff_t>(lanes_.size()))) {}

Gateway::~Gateway() { stop(); }

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::start(
    const Config& config, uint64_t connections_max, const Clock& clock,
    const MakePoller& make_poller, const MakeAuthenticator& make_authenticator) {
  std::unique_ptr<Gateway> gateway(new Gateway(config, connections_max, clock));
  SLUICE_RETURN_IF_ERROR(gateway->start_lanes(make_poller, make_authenticator));
  SLUICE_RETURN_IF_ERROR(gateway->listen());
  gateway->ready_ = true;
  return gateway;
}

absl::Status Gateway::start_lanes(const MakePoller& make_poller,
                                  const MakeAuthenticator& make_auth) {
  std::vector<absl::Status> statuses(lanes_.size());
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].thread = std::thread([this, i, &make_poller, &make_auth, &statuses] {
      lane_main(i, make_poller, make_auth, &statuses[i]);
    });
  }
  stages_->made.wait();
  for (const absl::Status& status : statuses) {
    if (status.ok()) continue;
    stages_->give_up = true;
    stages_->go.count_down();
    stages_->ended.count_down();
    for (Lane& lane : lanes_) lane.thread.join();
    stopped_ = true;
    return status;
  }
  for (uint32_t i = 0; i < shard_total_; ++i) {
    shards_.push_back(lanes_[i].shard.get());
    brokers_.push_back(lanes_[i].broker.get());
  }
  stages_->go.count_down();
  return absl::OkStatus();
}

void Gateway::lane_main(uint32_t index, const MakePoller& make_poller,
                        const MakeAuthenticator& make_auth, absl::Status* status) {
  // Seen by top, perf and strace; at most 15 characters.
  const std::string name = index == shard_total_ ? "acceptor" : absl::StrCat("reactor-", index);
  pthread_setname_np(pthread_self(), name.c_str());
  *status = make_lane(index, make_poller, make_auth);
  stages_->made.count_down();
  stages_->go.wait();
  Lane& lane = lanes_[index];
  if (!stages_->give_up) lane.reactor->run();
  stages_->ended.arrive_and_wait();
  lane.acceptor.reset();
  lane.broker.reset();
  lane.shard.reset();
  lane.hall.reset();
  lane.reactor.reset();
  lane.poller.reset();
}

absl::Status Gateway::check_caps(const Poller& poller) const {
  const Caps& caps = poller.caps();
  if (!caps.hand_over && config_.accept == AcceptMode::Main) {
    return absl::FailedPreconditionError(
        absl::StrCat("the poller ", absl::string_view(poller.name().data(), poller.name().size()),
                     " cannot hand connections over: use --accept=reuseport"));
  }
  if (caps.reactors_max > 0 && lanes_.size() > caps.reactors_max) {
    return absl::FailedPreconditionError(
        absl::StrCat("the poller ", absl::string_view(poller.name().data(), poller.name().size()),
                     " serves at most ", caps.reactors_max, " reactors: lower --reactors"));
  }
  return absl::OkStatus();
}

absl::Status Gateway::make_lane(uint32_t index, const MakePoller& make_poller,
                                const MakeAuthenticator& make_auth) {
  Lane& lane = lanes_[index];
  SLUICE_ASSIGN_OR_RETURN(lane.poller, make_poller());
  SLUICE_RETURN_IF_ERROR(check_caps(*lane.poller));
  if (index == 0) log_poller(*lane.poller);
  lane.reactor = std::make_unique<Reactor>(index, *lane.poller, clock_, mailroom_);
  lane.acceptor = std::make_unique<Acceptor>(
      *lane.reactor, [this, &lane](UniqueFd fd) { welcome(lane, std::move(fd)); });
  if (index == shard_total_) {
    lane.hall = std::make_unique<AcceptHall>(*lane.acceptor);
    lane.reactor->set_resident(lane.hall.get());
    return absl::OkStatus();
  }
  lane.shard = std::make_unique<Shard>(*lane.reactor, commons_, make_auth());
  lane.broker = std::make_unique<MemoryBroker>(*lane.reactor, *lane.shard, ids_, brokers_);
  lane.shard->set_broker(lane.broker.get());
  lane.shard->set_acceptor(lane.acceptor.get());
  lane.reactor->set_resident(lane.shard.get());
  return absl::OkStatus();
}

absl::Status Gateway::listen() {
  if (config_.accept == AcceptMode::Main) {
    return listen_on(lanes_.back(), config_.listen, &listening_);
  }
  // The first one settles which port 0 becomes; the others share it.
  SLUICE_RETURN_IF_ERROR(listen_on(lanes_[0], config_.listen, &listening_));
  for (size_t i = 1; i < lanes_.size(); ++i) {
    std::vector<Address> same;
    SLUICE_RETURN_IF_ERROR(listen_on(lanes_[i], listening_, &same));
  }
  return absl::OkStatus();
}

absl::Status Gateway::listen_on(Lane& lane, const std::vector<Address>& at,
                                std::vector<Address>* bound) {
  ListenOptions options;
  options.backlog = static_cast<int>(config_.backlog);
  options.reuse_port = config_.accept == AcceptMode::Reuseport;
  options.keepalive_idle = config_.tcp_keepalive;
  options.user_timeout = config_.tcp_user_timeout;
  absl::Status status;
  run_on(lane, [&] {
    for (const Address& address : at) {
      const absl::StatusOr<Address> result = lane.acceptor->listen(address, options);
      status.Update(result.status());
      if (result.ok()) bound->push_back(*result);
    }
  });
  return status;
}

// On the accepting reactor's thread.
void Gateway::welcome(Lane& lane, UniqueFd fd) {
  if (connections_.fetch_add(1, std::memory_order_relaxed) >= connections_max_) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    refused_over_limit_.fetch_add(1, std::memory_order_relaxed);
    if (lane.reactor->now() >= lane.quiet_until) {
      lane.quiet_until = lane.reactor->now() + kRefusalLogPause;
      log_warn("refusing newcomers, see --max-connections", {{"connections", connections_max_}});
    }
    return;
  }
  const uint32_t own = lane.reactor->index();
  const uint32_t to = own < shard_total_ ? own : balancer_.choose(fd.get(), loads_);
  loads_[to].fetch_add(1, std::memory_order_relaxed);
  const Shard::AdoptLetter letter{fd.release()};
  if (to == own) {
    shards_[to]->on_adopt(letter);
  } else {
    lane.reactor->post(to, make_mail<&Shard::on_adopt>(*shards_[to], letter));
  }
}

void Gateway::run_on(Lane& lane, const std::function<void()>& work) {
  std::latch done(1);
  lane.reactor->call([&] {
    work();
    done.count_down();
  });
  done.wait();
}

void Gateway::on_every_shard(const std::function<void(Shard&)>& visit) {
  for (Shard* shard : shards_) {
    run_on(lanes_[shard->index()], [&] { visit(*shard); });
  }
}

bool Gateway::drain() {
  log_info("draining", {{"connections", connections_.load()}});
  ready_ = false;
  const Instant until = clock_.now() + config_.drain_timeout;
  for (Lane& lane : lanes_) {
    run_on(lane, [&] { lane.acceptor->close(); });
  }
  // Nobody is read any more, and a newcomer still under way is closed where it arrives. Not before
  // that: under load there is never a moment without letters.
  on_every_shard([](Shard& shard) { shard.begin_drain(); });
  quiesce();  // messages that set out reach their receivers' queues, SENDACKs their senders'
  const bool disconnect = config_.drain_notify == DrainNotify::Disconnect;
  on_every_shard([&](Shard& shard) { shard.close_all(disconnect); });
  const bool in_time = wait_for_connections(until);
  if (!in_time) {
    log_warn("drain timeout: closing what is left", {{"connections", connections_.load()}});
    on_every_shard([](Shard& shard) { shard.abandon_all(); });
    wait_for_connections(kNever);
  }
  quiesce();  // the last uids go offline
  log_info("drained", {{"in_time", in_time}});
  return in_time;
}

// Waits until no letter is under way: in two rounds over all reactors none has posted one in
// between. A letter posted before a reactor's answer in the first round is run before its
// receiver's answer in the second, as mailboxes are first in, first out.
void Gateway::quiesce() {
  std::vector<uint64_t> before;
  for (;;) {
    std::vector<uint64_t> posted;
    bool waiting = false;
    for (Lane& lane : lanes_) {
      run_on(lane, [&] {
        posted.push_back(lane.reactor->letters_posted().value());
        waiting |= !lane.reactor->outboxes_empty();
      });
    }
    if (!waiting && posted == before) return;
    // Letters that waited in an outbox were counted long ago: begin again once they are all out.
    before = waiting ? std::vector<uint64_t>{} : std::move(posted);
  }
}

bool Gateway::wait_for_connections(Instant until) {
  while (connections_.load() > 0) {
    if (clock_.now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void Gateway::stop() {
  if (stopped_) return;
  stopped_ = true;
  ready_ = false;
  // Without a drain before it, too, no memory is given back under the poller's hands, and every
  // letter is read by somebody.
  for (Lane& lane : lanes_) run_on(lane, [&] { lane.acceptor->close(); });
  on_every_shard([](Shard& shard) { shard.begin_drain(); });
  quiesce();
  on_every_shard([](Shard& shard) { shard.abandon_all(); });
  wait_for_connections(kNever);
  quiesce();
  for (Lane& lane : lanes_) lane.reactor->stop();
  stages_->ended.count_down();
  for (Lane& lane : lanes_) lane.thread.join();
}

std::vector<const Reactor*> Gateway::reactors() const {
  std::vector<const Reactor*> all;
  for (const Lane& lane : lanes_) all.push_back(lane.reactor.get());
  return all;
}

std::vector<const Acceptor*> Gateway::acceptors() const {
  std::vector<const Acceptor*> all;
  for (const Lane& lane : lanes_) all.push_back(lane.acceptor.get());
  return all;
}

std::vector<ConnectionRecord> Gateway::list_connections(size_t offset, size_t limit) {
  std::vector<ConnectionRecord> records;
  for (Shard* shard : shards_) {
    bool more = true;
    for (uint32_t cursor = 0; more && records.size() < limit;) {
      run_on(lanes_[shard->index()], [&] {
        for (size_t i = 0; i < kRecordsPerVisit && records.size() < limit; ++i) {
          const Connection* connection = shard->next_connection(cursor);
          more = connection != nullptr;
          if (!more) return;
          if (offset > 0) {
            --offset;
          } else {
            records.push_back(shard->record_of(*connection));
          }
        }
      });
    }
  }
  return records;
}

}  // namespace sluice
