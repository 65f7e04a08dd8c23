#include "load/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "codec/bounds.h"
#include "codec/encode.h"
#include "load/now.h"
#include "load/opening.h"
#include "sys/errno_status.h"

namespace sluice::load {
namespace {

// Connections that are opened side by side: the server works on some while we open others. Below
// the smallest backlog in use (4,096, and 128 of old kernels' defaults).
constexpr uint32_t kOpeningAtOnce = 100;
// Sleeping longer than this is worth it; a thread is back within some 60 µs of its time here.
constexpr uint64_t kSleepLeadNs = 100'000;
// Between the window and the final round, which is not to be measured: whoever watches the server
// from outside reads its clocks and counters meanwhile.
constexpr uint64_t kQuietNs = 20'000'000;
// Messages sent in one go when the schedule is behind, before the sockets are looked at again.
constexpr int kFiresAtOnce = 16;
// Names of eight digits for 256 workers; more logins than that are not open at once.
constexpr uint32_t kLoginNamesEach = 300'000;
constexpr double kNsPerSecond = 1e9;

uint64_t ns_of(double seconds) { return static_cast<uint64_t>(seconds * kNsPerSecond); }

}  // namespace

Worker::Worker(const Scenario& scenario, const Share& share, const Address& server, uint64_t seed,
               Progress& progress)
    : scenario_(scenario),
      share_(share),
      server_(server),
      progress_(progress),
      to_person_(ChannelType::Person, scenario.payload_bytes, scenario.framing),
      to_group_(ChannelType::Group, scenario.payload_bytes, scenario.framing),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      peers_(scenario.kind == Kind::Storm ? 0 : share.connections),
      in_(kFrameHeaderBytesMax + kFrameBodyBytesMax + kReadBytes) {
  SLUICE_CHECK(epoll_.valid(), "epoll_create1 fails only for want of everything");
  plan_flows(seed);
}

// ── The plan: who does what, and when ──

void Worker::plan_roles(uint32_t begin, uint32_t end, FlowKind role) {
  const uint32_t size = role == FlowKind::Group ? scenario_.group : 2;
  uint32_t slow_hundredths = 0;  // how much of a slow reader is due
  for (uint32_t i = begin; i < end; ++i) {
    Peer& peer = peers_[i];
    peer.role = role;
    const uint32_t member = (i - begin) % size;
    // In a pair each hears the other, in a group all hear the first.
    peer.source = role == FlowKind::Chat ? begin + ((i - begin) ^ 1) : i - member;
    peer.receivers = role == FlowKind::Chat || member == 0 ? size - 1 : 0;
    slow_hundredths += role == FlowKind::Group ? scenario_.slow_percent : 0;
    if (member != 0 && slow_hundredths >= 100) {
      slow_hundredths -= 100;
      peer.slow = true;
      --peers_[peer.source].receivers;
    }
  }
}

// `rate` is of units over all workers; every `stride`th connection of [begin, end) sends.
void Worker::plan_flow(FlowKind kind, uint32_t begin, uint32_t end, double rate, uint32_t stride) {
  Flow flow{.kind = kind, .senders = {}};
  for (uint32_t i = begin; i < end; i += stride) flow.senders.push_back(i);
  if (flow.senders.empty() && kind != FlowKind::Login) return;
  if (scenario_.open_loop) {
    // A message to a group is as many units as it has receivers who read.
    double units = 1;
    if (kind == FlowKind::Group) {
      double receivers = 0;
      for (const uint32_t sender : flow.senders) receivers += peers_[sender].receivers;
      units = receivers / static_cast<double>(flow.senders.size());
    }
    flow.burst = scenario_.burst;
    flow.period_ns = flow.burst * units * share_.workers * kNsPerSecond / rate;
    flow.offset_ns = flow.period_ns * share_.index / share_.workers;
    tally_.rate_planned += rate / share_.workers;
  }
  flows_.push_back(std::move(flow));
}

void Worker::plan_flows(uint64_t seed) {
  const auto count = static_cast<uint32_t>(peers_.size());
  switch (scenario_.kind) {
    case Kind::Ping:
      plan_flow(FlowKind::Ping, 0, count, scenario_.rate);
      break;
    case Kind::Idle:
      plan_flow(FlowKind::Ping, 0, count, scenario_.connections / scenario_.heartbeat_seconds);
      break;
    case Kind::Chat:
      plan_roles(0, count, FlowKind::Chat);
      plan_flow(FlowKind::Chat, 0, count, scenario_.rate);
      break;
    case Kind::Fanout:
      plan_roles(0, count, FlowKind::Group);
      plan_flow(FlowKind::Group, 0, count, scenario_.rate, scenario_.group);
      break;
    case Kind::Storm:
      plan_flow(FlowKind::Login, 0, 0, scenario_.rate);
      break;
    case Kind::Mixed: {
      // 5 % in groups, at least one group; 15 % in pairs; the rest only lives. Half of the rate
      // is SENDs to partners, half is deliveries to members.
      const uint32_t grouped = std::max(count / 20 / scenario_.group, 1U) * scenario_.group;
      const uint32_t paired = count * 15 / 100 / 2 * 2;
      plan_roles(0, grouped, FlowKind::Group);
      plan_flow(FlowKind::Group, 0, grouped, scenario_.rate / 2, scenario_.group);
      plan_roles(grouped, grouped + paired, FlowKind::Chat);
      plan_flow(FlowKind::Chat, grouped, grouped + paired, scenario_.rate / 2);
      plan_flow(FlowKind::Ping, grouped + paired, count,
                (count - grouped - paired) * share_.workers / scenario_.heartbeat_seconds);
      if (scenario_.login_rate > 0) plan_flow(FlowKind::Login, 0, 0, scenario_.login_rate);
      break;
    }
  }
  std::mt19937_64 random(seed + share_.index);
  for (Flow& flow : flows_) {
    for (size_t i = flow.senders.size(); i > 1; --i) {
      std::swap(flow.senders[i - 1], flow.senders[random() % i]);
    }
  }
  logins_ = std::make_unique<Logins>(server_, scenario_.framing, share_.index * kLoginNamesEach,
                                     epoll_.get(), kLoginTag, tally_);
}

// ── Opening ──

absl::Status Worker::open_all() {
  const bool pauses = scenario_.pause_at > 0;
  if (pauses && share_.pause_at == 0) progress_.opened(0);
  std::vector<int> fds;
  std::vector<int> members;
  std::vector<Name> uids;
  std::vector<Name> groups;
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    const Window window = peer.slow ? Window::Small : Window::Usual;
    SLUICE_ASSIGN_OR_RETURN(peer.fd, open_connection(server_, share_.first + i, window));
    fds.push_back(peer.fd.get());
    uids.push_back(uid_of(share_.first + i));
    if (peer.role == FlowKind::Group) {
      members.push_back(peer.fd.get());
      groups.push_back(group_of(share_.first + peer.source));
    }
    const bool pause = pauses && tally_.opened + fds.size() == share_.pause_at;
    if (fds.size() < kOpeningAtOnce && i + 1 < peers_.size() && !pause) continue;
    if (scenario_.auth) {
      SLUICE_RETURN_IF_ERROR(authenticate(fds, uids, scenario_.framing));
      SLUICE_RETURN_IF_ERROR(subscribe(members, groups, scenario_.framing));
    }
    tally_.opened += fds.size();
    fds.clear();
    members.clear();
    uids.clear();
    groups.clear();
    if (pause) progress_.opened(share_.pause_at);
  }
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    epoll_event interest{};
    interest.events = EPOLLRDHUP | EPOLLET;
    if (!peers_[i].slow) interest.events |= EPOLLIN | EPOLLOUT;
    interest.data.u32 = i;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peers_[i].fd.get(), &interest) != 0) {
      return errno_status(errno, "epoll_ctl");
    }
  }
  return absl::OkStatus();
}

