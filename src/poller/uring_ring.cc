#include "poller/uring_ring.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "poller/uring_constants.h"
#include "sys/errno_status.h"
#include "sys/read_file.h"

namespace sluice {
namespace {

// How long the kernel's submission thread spins before it sleeps.
constexpr uint32_t kSqpollIdleMs = 20;
// Attempts to get room in a full submission queue whose submissions the kernel will not take.
constexpr int kSubmitTries = 1'000'000;

constexpr uint32_t kCooperative = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

// Flags to try, the best first; what an older kernel does not know, it answers with EINVAL.
std::array<uint32_t, 3> flag_sets(const RingOptions& options) {
  const uint32_t base = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
  if (options.sqpoll) {
    const uint32_t sqpoll = base | IORING_SETUP_SQPOLL;
    return {sqpoll | IORING_SETUP_SINGLE_ISSUER, sqpoll, sqpoll};
  }
  const uint32_t all = base | kCooperative | IORING_SETUP_SINGLE_ISSUER;
  return {options.defer_taskrun ? all | IORING_SETUP_DEFER_TASKRUN : all, all, base | kCooperative};
}

int set_up(const RingOptions& options, io_uring* ring) {
  int result = -EINVAL;
  for (const uint32_t flags : flag_sets(options)) {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = std::max(options.cq_entries, options.sq_entries);
    params.sq_thread_idle = kSqpollIdleMs;
    result = io_uring_queue_init_params(options.sq_entries, ring, &params);
    if (result != -EINVAL) return result;
  }
  return result;
}

// Kilobytes that the two queues lock: 64 bytes a submission and 4 for its index, 16 a completion.
uint32_t ring_kib(uint32_t sq, uint32_t cq) { return (sq * 68 + cq * 16 + 4095) / 4096 * 4; }

absl::Status refusal(int error, const RingOptions& options) {
  constexpr absl::string_view kElse = "or use --poller=epoll";
  if (error == ENOSYS) {
    return errno_status(error,
                        "io_uring is missing: the kernel lacks it or a seccomp filter hides it",
                        absl::StrCat("allow io_uring_setup, ", kElse));
  }
  if (error == EPERM || error == EACCES) {
    const absl::StatusOr<std::string> sysctl = read_file("/proc/sys/kernel/io_uring_disabled", 16);
    const bool by_sysctl = sysctl.ok() && !sysctl->empty() && (*sysctl)[0] != '0';
    return errno_status(
        error,
        by_sysctl ? absl::StrCat("io_uring is forbidden: the sysctl kernel.io_uring_disabled is ",
                                 sysctl->substr(0, 1))
                  : "io_uring is forbidden, by a seccomp filter (containers have one) or a "
                    "security module",
        by_sysctl
            ? absl::StrCat("set it to 0, ", kElse)
            : absl::StrCat("allow io_uring_setup, io_uring_enter and io_uring_register, ", kElse));
  }
  if (error == ENOMEM) {
    return errno_status(
        error,
        absl::StrCat(
            "no memory for an io_uring: it needs ",
            ring_kib(options.sq_entries, options.cq_entries),
            " KiB of lockable memory beside the other rings of this user, and the limit is ",
            memlock_text()),
        absl::StrCat("raise it (ulimit -l, LimitMEMLOCK=), lower --reactors, ", kElse));
  }
  if (error == EINVAL) {
    return errno_status(error, "this kernel's io_uring is too old (Linux 5.19 is needed)",
                        "use --poller=epoll");
  }
  return errno_status(error, "cannot set up an io_uring", "use --poller=epoll");
}

}  // namespace

std::string memlock_text() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return "unlimited";
  return absl::StrCat(limit.rlim_cur >> 10, " KiB");
}

absl::StatusOr<std::unique_ptr<UringRing>> UringRing::make(const RingOptions& options) {
  std::unique_ptr<UringRing> made(new UringRing());
  const int result = set_up(options, &made->ring_);
  if (result < 0) {
    made->ring_.ring_fd = -1;
    return refusal(-result, options);
  }
  // Saves looking the descriptor up in every call; without it everything works too.
  io_uring_register_ring_fd(&made->ring_);
  return made;
}

UringRing::~UringRing() {
  if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

io_uring_sqe& UringRing::next_sqe() {
  for (int i = 0; i < kSubmitTries; ++i) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe != nullptr) return *sqe;
    enter({});
  }
  SLUICE_CHECK(false, "the kernel takes no submissions any more");
  __builtin_unreachable();
}

bool UringRing::enter(const Wait& wait) {
  // What io_uring_submit does, which cannot be had together with a minimal wait.
  io_uring_sq& sq = ring_.sq;
  if (sq.sqe_head != sq.sqe_tail) {
    sq.sqe_head = sq.sqe_tail;
    io_uring_smp_store_release(sq.ktail, sq.sqe_tail);
  }
  uint32_t flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  uint32_t submit = sq.sqe_tail - io_uring_smp_load_acquire(sq.khead);
  if ((ring_.flags & IORING_SETUP_SQPOLL) != 0) {
    // The thread may have gone to sleep just now: its flag is read after our tail is written.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const uint32_t state = IO_URING_READ_ONCE(*sq.kflags);
    if ((state & IORING_SQ_NEED_WAKEUP) != 0) flags |= IORING_ENTER_SQ_WAKEUP;
    if (submit == sq.ring_entries) flags |= IORING_ENTER_SQ_WAIT;
  }
  if (registered()) flags |= IORING_ENTER_REGISTERED_RING;
  if ((ring_.features & uapi::kFeatNoIowait) != 0) flags |= uapi::kEnterNoIowait;
  __kernel_timespec timeout{};
  uapi::GetEventsArg arg{};
  if (!wait.for_ever) {
    timeout.tv_sec = wait.timeout.count() / 1'000'000'000;
    timeout.tv_nsec = wait.timeout.count() % 1'000'000'000;
    if (wait.completions > 0) arg.timeout = reinterpret_cast<uint64_t>(&timeout);
  }
  arg.min_wait_usec = wait.min_wait_usec;
  ++enters_;
  const int result =
      io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), submit, wait.completions, flags,
                      reinterpret_cast<sigset_t*>(&arg), sizeof arg);
  // EAGAIN, EBUSY: no memory for requests or completions just now; the submissions stay queued.
  SLUICE_CHECK(
      result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY,
      "io_uring_enter");
  // Where it submitted something, the kernel tells that instead of the signal.
  return result == -EINTR || (result > 0 && wait.completions > 0 && next_cqe() == nullptr);
}

const io_uring_cqe* UringRing::next_cqe() const {
  const io_uring_cq& cq = ring_.cq;
  const uint32_t head = *cq.khead;
  if (head == io_uring_smp_load_acquire(cq.ktail)) return nullptr;
  return &cq.cqes[head & cq.ring_mask];
}

bool UringRing::has_news() const {
  const uint32_t state = IO_URING_READ_ONCE(*ring_.sq.kflags);
  return next_cqe() != nullptr || (state & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0;
}

bool UringRing::has_unsubmitted() const {
  return ring_.sq.sqe_tail != io_uring_smp_load_acquire(ring_.sq.khead);
}

int UringRing::register_with_kernel(uint32_t opcode, const void* arg, uint32_t count) {
  return io_uring_register(static_cast<unsigned>(ring_.ring_fd), opcode, arg, count);
}

}  // namespace sluice
