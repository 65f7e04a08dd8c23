#include "counted_calls.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>

namespace sluice::test {

CountedCalls& counted_calls() {
  static CountedCalls calls;
  return calls;
}

}  // namespace sluice::test

using sluice::test::counted_calls;

extern "C" {

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  ++counted_calls().recv;
  return recvfrom(fd, buffer, size, flags, nullptr, nullptr);
}

int epoll_ctl(int epoll, int op, int fd, epoll_event* event) noexcept {
  if (op == EPOLL_CTL_MOD) ++counted_calls().epoll_ctl_mod;
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll, op, fd, event));
}

// The poller's only ioctl is EPIOCSPARAMS, whose struct begins with the microseconds.
int ioctl(int, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  counted_calls().napi_us = static_cast<int>(*va_arg(arguments, const uint32_t*));
  va_end(arguments);
  if (counted_calls().deny_napi == 0) return 0;
  errno = counted_calls().deny_napi;
  return -1;
}

int epoll_pwait2(int epoll, epoll_event* events, int size, const timespec* timeout,
                 const sigset_t* signals) {
  ++counted_calls().epoll_pwait2;
  if (counted_calls().deny_epoll_pwait2) {
    errno = ENOSYS;
    return -1;
  }
  constexpr size_t kSignalsBytes = 8;  // of the kernel's own sigset_t
  return static_cast<int>(
      syscall(SYS_epoll_pwait2, epoll, events, size, timeout, signals, kSignalsBytes));
}

}  // extern "C"
