#include "load/worker.h"

#include <sys/socket.h>
#include <time.h>

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
#include "load/opening.h"
#include "sys/errno_status.h"

namespace sluice::load {
namespace {

// Connections that are opened side by side: the server works on some while we open others. Below
// the smallest backlog in use (4,096, and 128 of old kernels' defaults).
constexpr uint32_t kOpeningAtOnce = 100;
// Sleeping longer than this is worth it; a thread is back within some 60 µs of its time here.
constexpr uint64_t kSleepLeadNs = 100'000;
// Messages sent in one go when the schedule is behind, before the sockets are looked at again.
constexpr int kFiresAtOnce = 16;
constexpr double kNsPerSecond = 1e9;

uint64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

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
  for (uint32_t i = begin; i < end; ++i) {
    Peer& peer = peers_[i];
    peer.role = role;
    if (role == FlowKind::Ping) continue;
    const uint32_t member = (i - begin) % size;
    // In a pair each hears the other, in a group all hear the first.
    peer.source = role == FlowKind::Chat ? begin + ((i - begin) ^ 1) : i - member;
    peer.receivers = role == FlowKind::Chat || member == 0 ? size - 1 : 0;
    // The last of every hundred, so never the first of a group.
    const uint32_t percent = 100 - (share_.first + i) % 100;
    if (role == FlowKind::Group && member != 0 && percent <= scenario_.slow_percent) {
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
    // A message to a group is as many units as it has receivers.
    const double units = kind == FlowKind::Group ? stride - 1 : 1;
    flow.burst = scenario_.burst;
    flow.period_ns = flow.burst * units * share_.workers * kNsPerSecond / rate;
    flow.offset_ns = flow.period_ns * share_.index / share_.workers;
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
  logins_ = std::make_unique<Logins>(server_, scenario_.framing, share_.index * 1'000'000,
                                     epoll_.get(), kLoginTag, tally_);
}

// ── Opening ──

absl::Status Worker::open_all() {
  std::vector<int> fds;
  std::vector<int> members;
  std::vector<Name> uids;
  std::vector<Name> groups;
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    SLUICE_ASSIGN_OR_RETURN(peer.fd, open_connection(server_, share_.first + i));
    if (peer.slow) {
      // The smallest window that the kernel gives: it fills soon.
      const int small = 1;
      setsockopt(peer.fd.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    }
    fds.push_back(peer.fd.get());
    uids.push_back(uid_of(share_.first + i));
    if (peer.role == FlowKind::Group) {
      members.push_back(peer.fd.get());
      groups.push_back(group_of(share_.first + peer.source));
    }
    const bool pause = tally_.opened + fds.size() == scenario_.pause_at;
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
    if (pause) progress_.opened(scenario_.pause_at);
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
  start_ns_ = start_ns;
  begin_ns_ = start_ns + (scenario_.messages > 0 ? 0 : ns_of(scenario_.warmup_seconds));
  end_ns_ = scenario_.messages > 0 ? std::numeric_limits<uint64_t>::max()
                                   : begin_ns_ + ns_of(scenario_.seconds);
  for (Flow& flow : flows_) flow.start_ns = start_ns;
  while (read_clock(CLOCK_MONOTONIC) < start_ns) {
  }
  now_ns_ = news_ns_ = read_clock(CLOCK_MONOTONIC);
  step_phase();
  if (!scenario_.open_loop) start_closed_loop();
  std::array<epoll_event, 256> events;
  while (phase_ != Phase::Over) {
    const uint64_t looked_ns = now_ns_;
    const int count = wait_events(events.data(), static_cast<int>(events.size()));
    now_ns_ = read_clock(CLOCK_MONOTONIC);
    if (count > 0) news_ns_ = now_ns_;
    const uint64_t fired_before = tally_.sent;
    keep_schedule();
    for (int i = 0; i < count; ++i) {
      on_event(events[static_cast<size_t>(i)]);
      now_ns_ = read_clock(CLOCK_MONOTONIC);
      keep_schedule();
    }
    if (count == 0 && tally_.sent == fired_before && !slept_) {
      now_ns_ = read_clock(CLOCK_MONOTONIC);
      vain_ns_ += now_ns_ - looked_ns;
    }
    step_phase();
  }
  return std::move(tally_);
}

int Worker::wait_events(epoll_event* events, int count) {
  uint64_t until = news_ns_ + ns_of(scenario_.patience_seconds);
  if (phase_ == Phase::WarmUp) until = std::min(until, begin_ns_);
  if (phase_ == Phase::Window) until = std::min(until, end_ns_);
  if (phase_ <= Phase::Window && scenario_.open_loop) {
    for (const Flow& flow : flows_) until = std::min(until, flow.due_ns());
  }
  uint64_t patience = until > now_ns_ ? until - now_ns_ : 0;
  patience = patience > kSleepLeadNs ? patience - kSleepLeadNs : 0;
  const timespec timeout{static_cast<time_t>(patience / 1'000'000'000),
                         static_cast<long>(patience % 1'000'000'000)};
  slept_ = patience > 0;
  const int n = epoll_pwait2(epoll_.get(), events, count, &timeout, nullptr);
  SLUICE_CHECK(n >= 0 || errno == EINTR, "epoll_pwait2 with arguments of ours");
  return std::max(n, 0);
}

void Worker::step_phase() {
  if (phase_ == Phase::WarmUp && now_ns_ >= begin_ns_) enter_window();
  if (phase_ == Phase::Window) {
    const bool counted = scenario_.messages > 0 && completed_ >= share_.messages;
    const bool silent = now_ns_ - news_ns_ >= ns_of(scenario_.patience_seconds);
    if (now_ns_ >= end_ns_ || counted || (scenario_.messages > 0 && silent)) leave_window();
  }
  const bool silent = now_ns_ - news_ns_ >= ns_of(scenario_.patience_seconds);
  if (phase_ == Phase::Drain && (outstanding_ == 0 || silent)) {
    tally_.lost += outstanding_;
    if (outstanding_ > 0) {
      tally_.fault(absl::StrCat(outstanding_, " answers or deliveries have not come, and nothing ",
                                "else for ", scenario_.patience_seconds, " s"));
    }
    phase_ = silent ? Phase::Over : Phase::FinalRound;
    if (phase_ == Phase::FinalRound) send_final_round();
  }
  if (phase_ == Phase::FinalRound && (is_drained() || silent)) {
    if (!is_drained()) tally_.fault("after the last message some connections do not answer a PING");
    phase_ = Phase::Over;
  }
}

void Worker::enter_window() {
  phase_ = Phase::Window;
  if (scenario_.messages > 0) begin_ns_ = now_ns_;
  vain_ns_ = 0;
  cpu_ns_ = read_clock(CLOCK_THREAD_CPUTIME_ID);
  progress_.measuring();
}

void Worker::leave_window() {
  phase_ = Phase::Drain;
  if (scenario_.messages > 0) end_ns_ = now_ns_;
  const double cpu = static_cast<double>(read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu_ns_);
  const auto window = static_cast<double>(end_ns_ - begin_ns_);
  const double worked = std::max(cpu - static_cast<double>(vain_ns_), 0.0);
  tally_.workers.push_back({.cpu_seconds = cpu / kNsPerSecond, .busy = worked / window});
  tally_.seconds = window / kNsPerSecond;
  progress_.measured();
}

// A last PING on each connection: whatever comes in front of its answer is too much.
void Worker::send_final_round() {
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    if (peer.slow || peer.gone) continue;
    peer.window.push_due(now_ns_);
    ++outstanding_;
    peer.window.start(now_ns_, 0);
    out_.resize(kFrameHeaderBytesMax);
    out_.resize(encode_ping(scenario_.framing, out_));
    flush(i);
  }
}

bool Worker::is_drained() const { return outstanding_ == 0 && logins_->open() == 0; }

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
      now_ns_ = read_clock(CLOCK_MONOTONIC);
    }
  }
}

// The next moment of the flow: its messages are due.
void Worker::fire(Flow& flow) {
  const uint64_t due = scenario_.open_loop ? flow.due_ns() : now_ns_;
  if (scenario_.messages > 0 && begun_ >= share_.messages) return;
  begun_ += scenario_.open_loop ? 0 : 1;
  if (flow.kind == FlowKind::Login) {
    ++flow.moment;
    if (scenario_.open_loop && due >= begin_ns_) tally_.lateness.record(now_ns_ - due);
    return logins_->start({.due_ns = due, .sent_ns = now_ns_});
  }
  const uint32_t sender = flow.sender();
  ++flow.moment;
  if (peers_[sender].gone) return;
  for (uint32_t i = 0; i < flow.burst; ++i) {
    peers_[sender].window.push_due(due);
    ++outstanding_;
  }
  start_waiting(sender, true);
  flush(sender);
}

// Appends what waits to out_, as far as `depth` allows. `on_time`: the schedule asks, not an answer
// that makes room.
void Worker::start_waiting(uint32_t number, bool on_time) {
  Peer& peer = peers_[number];
  while (peer.window.has_waiting() && peer.window.in_flight() < scenario_.depth) {
    const uint32_t seq = peer.window.start(now_ns_, peer.receivers);
    const Sent& sent = *peer.window.find(seq);
    if (on_time && scenario_.open_loop && sent.due_ns >= begin_ns_) {
      tally_.lateness.record(now_ns_ - sent.due_ns);
    }
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
    if (n < 0 && errno != EAGAIN) lose(number, std::strerror(errno));
    done = static_cast<size_t>(std::max<ssize_t>(n, 0));
  }
  if (!peer.gone) {
    peer.unsent.insert(peer.unsent.end(), out_.begin() + static_cast<ptrdiff_t>(done), out_.end());
  }
  out_.clear();
}

void Worker::send_unsent(uint32_t number) {
  if (peers_[number].unsent.empty()) return;
  std::swap(out_, peers_[number].unsent);
  flush(number);
}

}  // namespace sluice::load
