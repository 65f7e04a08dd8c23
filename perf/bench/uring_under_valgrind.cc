// Lets a gateway on io_uring run under valgrind 3.19: preloaded into it by instructions.py.
//
// valgrind runs one thread at a time and lets another one go when a system call may block. Of
// io_uring_enter(2) it does not know that it does: the first thread that waits in it stops all.
// So this stands in liburing's place (its io_uring_enter2, and io_uring_register_ring_fd, as a
// registered ring has no descriptor to poll): it submits without waiting, and then looks for news,
// sleeps a little, looks again. Waiting on the ring's descriptor is no way out: with
// IORING_SETUP_DEFER_TASKRUN the descriptor becomes readable only after the thread has entered the
// kernel once more. callgrind is told to leave sluice_wait_for_news() out. What this changes: a
// minimal wait is not kept, and news comes up to 200 us late. Any thread; not part of the gateway.
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <limits>

namespace {

// Short beside what a turn takes under valgrind, long beside one look.
constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 200'000};

// As the kernel has it since 6.12; linux/io_uring.h of 6.1 calls min_wait_usec `pad`.
struct GetEventsArg {
  uint64_t sigmask;
  uint32_t sigmask_size;
  uint32_t min_wait_usec;
  uint64_t timeout;  // the address of a __kernel_timespec, or 0: for ever
};

int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Enters without waiting; as liburing has it, the number submitted or a negative errno.
int enter(unsigned fd, unsigned submit, unsigned flags) {
  const long result =
      syscall(SYS_io_uring_enter, fd, submit, 0, flags & ~IORING_ENTER_EXT_ARG, nullptr, 0);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace

// Returns when there are completions (0), or a negative errno: -ETIME, -EINTR, or the ring's.
// `timeout` is null for ever. callgrind knows it by its name, so it has one and stays a function.
extern "C" [[gnu::noinline]] int sluice_wait_for_news(unsigned fd, unsigned flags,
                                                      const __kernel_timespec* timeout) {
  int64_t end_ns = std::numeric_limits<int64_t>::max();
  if (timeout != nullptr) end_ns = now_ns() + timeout->tv_sec * 1'000'000'000 + timeout->tv_nsec;
  pollfd ring{static_cast<int>(fd), POLLIN, 0};
  while (poll(&ring, 1, 0) <= 0) {
    if (now_ns() >= end_ns) return -ETIME;
    if (nanosleep(&kPause, nullptr) != 0) return -EINTR;
    if (const int result = enter(fd, 0, flags); result < 0) return result;
  }
  // Readable may also mean that there is work which only becomes completions now.
  const int result = enter(fd, 0, flags);
  return result < 0 ? result : 0;
}

extern "C" int io_uring_register_ring_fd(void* /*ring*/) { return -EINVAL; }

extern "C" int io_uring_enter2(unsigned fd, unsigned submit, unsigned complete, unsigned flags,
                               const void* arg, size_t /*size*/) {
  const int submitted = enter(fd, submit, flags);
  if (submitted < 0 || complete == 0) return submitted;
  const auto* wait = static_cast<const GetEventsArg*>(arg);
  const int result =
      sluice_wait_for_news(fd, flags, reinterpret_cast<const __kernel_timespec*>(wait->timeout));
  return result < 0 ? result : submitted;
}