// ── The loop ──

Tally Worker::run(uint64_t start_ns) {
  const bool counted = scenario_.messages > 0;
  begin_ns_ = start_ns + (counted ? 0 : ns_of(scenario_.warmup_seconds));
  end_ns_ = counted ? std::numeric_limits<uint64_t>::max() : begin_ns_ + ns_of(scenario_.seconds);
  for (Flow& flow : flows_) flow.start_ns = start_ns;
  while (clock_ns() < start_ns) {
  }
  now_ns_ = news_ns_ = clock_ns();
  step_phase();
  if (!scenario_.open_loop) start_closed_loop();
  std::array<epoll_event, 256> events;
  while (phase_ != Phase::Over) {
    const uint64_t looked_ns = now_ns_;
    const uint64_t sent_before = tally_.sent;
    const int count = wait_events(events.data(), static_cast<int>(events.size()));
    now_ns_ = clock_ns();
    if (slept_) free_ns_ += now_ns_ - looked_ns;
    if (count > 0) news_ns_ = now_ns_;
    keep_schedule();
    handle(events.data(), count);
    const bool in_vain = count == 0 && unread_.empty() && tally_.sent == sent_before;
    if (in_vain && !slept_) {
      now_ns_ = clock_ns();
      free_ns_ += now_ns_ - looked_ns;
    }
    step_phase();
  }
  sum_up();
  return std::move(tally_);
}

