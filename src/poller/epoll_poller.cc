#include "poller/epoll_poller.h"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "sys/errno_status.h"

namespace sluice {
namespace {

// One epoll_wait takes this many events: 256 * 12 bytes stay in the first-level cache.
constexpr size_t kEventsMax = 256;
// Parts of one send; their iovecs live on the stack while the kernel takes them.
constexpr uint32_t kPartsMax = 64;
// Newcomers taken from one listener before others have their turn.
constexpr uint32_t kAcceptsPerRound = 64;
constexpr uint32_t kEdgeInterest = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
// Level-triggered, bytes behind an urgent mark are news again, so the mark itself need not be.
constexpr uint32_t kLevelInterest = EPOLLIN | EPOLLRDHUP;
// epoll always tells of HUP and ERR. Of a socket that wants nothing it tells of them as an edge:
// once, not in every wait.
constexpr uint32_t kNoInterest = EPOLLET;
// After these a short read does not say that the socket is empty. TCP's urgent mark (PRI) ends a
// read before the bytes behind it, for which no further edge comes (seen on 6.18).
constexpr uint32_t kMoreBehindAShortRead = EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP;
// The eventfd's name among the handles: generations start at 1, so no socket has it.
constexpr uint64_t kWakeName = 0;

// EPIOCSPARAMS of Linux 6.9, which the distribution's headers lack, under names of our own.
struct NapiParams {
  uint32_t busy_poll_usecs;
  uint16_t busy_poll_budget;  // packets at a time; 0 = the kernel's default, 8
  uint8_t prefer_busy_poll;   // 1 would also hold back the card's interrupts
  uint8_t pad;
};
constexpr unsigned long kSetNapiParams = _IOW(0x8A, 0x01, NapiParams);

// ENOTTY: before 6.9. EOPNOTSUPP: built without CONFIG_NET_RX_BUSY_POLL. EPERM, EINVAL: a limit of
// this machine.
absl::Status set_napi(int epoll, uint32_t napi_us) {
  NapiParams params{};
  params.busy_poll_usecs = napi_us;
  if (ioctl(epoll, kSetNapiParams, &params) == 0) return absl::OkStatus();
  const int error = errno;
  const absl::Status why =
      errno_status(error, absl::StrCat("poller epoll: napi=", napi_us, " is refused here"),
                   "it needs Linux 6.9 with CONFIG_NET_RX_BUSY_POLL; leave napi out, or "
                   "spin with busy_poll instead");
  return absl::FailedPreconditionError(why.message());  // the machine's fault, also for EINVAL
}

// Out of descriptors or of memory: accepting again at once would only spin.
bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EpollPoller>> EpollPoller::make(const EpollOptions& options,
                                                               const Clock& clock) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !event.valid()) {
    return errno_status(errno, "cannot make an epoll poller");
  }
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLET;
  interest.data.u64 = kWakeName;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &interest) != 0) {
    return errno_status(errno, "cannot watch an eventfd");
  }
  if (options.napi_us > 0) SLUICE_RETURN_IF_ERROR(set_napi(epoll.get(), options.napi_us));
  std::unique_ptr<EpollPoller> poller(
      new EpollPoller(options, clock, std::move(epoll), std::move(event)));
  poller->sleep(Instant::min());  // finds out about epoll_pwait2, for features()
  return poller;
}

EpollPoller::EpollPoller(const EpollOptions& options, const Clock& clock, UniqueFd epoll,
                         UniqueFd event)
    : options_(options),
      clock_(clock),
      epoll_(std::move(epoll)),
      event_(std::move(event)),
      blocks_(options.blocks, options.block_bytes),
      events_(kEventsMax) {
  caps_.hand_over = true;
  caps_.send_bytes_max = size_t{1} << 30;
  caps_.send_parts_max = kPartsMax;
  caps_.pause_slack_bytes = 0;
  caps_.blocks = options.blocks;
  caps_.block_bytes = options.block_bytes;
}

EpollPoller::~EpollPoller() = default;

std::vector<PollerFeature> EpollPoller::features() const {
  const bool always = options_.write_interest == WriteInterest::Always;
  return {
      {"trigger", level() ? "level" : "edge"},
      {"write_interest", always ? "always" : "on_demand"},
      {"busy_poll", std::to_string(options_.busy_poll_us)},
      {"napi", std::to_string(options_.napi_us)},
      {"epoll_pwait2", has_pwait2_ ? "yes" : "no"},
      {"bufs", std::to_string(options_.blocks)},
      {"buf_size", std::to_string(options_.block_bytes)},
  };
}

