#include "poller/uring_poller.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "poller/uring_constants.h"
#include "sys/errno_status.h"

namespace sluice {
namespace {

// Parts of one send: what epoll takes, so that both cut at the same places.
constexpr uint32_t kPartsMax = 64;
// The kernel's own limit of a table of files (IORING_MAX_FIXED_FILES).
constexpr uint64_t kFixedFilesMax = uint64_t{1} << 20;
// The smallest ring that still makes sense; a memlock limit of 64 KiB has room for it.
constexpr uint32_t kSqEntriesMin = 64;
constexpr uint32_t kCqEntriesMin = 256;
// A dead ring's memory is uncharged by a kernel worker, a few milliseconds after its close.
constexpr int kMemoryTries = 20;
constexpr int kMemoryTriesSmaller = 5;  // for the ring that this attempt itself has just given up
constexpr auto kMemoryPause = std::chrono::milliseconds(10);
// Rounds without progress in which the destructor waits for operations that it has cancelled.
constexpr int kCancelRounds = 100;
constexpr Duration kCancelPatience = std::chrono::milliseconds(10);

absl::Status lacks(absl::string_view option, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("poller uring: ", option,
                                                    ": this kernel's io_uring has no ", what,
                                                    "; leave the option out"));
}

// Refuses demands that the kernel cannot meet.
absl::Status check_demands(const UringOptions& options, const UringFeatures& can,
                           const UringRing& ring) {
  if (options.multishot == Demand::On && !(can.multishot_recv && can.multishot_accept)) {
    return lacks("multishot=on", "multishot accept and recv (Linux 6.0)");
  }
  if (options.defer_taskrun == Demand::On &&
      (ring.setup_flags() & IORING_SETUP_DEFER_TASKRUN) == 0) {
    return lacks("defer_taskrun=on", "deferred task runs (Linux 6.1)");
  }
  if (options.bundle && !can.bundle) return lacks("bundle=on", "receive bundles (Linux 6.10)");
  if (options.zc_bytes > 0 && !can.zero_copy_send) {
    return lacks(absl::StrCat("zc=", options.zc_bytes), "zero-copy send (Linux 6.1)");
  }
  if (options.min_wait_us != kMinWaitAuto && options.min_wait_us > 0 && !can.min_wait) {
    return lacks(absl::StrCat("min_wait=", options.min_wait_us), "minimal wait (Linux 6.12)");
  }
  if (options.napi_us > 0 && !can.napi) {
    return lacks(absl::StrCat("napi=", options.napi_us), "NAPI busy polling (Linux 6.9)");
  }
  return absl::OkStatus();
}

// A ring that has the blocks, whose description for the kernel counts against the memlock limit
// too.
absl::StatusOr<std::unique_ptr<UringRing>> try_ring(const RingOptions& options,
                                                    LentBlocks& blocks) {
  SLUICE_ASSIGN_OR_RETURN(std::unique_ptr<UringRing> ring, UringRing::make(options));
  SLUICE_RETURN_IF_ERROR(blocks.register_with(*ring));
  return ring;
}

// Patience first, for what a dead ring still holds is no reason for a smaller one; then smaller.
absl::StatusOr<std::unique_ptr<UringRing>> make_ring(const UringOptions& options,
                                                     LentBlocks& blocks) {
  RingOptions wanted{options.sq_entries, options.cq_entries, options.defer_taskrun != Demand::Off,
                     options.sqpoll};
  int tries = kMemoryTries;
  for (;;) {
    absl::StatusOr<std::unique_ptr<UringRing>> ring = try_ring(wanted, blocks);
    if (ring.ok()) {
      if (wanted.sq_entries < options.sq_entries || wanted.cq_entries < options.cq_entries) {
        log_warn("the memlock limit makes an io_uring smaller than wanted; raise it (ulimit -l)",
                 {{"sq", wanted.sq_entries}, {"cq", wanted.cq_entries}, {"limit", memlock_text()}});
      }
      return ring;
    }
    if (!absl::IsResourceExhausted(ring.status())) return ring;
    if (tries-- > 0) {
      std::this_thread::sleep_for(kMemoryPause);
      continue;
    }
    const RingOptions before = wanted;
    wanted.sq_entries = std::max(before.sq_entries / 2, std::min(before.sq_entries, kSqEntriesMin));
    wanted.cq_entries = std::max(before.cq_entries / 2, std::min(before.cq_entries, kCqEntriesMin));
    if (wanted.sq_entries == before.sq_entries && wanted.cq_entries == before.cq_entries) {
      return ring;
    }
    const bool last = wanted.sq_entries <= kSqEntriesMin && wanted.cq_entries <= kCqEntriesMin;
    tries = last ? kMemoryTries : kMemoryTriesSmaller;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<UringPoller>> UringPoller::make(const UringOptions& options,
                                                               const Clock& clock) {
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return errno_status(errno, "cannot make an eventfd");
  auto blocks = std::make_unique<LentBlocks>(options.blocks, options.overflow, options.block_bytes);
  SLUICE_ASSIGN_OR_RETURN(std::unique_ptr<UringRing> ring, make_ring(options, *blocks));
  SLUICE_ASSIGN_OR_RETURN(const UringFeatures features, probe_uring(*ring, *blocks));
  SLUICE_RETURN_IF_ERROR(check_demands(options, features, *ring));
  std::unique_ptr<UringPoller> poller(new UringPoller(options, clock, std::move(blocks),
                                                      std::move(ring), features, std::move(event)));
  SLUICE_RETURN_IF_ERROR(poller->set_up_extras());
  return poller;
}

UringPoller::UringPoller(const UringOptions& options, const Clock& clock,
                         std::unique_ptr<LentBlocks> blocks, std::unique_ptr<UringRing> ring,
                         const UringFeatures& features, UniqueFd event)
    : clock_(clock),
      options_(options),
      features_(features),
      blocks_(std::move(blocks)),
      ring_(std::move(ring)),
      event_(std::move(event)) {
  multishot_ =
      options.multishot != Demand::Off && features.multishot_recv && features.multishot_accept;
  if (multishot_ && features.credit) credit_ = options.credit_bytes;
  caps_.hand_over = true;
  caps_.send_bytes_max = size_t{1} << 30;
  caps_.send_parts_max = kPartsMax;
  caps_.blocks = blocks_->count();
  caps_.block_bytes = blocks_->block_bytes();
  if (!multishot_) {
    caps_.pause_slack_bytes = blocks_->block_bytes();
  } else if (credit_ > 0) {
    // The last block is whole, however little of the credit was left.
    caps_.pause_slack_bytes = size_t{credit_} + blocks_->block_bytes();
  } else {
    caps_.pause_slack_bytes = size_t{blocks_->count()} * blocks_->block_bytes();
  }
}

absl::Status UringPoller::set_up_extras() {
  if (options_.fixed_files) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    fixed_files_ = static_cast<uint32_t>(std::min<uint64_t>(limit.rlim_cur, kFixedFilesMax));
    const int result = io_uring_register_files_sparse(&ring_->raw(), fixed_files_);
    if (result < 0) {
      return errno_status(-result, "poller uring: fixed_files=on: no table of files",
                          "leave the option out");
    }
  }
  arm_wake();
  if (options_.napi_us > 0) {
    uapi::Napi napi{};
    napi.busy_poll_usec = options_.napi_us;
    const int result = ring_->register_with_kernel(uapi::kRegisterNapi, &napi, 1);
    if (result < 0) {
      return errno_status(-result, absl::StrCat("poller uring: napi=", options_.napi_us),
                          "leave the option out");
    }
  }
  return absl::OkStatus();
}

// The kernel must not write into memory that is gone, nor send it, so it is made to let go of
// everything first.
UringPoller::~UringPoller() {
  for (int idle = 0; idle < kCancelRounds && in_kernel_ > 0; ++idle) {
    constexpr uint64_t kCancelAll = uint64_t{static_cast<uint8_t>(Kind::CancelAll)} << 56;
    io_uring_sqe& sqe = ring_->next_sqe();
    io_uring_prep_cancel64(&sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    sqe.user_data = kCancelAll;
    ring_->enter({1, kCancelPatience, false, 0});
    bool cancelled = false;
    while (const io_uring_cqe* cqe = ring_->next_cqe()) {
      const auto kind = static_cast<Kind>(cqe->user_data >> 56);
      cancelled = cancelled || cqe->user_data == kCancelAll;
      if (!is_cancel(kind) && (cqe->flags & IORING_CQE_F_MORE) == 0) {
        --in_kernel_;
        idle = 0;
      }
      if (kind == Kind::Accept && cqe->res >= 0) UniqueFd(cqe->res).reset();
      ring_->done();
    }
    // By now the kernel has taken every submission: no descriptor is looked up any more.
    if (cancelled) let_go_of_sockets();
  }
  for (size_t i = handed_out_; i < finished_.size(); ++i) {
    if (finished_[i].op == Op::Accept) UniqueFd(finished_[i].result).reset();
  }
  ring_.reset();
}

// Bytes lent for zero copy wait for their peers, who may never take them, and keep the ring alive
// behind its owner's back (with its thread and its locked memory): resets free them.
void UringPoller::let_go_of_sockets() {
  if (fixed_files_ > 0) io_uring_unregister_files(&ring_->raw());
  fixed_files_ = 0;
  uint32_t cursor = 0;
  while (Socket* socket = sockets_.next_from(cursor)) {
    if (options_.zc_bytes > 0 && socket->sending != nullptr) {
      const linger reset{1, 0};
      setsockopt(socket->fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    socket->fd.reset();
  }
}

std::vector<PollerFeature> UringPoller::features() const {
  const auto word = [](bool on) { return std::string(on ? "on" : "off"); };
  const auto has_feature = [](bool yes) { return std::string(yes ? "yes" : "no"); };
  const uint32_t setup = ring_->setup_flags();
  const auto has = [&](uint32_t flag) { return word((setup & flag) != 0); };
  return {{"multishot", word(multishot_)},
          {"credit", absl::StrCat(credit_)},
          {"defer_taskrun", has(IORING_SETUP_DEFER_TASKRUN)},
          {"coop_taskrun", has(IORING_SETUP_COOP_TASKRUN)},
          {"single_issuer", has(IORING_SETUP_SINGLE_ISSUER)},
          {"submit_all", has(IORING_SETUP_SUBMIT_ALL)},
          {"sqpoll", has(IORING_SETUP_SQPOLL)},
          {"registered_ring", word(ring_->registered())},
          {"no_iowait", word(features_.no_iowait)},
          {"fixed_files", word(fixed_files_ > 0)},
          {"bundle", word(options_.bundle)},
          {"zc", absl::StrCat(options_.zc_bytes)},
          {"napi", absl::StrCat(options_.napi_us)},
          {"busy_poll", absl::StrCat(options_.busy_poll_us)},
          {"min_wait",
           options_.min_wait_us == kMinWaitAuto ? "auto" : absl::StrCat(options_.min_wait_us)},
          {"bufs", absl::StrCat(options_.blocks)},
          {"overflow", absl::StrCat(options_.overflow)},
          {"buf_size", absl::StrCat(options_.block_bytes)},
          {"sq", absl::StrCat(ring_->sq_entries())},
          {"cq", absl::StrCat(ring_->cq_entries())},
          // What this kernel has, in use or not.
          {"has_multishot", has_feature(features_.multishot_recv && features_.multishot_accept)},
          {"has_credit", has_feature(features_.credit)},
          {"has_bundle", has_feature(features_.bundle)},
          {"has_zc", has_feature(features_.zero_copy_send)},
          {"has_min_wait", has_feature(features_.min_wait)},
          {"has_napi", has_feature(features_.napi)}};
}

// ── Handles ──

absl::StatusOr<Handle> UringPoller::add(UniqueFd fd, bool listener) {
  Socket* socket = sockets_.emplace();
  if (socket == nullptr) return absl::ResourceExhaustedError("all handles are in use");
  const uint32_t slot = socket->self.slot();
  if (!listener && slot < fixed_files_) {
    const int number = fd.get();
    // Where it fails (no memory), the plain descriptor serves as well.
    socket->fixed = io_uring_register_files_update(&ring_->raw(), slot, &number, 1) == 1;
  }
  socket->fd = std::move(fd);
  socket->listener = listener;
  return Handle{socket->self.value};
}

absl::StatusOr<Handle> UringPoller::listen(const Address& at, const ListenOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(UniqueFd fd, listen_tcp(at, options));
  return add(std::move(fd), true);
}

absl::StatusOr<Handle> UringPoller::adopt(UniqueFd fd) {
  const Address peer = peer_address(fd.get());
  SLUICE_ASSIGN_OR_RETURN(const Handle handle, add(std::move(fd), false));
  socket_of(handle).peer = peer;
  return handle;
}

UringPoller::Socket& UringPoller::socket_of(Handle handle) {
  Socket* socket = sockets_.find(Token{handle.value});
  SLUICE_CHECK(socket != nullptr && !socket->closing, "a verb on a handle that is closed");
  return *socket;
}

void UringPoller::attach(Handle what, Token who) { socket_of(what).who = who; }

Address UringPoller::peer(Handle of) const {
  const Socket* socket = sockets_.find(Token{of.value});
  return socket == nullptr || socket->closing ? Address() : socket->peer;
}

Address UringPoller::local(Handle of) const {
  const Socket* socket = sockets_.find(Token{of.value});
  return socket == nullptr || socket->closing ? Address() : local_address(socket->fd.get());
}

// ── Verbs ──

void UringPoller::accept(Handle listener) {
  Socket& socket = socket_of(listener);
  SLUICE_DCHECK(socket.listener && !socket.armed, "accept() once per end, on a listener");
  socket.armed = true;
  arm_accept(socket);
}

void UringPoller::recv(Handle from) {
  Socket& socket = socket_of(from);
  SLUICE_DCHECK(!socket.listener && !socket.armed, "recv() once per end, on a connection");
  socket.armed = true;
  if (socket.in_kernel) return;  // the paused one is ending: this one is armed behind it
  if (socket.ended) {
    socket.armed = false;
    finish(socket, Op::Recv, socket.end);
  } else {
    arm_recv(socket);
  }
}

void UringPoller::pause(Handle from) {
  Socket& socket = socket_of(from);
  if (!socket.armed) return;
  socket.armed = false;
  if (socket.in_kernel && !socket.end_due) {
    socket.end_due = true;
    cancel_recv(socket);
  } else {
    socket.unlink();
    finish(socket, Op::Recv, -ECANCELED);
  }
}

void UringPoller::send(Handle to, std::span<const Bytes> parts) {
  Socket& socket = socket_of(to);
  SLUICE_CHECK(socket.sending == nullptr, "one send at a time per handle");
  SLUICE_CHECK(parts.size() <= kPartsMax, "more parts than caps().send_parts_max");
  if (spare_sendings_.empty()) {
    socket.sending = std::make_unique<Sending>();
  } else {
    socket.sending = std::move(spare_sendings_.back());
    spare_sendings_.pop_back();
  }
  Sending& sending = *socket.sending;
  for (const Bytes part : parts) {
    // The kernel only reads, but an iovec has no const.
    if (!part.empty()) {
      sending.parts.push_back({const_cast<std::byte*>(part.data()), part.size()});
    }
  }
  if (sending.parts.empty()) {
    on_send_over(socket);
  } else {
    submit_send(socket);
  }
}

void UringPoller::shutdown_send(Handle to) {
  Socket& socket = socket_of(to);
  if (socket.sending != nullptr) {
    socket.fin_after_send = true;
  } else {
    // ENOTCONN: the peer has reset it, and a Recv will say so.
    ::shutdown(socket.fd.get(), SHUT_WR);
  }
}

void UringPoller::close(Handle what) {
  Socket& socket = socket_of(what);
  socket.closing = true;
  if (socket.armed) {
    socket.armed = false;
    if (socket.in_kernel && !socket.end_due) {
      socket.end_due = true;
    } else {
      socket.unlink();
      finish(socket, socket.listener ? Op::Accept : Op::Recv, -ECANCELED);
    }
  }
  // What was submitted before is begun before it is cancelled, as where sends happen in the verb.
  // Shutting the socket down would not end a Recv for sure: one that finds bytes does not look
  // again.
  if (socket.in_kernel && !socket.cancelling) cancel_recv(socket);
  if (socket.sending != nullptr && !socket.sending->over) cancel_send(socket);
  settle_closing(socket);
}

void UringPoller::wake() const {
  // Every write is an edge for the poll; the counter would need centuries of them to fill.
  const uint64_t one = 1;
  const ssize_t n = write(event_.get(), &one, sizeof one);
  SLUICE_CHECK(n == sizeof one, "write to the wake eventfd");
}

}  // namespace sluice