void Worker::handle(const epoll_event* events, int count) {
  const auto next = [this] {
    now_ns_ = clock_ns();
    keep_schedule();
  };
  std::vector<uint32_t> unread;
  std::swap(unread, unread_);
  for (const uint32_t number : unread) {
    if (!peers_[number].gone) read_frames(number, true);
    flush(number);
    next();
  }
  for (int i = 0; i < count; ++i) {
    on_event(events[i]);
    next();
  }
}

int Worker::wait_events(epoll_event* events, int count) {
  uint64_t until = std::numeric_limits<uint64_t>::max();
  if (phase_ == Phase::WarmUp) until = begin_ns_;
  if (phase_ == Phase::Window) until = end_ns_;
  if (phase_ > Phase::Window || scenario_.messages > 0) {
    until = std::min(until, news_ns_ + ns_of(scenario_.patience_seconds));
  }
  if (phase_ == Phase::Drain && is_drained()) until = end_ns_ + kQuietNs;
  if (phase_ <= Phase::Window && scenario_.open_loop) {
    for (const Flow& flow : flows_) until = std::min(until, flow.due_ns());
  }
  uint64_t patience = until > now_ns_ ? until - now_ns_ : 0;
  patience = patience > kSleepLeadNs && unread_.empty() ? patience - kSleepLeadNs : 0;
  slept_ = patience > 0;
  const timespec timeout{static_cast<time_t>(patience / 1'000'000'000),
                         static_cast<long>(patience % 1'000'000'000)};
  const int n = epoll_pwait2(epoll_.get(), events, count, &timeout, nullptr);
  SLUICE_CHECK(n >= 0 || errno == EINTR, "epoll_pwait2 with arguments of ours");
  return std::max(n, 0);
}

void Worker::step_phase() {
  if (phase_ == Phase::WarmUp && now_ns_ >= begin_ns_) enter_window();
  const bool counted = scenario_.messages > 0;
  const auto silent = [this] { return now_ns_ - news_ns_ >= ns_of(scenario_.patience_seconds); };
  if (phase_ == Phase::Window) {
    const bool over = counted ? completed_ >= share_.messages || silent() : now_ns_ >= end_ns_;
    if (over && is_schedule_kept()) leave_window();
  }
  if (phase_ == Phase::Drain && is_drained() && now_ns_ >= end_ns_ + kQuietNs) send_final_round();
  if (phase_ == Phase::FinalRound && final_left_ == 0) phase_ = Phase::Over;
  if ((phase_ == Phase::Drain || phase_ == Phase::FinalRound) && silent()) give_up();
}

// Whether all that was due inside the window has been sent, or waits for an answer. What a stall
// of our own has kept back belongs to the window too.
bool Worker::is_schedule_kept() const {
  return !scenario_.open_loop ||
         std::all_of(flows_.begin(), flows_.end(),
                     [this](const Flow& flow) { return flow.due_ns() >= end_ns_; });
}

bool Worker::is_drained() const { return outstanding_ == 0 && logins_->open() == 0; }

void Worker::enter_window() {
  phase_ = Phase::Window;
  if (scenario_.messages > 0) begin_ns_ = now_ns_;
  free_ns_ = 0;
  cpu_ns_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  progress_.measuring();
}

void Worker::leave_window() {
  phase_ = Phase::Drain;
  news_ns_ = now_ns_;  // the last message has all the patience, too
  if (scenario_.messages > 0) end_ns_ = now_ns_;
  const auto window = static_cast<double>(now_ns_ - begin_ns_);
  const auto cpu = static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns_);
  tally_.workers.push_back({.cpu_seconds = cpu / kNsPerSecond,
                            .busy = std::max(1 - static_cast<double>(free_ns_) / window, 0.0)});
  tally_.seconds = static_cast<double>(end_ns_ - begin_ns_) / kNsPerSecond;
  progress_.measured();
}

// A last request on each connection, to leave a group that it is not in: what comes in front of its
// answer is too much. No other answer looks like it, so that one too many cannot pass for it. Slow
// readers read now, to see whether the server has closed them.
void Worker::send_final_round() {
  phase_ = Phase::FinalRound;
  news_ns_ = now_ns_;
  const Name nowhere = group_of(99'999'999);
  SubPacket leave;
  leave.channel_id = nowhere.view();
  leave.channel_type = ChannelType::Group;
  leave.action = SubAction::Unsubscribe;
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    if (peer.gone) continue;
    peer.in_final_round = true;
    ++final_left_;
    if (peer.slow) {
      epoll_event interest{};
      interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
      interest.data.u32 = i;
      SLUICE_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, peer.fd.get(), &interest) == 0,
                   "it has been watched all the time");
    }
    out_.resize(encoded_size(leave, scenario_.framing, kProtocolVersionMax));
    encode(leave, scenario_.framing, kProtocolVersionMax, out_);
    flush(i);
  }
}