absl::StatusOr<Handle> EpollPoller::add(UniqueFd fd, bool listener) {
  Socket* socket = sockets_.emplace();
  if (socket == nullptr) return absl::ResourceExhaustedError("all handles are in use");
  epoll_event interest{};
  interest.events = interest_of(*socket);
  interest.data.u64 = socket->self.value;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &interest) != 0) {
    const int error = errno;
    sockets_.erase(socket->self);
    return errno_status(error, "epoll_ctl");
  }
  socket->fd = std::move(fd);
  socket->listener = listener;
  return Handle{socket->self.value};
}

absl::StatusOr<Handle> EpollPoller::listen(const Address& at, const ListenOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(UniqueFd fd, listen_tcp(at, options));
  return add(std::move(fd), true);
}

absl::StatusOr<Handle> EpollPoller::adopt(UniqueFd fd) {
  const Address peer = peer_address(fd.get());
  SLUICE_ASSIGN_OR_RETURN(const Handle handle, add(std::move(fd), false));
  socket_of(handle).peer = peer;
  return handle;
}

EpollPoller::Socket& EpollPoller::socket_of(Handle handle) {
  Socket* socket = sockets_.find(Token{handle.value});
  SLUICE_CHECK(socket != nullptr, "a verb on a handle that is closed");
  return *socket;
}

void EpollPoller::attach(Handle what, Token who) { socket_of(what).who = who; }

void EpollPoller::accept(Handle listener) {
  Socket& socket = socket_of(listener);
  SLUICE_DCHECK(socket.listener && !socket.armed, "accept() once per end, on a listener");
  socket.armed = true;
  // After an end with -EMFILE the queue still holds the newcomers, and no edge will tell of them.
  if (!socket.linked()) ready_.push_back(socket);
}

void EpollPoller::recv(Handle from) {
  Socket& socket = socket_of(from);
  SLUICE_DCHECK(!socket.listener && !socket.armed, "recv() once per end, on a connection");
  socket.armed = true;
  if (socket.readable && !socket.linked()) ready_.push_back(socket);
}

void EpollPoller::pause(Handle from) {
  Socket& socket = socket_of(from);
  if (!socket.armed) return;
  socket.armed = false;
  socket.unlink();
  finish(socket, Op::Recv, -ECANCELED);
}

void EpollPoller::send(Handle to, std::span<const Bytes> parts) {
  Socket& socket = socket_of(to);
  SLUICE_CHECK(socket.stuck == nullptr, "one send at a time per handle");
  SLUICE_CHECK(parts.size() <= kPartsMax, "more parts than caps().send_parts_max");
  std::array<iovec, kPartsMax> vectors;
  for (size_t i = 0; i < parts.size(); ++i) {
    // sendmsg only reads, but an iovec has no const.
    vectors[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
  }
  int32_t sent = 0;
  int32_t result = 0;
  const std::span<iovec> left(vectors.data(), parts.size());
  if (push(left, socket.fd.get(), &sent, &result)) {
    finish(socket, Op::Send, result);
    return;
  }
  socket.stuck = std::make_unique<StuckSend>();
  socket.stuck->parts.assign(left.begin(), left.end());
  socket.stuck->sent = sent;
  update_interest(socket);
}

bool EpollPoller::push(std::span<iovec> parts, int fd, int32_t* sent, int32_t* result) {
  size_t first = 0;
  for (;;) {
    while (first < parts.size() && parts[first].iov_len == 0) ++first;
    if (first == parts.size()) {
      *result = *sent;
      return true;
    }
    msghdr message{};
    message.msg_iov = &parts[first];
    message.msg_iovlen = parts.size() - first;
    const ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return false;
      *result = -errno;
      return true;
    }
    *sent += static_cast<int32_t>(n);
    size_t gone = static_cast<size_t>(n);
    for (size_t i = first; gone > 0; ++i) {
      const size_t step = std::min(gone, parts[i].iov_len);
      parts[i].iov_base = static_cast<std::byte*>(parts[i].iov_base) + step;
      parts[i].iov_len -= step;
      gone -= step;
    }
  }
}

void EpollPoller::resume_send(Socket& socket) {
  StuckSend& stuck = *socket.stuck;
  int32_t result = 0;
  if (!push(stuck.parts, socket.fd.get(), &stuck.sent, &result)) return;
  socket.stuck.reset();
  finish(socket, Op::Send, result);
  if (socket.fin_after_send) ::shutdown(socket.fd.get(), SHUT_WR);
  // Behind a FIN there is no send for which an edge would have to be silenced.
  if (!socket.fin_after_send || level()) update_interest(socket);
}

