// UringPoller, second half: what goes into the ring and what comes out of it.
//
// Tested by: tests/conformance, over every poller and its options.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "poller/uring_constants.h"
#include "poller/uring_poller.h"

namespace sluice {
namespace {

// Completions that end the collecting before its time.
constexpr uint32_t kMinWaitBatch = 32;
// Without min_wait: nearly every send ends while it is submitted, and its completion is no reason
// to come back. In a rush, when a turn has so many sends, the call waits for them and for company,
// for so long at most. With fewer it comes back for the sends and then sleeps: a second call costs
// less than the timer of a minimal wait, and delays nothing. (20,000 PINGs a second over 1,000
// connections: 15.8 us of CPU each with the timer, 11.2 without, the median 55 us instead of 26.)
constexpr uint32_t kRushSends = 16;
constexpr uint32_t kPatienceUs = 50;
// Bytes of a piece of news, on average, from which on none of this pays: the kernel receives as
// many blocks in one go as it is asked to wait for (20 at least), and at 16 KiB those outgrow the
// cache (a third more CPU).
constexpr uint64_t kSmallTalkBytes = 2048;
// When who received is looked after, seldom; and how many in one turn: a poll(2) of 256 idle
// sockets takes 80 us.
constexpr Duration kLookAfter = std::chrono::milliseconds(500);
constexpr size_t kLooksMax = 256;

// Out of descriptors or of memory: accepting again at once would only spin.
bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

Token token_of(const io_uring_cqe& cqe) { return Token{cqe.user_data & ((uint64_t{1} << 56) - 1)}; }

bool has_more(const io_uring_cqe& cqe) { return (cqe.flags & IORING_CQE_F_MORE) != 0; }

}  // namespace

// ── Into the ring ──

io_uring_sqe& UringPoller::next_sqe(Kind kind, const Socket& socket) {
  io_uring_sqe& sqe = ring_->next_sqe();
  sqe.user_data = uint64_t{static_cast<uint8_t>(kind)} << 56 | socket.self.value;
  return sqe;
}

// Where the socket is in the ring's table of files, its slot there stands for the descriptor.
void UringPoller::name_file(io_uring_sqe& sqe, const Socket& socket) {
  if (!socket.fixed) return;
  sqe.fd = static_cast<int32_t>(socket.self.slot());
  sqe.flags |= IOSQE_FIXED_FILE;
}

void UringPoller::arm_accept(Socket& socket) {
  io_uring_sqe& sqe = next_sqe(Kind::Accept, socket);
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (multishot_) {
    io_uring_prep_multishot_accept(&sqe, socket.fd.get(), nullptr, nullptr, kFlags);
  } else {
    io_uring_prep_accept(&sqe, socket.fd.get(), nullptr, nullptr, kFlags);
  }
  socket.in_kernel = true;
  ++in_kernel_;
}

void UringPoller::arm_recv(Socket& socket) {
  if (starved_.empty()) {
    submit_recv(socket, BlockGroup::Hot, multishot_);
  } else {
    starved_.push_back(socket);  // nobody overtakes those who wait for a block
  }
}

void UringPoller::submit_recv(Socket& socket, BlockGroup group, bool multishot) {
  io_uring_sqe& sqe = next_sqe(Kind::Recv, socket);
  io_uring_prep_recv(&sqe, socket.fd.get(), nullptr, 0, 0);
  // Without POLL_FIRST an empty ring of blocks ends the Recv at once, although nothing is there to
  // be received (seen on 6.18).
  sqe.ioprio = IORING_RECVSEND_POLL_FIRST;
  if (multishot) {
    sqe.ioprio |= IORING_RECV_MULTISHOT;
    sqe.file_index = credit_;  // the kernel calls it optlen here: a budget of bytes (Linux 6.17)
  }
  if (options_.bundle) sqe.ioprio |= uapi::kRecvSendBundle;
  sqe.flags = IOSQE_BUFFER_SELECT;
  name_file(sqe, socket);
  sqe.buf_group = static_cast<uint16_t>(group);
  socket.overflow = group == BlockGroup::Overflow;
  socket.in_kernel = true;
  ++in_kernel_;
}

// One block each, for as many as there are blocks: a multishot would take those of whoever comes
// after it.
void UringPoller::arm_starved() {
  for (const BlockGroup group : {BlockGroup::Hot, BlockGroup::Overflow}) {
    for (uint32_t ready = blocks_->ready(group); ready > 0 && !starved_.empty(); --ready) {
      submit_recv(*starved_.pop_front(), group, false);
    }
  }
}

void UringPoller::arm_wake() {
  io_uring_sqe& sqe = ring_->next_sqe();
  io_uring_prep_poll_multishot(&sqe, event_.get(), POLLIN);
  sqe.user_data = uint64_t{static_cast<uint8_t>(Kind::Wake)} << 56;
  ++in_kernel_;
}

void UringPoller::submit_send(Socket& socket) {
  Sending& sending = *socket.sending;
  // The kernel itself goes on with a send that found no room (WAITALL), so that one completion is
  // the rule.
  constexpr int kFlags = MSG_NOSIGNAL | MSG_WAITALL;
  const std::span<iovec> rest = std::span(sending.parts).subspan(sending.first);
  size_t bytes = 0;
  if (options_.zc_bytes > 0) {
    for (const iovec& part : rest) bytes += part.iov_len;
  }
  const bool zero_copy = options_.zc_bytes > 0 && bytes >= options_.zc_bytes && !sending.copy;
  io_uring_sqe& sqe = next_sqe(Kind::Send, socket);
  const int fd = socket.fd.get();
  if (rest.size() == 1) {
    if (zero_copy) {
      io_uring_prep_send_zc(&sqe, fd, rest[0].iov_base, rest[0].iov_len, kFlags, 0);
    } else {
      io_uring_prep_send(&sqe, fd, rest[0].iov_base, rest[0].iov_len, kFlags);
    }
  } else {
    sending.message = {};
    sending.message.msg_iov = rest.data();
    sending.message.msg_iovlen = rest.size();
    if (zero_copy) {
      io_uring_prep_sendmsg_zc(&sqe, fd, &sending.message, kFlags);
    } else {
      io_uring_prep_sendmsg(&sqe, fd, &sending.message, kFlags);
    }
  }
  name_file(sqe, socket);
  ++sending.in_kernel;
  ++in_kernel_;
  ++sends_queued_;
}

// What the cancelled operation says is the news; of the cancellation itself only a failure is told.
void UringPoller::cancel(const Socket& socket, Kind what, Kind how) {
  io_uring_sqe& sqe = next_sqe(how, socket);
  io_uring_prep_cancel64(&sqe, uint64_t{static_cast<uint8_t>(what)} << 56 | socket.self.value, 0);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void UringPoller::cancel_recv(Socket& socket) {
  socket.cancelling = true;
  cancel(socket, socket.listener ? Kind::Accept : Kind::Recv, Kind::CancelRecv);
}

void UringPoller::cancel_send(const Socket& socket) {
  cancel(socket, Kind::Send, Kind::CancelSend);
}

// ── Out of the ring ──

void UringPoller::tell(const Socket& socket, Op op, bool more, BlockId block, int32_t result,
                       MutableBytes bytes) {
  const Completion news{socket.who, op, more, block, result, bytes};
  if (told_ < out_.size() && finished_.empty()) {
    out_[told_++] = news;
  } else {
    finished_.push_back(news);
  }
}

void UringPoller::finish(const Socket& socket, Op op, int32_t result) {
  tell(socket, op, false, BlockId::None, result);
}

size_t UringPoller::hand_out(std::span<Completion> out) {
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

// The same stop as EpollPoller::wait(): the kernel's news becomes completions.
size_t UringPoller::wait(Instant deadline, std::span<Completion> out) {
  told_ = hand_out(out);
  out_ = out;
  const bool busy = told_ > 0 || ring_->next_cqe() != nullptr;
  skipped_kernel_ = busy && !skipped_kernel_ && !ring_->has_unsubmitted();
  woken_ = !skipped_kernel_ && sleep(deadline, busy);
  reap();
  // What concerns nobody outside (a Recv armed again, somebody looked after) ends no sleep.
  while (told_ == 0 && !woken_ && clock_.now() < deadline) {
    woken_ = sleep(deadline, false);
    reap();
  }
  told_ += hand_out(out.subspan(told_));
  out_ = {};
  return told_;
}

// A multishot Recv that finds bytes takes the socket for empty and waits for the next event,
// although a reset may have come together with them (a FIN is told; seen on 6.18). So whoever
// received is looked at once, a little later, many in one call: news that nobody fetches arms a
// Recv anew.
void UringPoller::look_after(Instant now) {
  if (look_at_ == kNever) look_at_ = now + kLookAfter;
  if (now < look_at_) return;
  if (look_until_ == 0) {
    look_until_ = unsure_.size();  // who joins meanwhile has to wait
    talk_bytes_ /= 2;              // what was said long ago counts less and less
    talk_pieces_ /= 2;
  }
  std::array<pollfd, kLooksMax> asked;
  std::array<Socket*, kLooksMax> sockets;
  size_t count = 0;
  size_t taken = 0;
  while (taken < look_until_ && count < kLooksMax) {
    Socket* socket = sockets_.find(unsure_[taken++]);
    if (socket == nullptr) continue;
    socket->unsure = false;
    // Whose Recv has ended since is looked at when the next one is armed.
    if (!socket->in_kernel || socket->cancelling) continue;
    asked[count] = {socket->fd.get(), POLLIN | POLLRDHUP, 0};
    sockets[count++] = socket;
  }
  unsure_.erase(unsure_.begin(), unsure_.begin() + static_cast<ptrdiff_t>(taken));
  look_until_ -= taken;
  if (look_until_ == 0) look_at_ = unsure_.empty() ? kNever : now + kLookAfter;
  if (::poll(asked.data(), count, 0) <= 0) return;
  for (size_t i = 0; i < count; ++i) {
    if (asked[i].revents != 0) cancel_recv(*sockets[i]);
  }
}

// The one call of a turn: submits, and waits unless something is there already. True when a signal
// ended it.
bool UringPoller::sleep(Instant deadline, bool busy) {
  const uint32_t sends = std::exchange(sends_queued_, 0);
  blocks_->publish();
  if (!starved_.empty()) {
    arm_starved();
    // Those were the first in line, which may have no bytes any more: with blocks left over the
    // others must not wait for them.
    const bool left_over =
        blocks_->ready(BlockGroup::Hot) + blocks_->ready(BlockGroup::Overflow) > 0;
    busy = busy || (left_over && !starved_.empty());
  }
  if (!unsure_.empty()) {
    look_after(clock_.now());
    // With some left to look at it is past: the turn goes on without sleeping.
    deadline = std::min(deadline, look_at_);
  }
  if (busy || deadline == Instant::min()) return ring_->enter({});
  if (options_.busy_poll_us > 0) {
    ring_->enter({});
    if (ring_->next_cqe() != nullptr) return false;
    const Duration longest = std::chrono::microseconds(options_.busy_poll_us);
    if (spin(std::min(deadline, clock_.now() + longest))) return ring_->enter({});
  }
  UringRing::Wait wait;
  wait.for_ever = deadline == kNever;
  if (!wait.for_ever) {
    // Compared first: the difference to an instant near the beginning of time has no Duration.
    const Instant now = clock_.now();
    if (deadline <= now) return ring_->enter({});
    wait.timeout = deadline - now;
  }
  wait.completions = 1;
  if (options_.min_wait_us != kMinWaitAuto) {
    if (options_.min_wait_us > 0) collect(wait, kMinWaitBatch, options_.min_wait_us);
  } else if (features_.min_wait && sends >= kRushSends &&
             talk_bytes_ < talk_pieces_ * kSmallTalkBytes) {
    collect(wait, sends + kMinWaitBatch, kPatienceUs);
  }
  return ring_->enter(wait);
}

// Has `wait` go on for at least `us`, or until there are so many completions.
void UringPoller::collect(UringRing::Wait& wait, uint32_t completions, uint32_t us) {
  // Without a timeout the kernel takes the minimal wait for one, and comes back with nothing; a
  // shorter timeout it does not heed before the minimal wait is over.
  if (wait.for_ever) wait.timeout = std::chrono::hours(24);
  wait.for_ever = false;
  const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(wait.timeout);
  wait.min_wait_usec = static_cast<uint32_t>(std::min<int64_t>(us, longest.count()));
  if (wait.min_wait_usec > 0) wait.completions = completions;
}

// Looks at the queues without a system call; true when the kernel has something for enter().
bool UringPoller::spin(Instant until) {
  while (!ring_->has_news()) {
    if (clock_.now() >= until) return false;
  }
  return true;
}

void UringPoller::reap() {
  uint64_t events = 0;
  while (told_ < out_.size() && finished_.size() < out_.size()) {
    const io_uring_cqe* next = ring_->next_cqe();
    if (next == nullptr) break;
    const io_uring_cqe cqe = *next;
    ring_->done();
    ++events;
    on_cqe(cqe);
  }
  counters_.events.add(events);
  counters_.calls.add(ring_->enters() - counters_.calls.value());
}

void UringPoller::on_cqe(const io_uring_cqe& cqe) {
  const auto kind = static_cast<Kind>(cqe.user_data >> 56);
  if (!is_cancel(kind) && !has_more(cqe)) --in_kernel_;
  if (kind == Kind::Wake) {
    woken_ = true;
    if (!has_more(cqe)) arm_wake();
    return;
  }
  Socket* socket = sockets_.find(token_of(cqe));
  if (is_cancel(kind)) {
    if (socket != nullptr) on_cancel_failed(*socket, kind);
    return;
  }
  SLUICE_CHECK(socket != nullptr, "a socket outlives its operations in the kernel");
  if (kind == Kind::Recv) {
    on_recv(*socket, cqe);
  } else if (kind == Kind::Send) {
    on_send(*socket, cqe);
  } else {
    on_accept(*socket, cqe);
  }
}

// The operation was just on its way between two states (a multishot that had its 32 shots waits for
// its next turn outside every list), or it has ended, and its completion is to come or came.
void UringPoller::on_cancel_failed(Socket& socket, Kind kind) {
  if (kind == Kind::CancelRecv && socket.cancelling && socket.in_kernel) cancel_recv(socket);
  const bool sends = socket.sending != nullptr && !socket.sending->over;
  if (kind == Kind::CancelSend && socket.closing && sends) cancel_send(socket);
}

void UringPoller::on_accept(Socket& socket, const io_uring_cqe& cqe) {
  if (!has_more(cqe)) socket.in_kernel = false;
  if (cqe.res >= 0) {
    if (socket.closing) {
      UniqueFd(cqe.res).reset();
    } else {
      tell(socket, Op::Accept, true, BlockId::None, cqe.res);
    }
  }
  if (has_more(cqe)) return;
  if (socket.closing) {
    if (socket.end_due) finish(socket, Op::Accept, -ECANCELED);
    settle_closing(socket);
  } else if (cqe.res < 0 && is_exhaustion(-cqe.res)) {
    socket.armed = false;
    finish(socket, Op::Accept, cqe.res);
  } else {
    // Anything else (ECONNABORTED, a network error of that one peer) concerns nobody but the
    // newcomer that has gone; and a full completion queue ends the multishot as well.
    arm_accept(socket);
  }
}

void UringPoller::on_recv(Socket& socket, const io_uring_cqe& cqe) {
  if (!has_more(cqe)) socket.in_kernel = false;
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) on_recv_bytes(socket, cqe);
  if (has_more(cqe) && !socket.unsure) {
    socket.unsure = true;
    unsure_.push_back(socket.self);
  }
  if (!has_more(cqe)) on_recv_over(socket, cqe.res);
}

void UringPoller::on_recv_bytes(Socket& socket, const io_uring_cqe& cqe) {
  BlockId block = blocks_->take(socket.overflow ? BlockGroup::Overflow : BlockGroup::Hot,
                                static_cast<uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT));
  talk_bytes_ += static_cast<uint64_t>(std::max(cqe.res, 0));
  ++talk_pieces_;
  // A bundle names its first block; the others stood behind it in the ring.
  for (auto left = static_cast<size_t>(std::max(cqe.res, 0)); block != BlockId::None;) {
    const size_t size = options_.bundle ? std::min(left, blocks_->kernel_room(block)) : left;
    left -= size;
    const BlockId next = left > 0 ? blocks_->take_next(block) : BlockId::None;
    if (socket.closing || size == 0) {
      blocks_->give_back(block);
    } else {
      tell(socket, Op::Recv, true, block, static_cast<int32_t>(size),
           blocks_->bytes(block).first(size));
    }
    block = next;
  }
}

// The kernel's operation has ended: by itself, because it was asked to, or with the stream.
void UringPoller::on_recv_over(Socket& socket, int32_t result) {
  const bool again = result > 0 || result == -ENOBUFS || result == -ECANCELED ||
                     result == -EAGAIN || result == -EINTR;
  socket.cancelling = false;
  if (socket.end_due) {
    socket.end_due = false;
    finish(socket, Op::Recv, -ECANCELED);
  }
  if (socket.closing) return settle_closing(socket);
  if (!again) {
    socket.ended = true;
    socket.end = result;
    if (!socket.armed) return;  // the next Recv is told
    socket.armed = false;
    return finish(socket, Op::Recv, result);
  }
  if (!socket.armed) return;
  counters_.rearms.add();
  if (result != -ENOBUFS) return arm_recv(socket);
  counters_.starved.add();
  if (!socket.overflow && starved_.empty() && blocks_->ready(BlockGroup::Overflow) > 0) {
    return submit_recv(socket, BlockGroup::Overflow, multishot_);
  }
  starved_.push_back(socket);
}

void UringPoller::on_send(Socket& socket, const io_uring_cqe& cqe) {
  Sending& sending = *socket.sending;
  if (!has_more(cqe)) --sending.in_kernel;
  if ((cqe.flags & IORING_CQE_F_NOTIF) == 0) {
    size_t gone = static_cast<size_t>(std::max(cqe.res, 0));
    sending.sent += static_cast<int32_t>(gone);
    while (gone > 0) {
      iovec& part = sending.parts[sending.first];
      const size_t step = std::min(gone, part.iov_len);
      part.iov_base = static_cast<std::byte*>(part.iov_base) + step;
      part.iov_len -= step;
      gone -= step;
      if (part.iov_len == 0) ++sending.first;
    }
    const bool no_memory = cqe.res == -ENOMEM || cqe.res == -ENOBUFS;
    if (sending.first == sending.parts.size()) {
      sending.over = true;
      sending.outcome = sending.sent;
    } else if (socket.closing) {
      sending.over = true;
      sending.outcome = -ECANCELED;
    } else if (cqe.res > 0 || cqe.res == -EINTR || cqe.res == -EAGAIN ||
               (no_memory && options_.zc_bytes > 0 && !sending.copy)) {
      // Pages lent for zero copy count against the memlock limit: where it is met, copying goes on.
      if (no_memory) sending.copy = true;
      submit_send(socket);
    } else {
      sending.over = true;
      sending.outcome = cqe.res == 0 ? -EPIPE : cqe.res;
    }
  }
  if (sending.over && sending.in_kernel == 0) return on_send_over(socket);
  if (sending.over && socket.closing) settle_closing(socket);
}

void UringPoller::on_send_over(Socket& socket) {
  finish(socket, Op::Send, socket.sending->outcome);
  Sending& sending = *socket.sending;
  sending.parts.clear();
  sending.first = 0;
  sending.sent = 0;
  sending.outcome = 0;
  sending.over = false;
  sending.copy = false;
  spare_sendings_.push_back(std::move(socket.sending));
  if (socket.closing) return settle_closing(socket);
  if (!socket.fin_after_send) return;
  socket.fin_after_send = false;
  ::shutdown(socket.fd.get(), SHUT_WR);
}

// Shut down, last completions, then the descriptor, then the slot.
void UringPoller::settle_closing(Socket& socket) {
  if (socket.in_kernel || (socket.sending != nullptr && !socket.sending->over)) return;
  if (socket.fixed) {
    // Until Linux 6.12 a file that left the table lived on while an older one had operations.
    ::shutdown(socket.fd.get(), SHUT_RDWR);
    const int none = -1;
    io_uring_register_files_update(&ring_->raw(), socket.self.slot(), &none, 1);
    socket.fixed = false;
  }
  if (socket.sending != nullptr) {
    // Bytes lent for zero copy wait for the peer, who may never take them: a reset frees them.
    const linger reset{1, 0};
    setsockopt(socket.fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  socket.fd.reset();
  if (socket.sending != nullptr) return;
  finish(socket, Op::Close, 0);
  sockets_.erase(socket.self);
}

}  // namespace sluice