void Worker::give_up() {
  const std::string silence =
      absl::StrCat("; nothing has come for ", scenario_.patience_seconds, " s");
  if (outstanding_ > 0) {
    tally_.fault(
        absl::StrCat(outstanding_, " messages, answers or deliveries are missing", silence));
  }
  if (logins_->unanswered() > 0) {
    tally_.fault(absl::StrCat(logins_->unanswered(), " logins have no CONNACK", silence));
  } else if (logins_->open() > 0) {
    tally_.fault(absl::StrCat("the server does not close ", logins_->open(), " logins", silence));
  }
  if (final_left_ > 0) {
    tally_.fault(absl::StrCat(final_left_, " connections do not answer a last request", silence));
  }
  phase_ = Phase::Over;
}

void Worker::sum_up() {
  tally_.lost =
      tally_.sent - tally_.refused - tally_.acknowledged + tally_.expected - tally_.delivered;
  uint64_t clamped = tally_.lateness.clamped();
  for (const Latency& latency : tally_.latencies) {
    clamped += latency.corrected.clamped() + latency.uncorrected.clamped();
  }
  if (clamped > 0)
    tally_.fault(absl::StrCat(clamped, " times were over 100 s, and count as 100 s"));
}

// ── Sending ──

void Worker::start_closed_loop() {
  for (Flow& flow : flows_) {
    if (flow.kind == FlowKind::Login) {
      for (uint32_t i = 0; i < share_.connections; ++i) fire(flow);
      continue;
    }
    for (size_t i = 0; i < flow.senders.size() * scenario_.depth; ++i) {
      fire(flow);
    }
  }
}

void Worker::keep_schedule() {
  if (!scenario_.open_loop || phase_ > Phase::Window) return;
  for (Flow& flow : flows_) {
    for (int fired = 0; fired < kFiresAtOnce; ++fired) {
      const uint64_t due = flow.due_ns();
      if (due > now_ns_ || due >= end_ns_) break;
      fire(flow);
      now_ns_ = clock_ns();
    }
  }
}

// The next moment of the flow: its messages are due.
void Worker::fire(Flow& flow) {
  const uint64_t due = scenario_.open_loop ? flow.due_ns() : now_ns_;
  if (scenario_.messages > 0 && begun_ >= share_.messages) return;
  begun_ += flow.burst;
  const uint32_t sender = flow.kind == FlowKind::Login ? 0 : flow.sender();
  ++flow.moment;
  for (uint32_t i = 0; i < flow.burst; ++i) {
    if (scenario_.open_loop && due >= begin_ns_) tally_.lateness.record(now_ns_ - due);
    if (flow.kind == FlowKind::Login) {
      logins_->start({.due_ns = due, .sent_ns = now_ns_});
    } else if (!peers_[sender].gone) {
      peers_[sender].window.push_due(due);
      ++outstanding_;
    }
  }
  if (flow.kind == FlowKind::Login) return;
  start_waiting(sender);
  flush(sender);
}

// Appends what waits to out_, as far as `depth` allows.
void Worker::start_waiting(uint32_t number) {
  Peer& peer = peers_[number];
  while (peer.window.has_waiting() && peer.window.in_flight() < scenario_.depth) {
    const uint32_t seq = peer.window.start(now_ns_, peer.receivers);
    ++tally_.sent;
    outstanding_ += peer.receivers;
    tally_.expected += peer.receivers;
    const Stamp stamp{.sender = share_.first + number, .seq = seq};
    if (peer.role == FlowKind::Chat) {
      to_person_.append_to(out_, uid_of(share_.first + peer.source), stamp);
    } else if (peer.role == FlowKind::Group) {
      to_group_.append_to(out_, group_of(share_.first + number), stamp);
    } else {
      const size_t at = out_.size();
      out_.resize(at + kFrameHeaderBytesMax);
      out_.resize(at + encode_ping(scenario_.framing, MutableBytes(out_).subspan(at)));
    }
  }
}

// Sends what the event has put into out_, behind what still waits.
void Worker::flush(uint32_t number) {
  if (out_.empty()) return;
  Peer& peer = peers_[number];
  size_t done = 0;
  if (peer.unsent.empty() && !peer.gone) {
    const ssize_t n = send(peer.fd.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) end(number, std::strerror(errno));
    done = static_cast<size_t>(std::max<ssize_t>(n, 0));
  }
  if (!peer.gone) {
    peer.unsent.insert(peer.unsent.end(), out_.begin() + static_cast<ptrdiff_t>(done), out_.end());
  }
  out_.clear();
}

void Worker::send_unsent(uint32_t number) {
  if (peers_[number].unsent.empty() || peers_[number].gone) return;
  std::swap(out_, peers_[number].unsent);
  flush(number);
}

}  // namespace sluice::load