uint32_t EpollPoller::interest_of(const Socket& socket) const {
  const uint32_t output = socket.stuck != nullptr ? uint32_t{EPOLLOUT} : 0;
  if (level()) {
    const uint32_t wanted = output | (socket.muted ? 0 : kLevelInterest);
    return wanted == 0 ? kNoInterest : wanted;
  }
  if (options_.write_interest == WriteInterest::Always) return kEdgeInterest | EPOLLOUT;
  return kEdgeInterest | output;
}

void EpollPoller::update_interest(Socket& socket) {
  if (options_.write_interest == WriteInterest::Always) return;  // it never changes
  epoll_event interest{};
  interest.events = interest_of(socket);
  interest.data.u64 = socket.self.value;
  const int result = epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket.fd.get(), &interest);
  SLUICE_CHECK(result == 0, "epoll_ctl MOD of a registered socket");
}

void EpollPoller::shutdown_send(Handle to) {
  Socket& socket = socket_of(to);
  if (socket.stuck != nullptr) {
    socket.fin_after_send = true;
  } else {
    ::shutdown(socket.fd.get(),
               SHUT_WR);  // ENOTCONN: the peer has reset it, and a Recv will say so
  }
}

void EpollPoller::close(Handle what) {
  Socket& socket = socket_of(what);
  if (socket.stuck != nullptr) finish(socket, Op::Send, -ECANCELED);
  if (socket.armed) finish(socket, socket.listener ? Op::Accept : Op::Recv, -ECANCELED);
  finish(socket, Op::Close, 0);
  sockets_.erase(socket.self);  // closes the descriptor, which leaves the epoll set with it
}

Address EpollPoller::peer(Handle of) const {
  const Socket* socket = sockets_.find(Token{of.value});
  return socket == nullptr ? Address() : socket->peer;
}

Address EpollPoller::local(Handle of) const {
  const Socket* socket = sockets_.find(Token{of.value});
  return socket == nullptr ? Address() : local_address(socket->fd.get());
}

void EpollPoller::finish(const Socket& socket, Op op, int32_t result) {
  finished_.push_back({socket.who, op, false, BlockId::None, result, {}});
}

void EpollPoller::wake() const {
  // Edge-triggered, every write is an edge; the counter would need centuries of them to fill.
  const uint64_t one = 1;
  const ssize_t n = write(event_.get(), &one, sizeof one);
  SLUICE_CHECK(n == sizeof one, "write to the wake eventfd");
}

// Stop 1 of 7: the kernel's news becomes completions.
size_t EpollPoller::wait(Instant deadline, std::span<Completion> out) {
  size_t count = hand_out(out);
  if (count > 0 && !skipped_kernel_) {
    skipped_kernel_ = true;
    return count;
  }
  skipped_kernel_ = false;
  if (blocks_.lent() < blocks_.count()) {
    // Who waited for a block goes before who has just had one, or two firehoses would keep both.
    starved_.splice(ready_);
    ready_.splice(starved_);
  }
  const bool busy = count > 0 || !ready_.empty();
  const size_t events = sleep(busy ? Instant::min() : deadline);
  for (size_t i = 0; i < events; ++i) note(events_[i]);
  count += hand_out(out.subspan(count));  // sends that an event has just finished
  return count + serve_ready(out.subspan(count));
}

size_t EpollPoller::hand_out(std::span<Completion> out) {
  if (finished_.empty()) return 0;
  const size_t count = std::min(out.size(), finished_.size() - handed_out_);
  std::copy_n(finished_.begin() + static_cast<ptrdiff_t>(handed_out_), count, out.begin());
  handed_out_ += count;
  if (handed_out_ == finished_.size()) {
    finished_.clear();
    handed_out_ = 0;
  }
  return count;
}

size_t EpollPoller::sleep(Instant deadline) {
  timespec timeout{};
  if (options_.busy_poll_us > 0 && deadline != Instant::min()) {
    Instant now = clock_.now();
    const Instant end = std::min(deadline, now + std::chrono::microseconds(options_.busy_poll_us));
    for (; now < end; now = clock_.now()) {
      const size_t events = ask(&timeout);
      if (events > 0) return events;
    }
  }
  const timespec* until = &timeout;
  if (deadline == kNever) {
    until = nullptr;
  } else if (deadline != Instant::min()) {
    // Compared first: the difference to an instant near the beginning of time has no Duration.
    const Instant now = clock_.now();
    const auto ns = deadline > now ? (deadline - now).count() : 0;
    timeout = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  return ask(until);
}

size_t EpollPoller::ask(const timespec* timeout) {
  const int size = static_cast<int>(events_.size());
  int n = -1;
  if (has_pwait2_) {
    n = epoll_pwait2(epoll_.get(), events_.data(), size, timeout, nullptr);
    if (n < 0 && errno == ENOSYS) has_pwait2_ = false;
  }
  if (!has_pwait2_) {
    constexpr int64_t kDayMs = 86'400'000;  // a longer sleep than a day just wakes once more
    int64_t ms = -1;
    if (timeout != nullptr) ms = timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000;
    n = epoll_wait(epoll_.get(), events_.data(), size, static_cast<int>(std::min(ms, kDayMs)));
  }
  SLUICE_CHECK(n >= 0 || errno == EINTR, "epoll_wait");
  counters_.calls.add();
  if (n <= 0) return 0;
  counters_.events.add(static_cast<uint64_t>(n));
  return static_cast<size_t>(n);
}

void EpollPoller::note(const epoll_event& event) {
  if (event.data.u64 == kWakeName) return;
  Socket* socket = sockets_.find(Token{event.data.u64});
  if (socket == nullptr) return;  // closed since the kernel queued the event
  if (socket->stuck != nullptr && (event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    resume_send(*socket);
  }
  if ((event.events & kMoreBehindAShortRead) != 0) socket->read_on = true;
  if ((event.events & (EPOLLIN | kMoreBehindAShortRead)) == 0) return;
  socket->readable = true;
  // Level-triggered, it would be news again in the next wait, and nobody is going to read it.
  if (level() && !socket->muted && (!socket->armed || blocks_.lent() == blocks_.count())) {
    socket->muted = true;
    update_interest(*socket);
  }
  if (!socket->armed || socket->linked()) return;
  ready_.push_back(*socket);
}

// Nothing to read for now: the next byte, or the next newcomer, is news.
void EpollPoller::note_empty(Socket& socket) {
  socket.readable = false;
  if (!socket.muted) return;
  socket.muted = false;
  update_interest(socket);
}

size_t EpollPoller::serve_ready(std::span<Completion> out) {
  size_t count = 0;
  // One turn a socket: what stays readable goes behind those that came with it, into the next
  // round.
  ReadyList round;
  round.splice(ready_);
  while (count < out.size()) {
    Socket* socket = round.pop_front();
    if (socket == nullptr) break;
    if (socket->listener) {
      count += serve_accept(*socket, out.subspan(count));
      continue;
    }
    if (blocks_.lent() == blocks_.count()) {
      // Nor would those behind it find a block: with a thousand ready sockets, looking at each of
      // them in every wait cost more than reading those that had their turn.
      counters_.starved.add();
      starved_.push_back(*socket);
      starved_.splice(round);
      break;
    }
    count += serve_recv(*socket, out[count]);
  }
  round.splice(ready_);
  ready_.splice(round);
  return count;
}

size_t EpollPoller::serve_accept(Socket& socket, std::span<Completion> out) {
  size_t count = 0;
  for (uint32_t i = 0; i < kAcceptsPerRound && count < out.size(); ++i) {
    const int fd = accept4(socket.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      out[count++] = {socket.who, Op::Accept, true, BlockId::None, fd, {}};
    } else if (errno == EAGAIN) {
      note_empty(socket);
      return count;
    } else if (is_exhaustion(errno)) {
      socket.armed = false;
      out[count++] = {socket.who, Op::Accept, false, BlockId::None, -errno, {}};
      return count;
    }
    // Anything else (ECONNABORTED, EINTR, a network error of that one peer) concerns nobody but the
    // newcomer that has gone.
  }
  ready_.push_back(socket);
  return count;
}

size_t EpollPoller::serve_recv(Socket& socket, Completion& into) {
  const BlockId block = blocks_.try_lend();
  const MutableBytes room = blocks_.bytes(block);
  const ssize_t n = ::recv(socket.fd.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (n > 0) {
    const size_t size = static_cast<size_t>(n);
    into = {socket.who, Op::Recv, true, block, static_cast<int32_t>(n), room.first(size)};
    if (size == room.size() || socket.read_on) {
      ready_.push_back(socket);
    } else {
      note_empty(socket);  // a short read took all there was
    }
    return 1;
  }
  const int error = n == 0 ? 0 : errno;
  blocks_.give_back(block);
  if (error == EAGAIN) {
    note_empty(socket);
    return 0;
  }
  if (error == EINTR) {
    ready_.push_back(socket);
    return 0;
  }
  socket.armed = false;
  into = {socket.who, Op::Recv, false, BlockId::None, -error, {}};
  return 1;
}

}  // namespace sluice
