// What the kernel's io_uring knows and the headers of liburing 2.3 do not: numbers of the user
// interface, under our own names.
//
// The kernel's own names are macros in some headers and enumerators in others; whoever defines them
// again breaks with the next header. Sources: include/uapi/linux/io_uring.h of Linux 6.18, and
// trials on that kernel. Whether a running kernel understands one, uring_probe finds out by asking.
#pragma once

#include <cstdint>

namespace sluice::uapi {

// io_uring_enter(2): do not count this sleep as I/O wait (Linux 6.15, feature bit 17).
inline constexpr uint32_t kEnterNoIowait = 1U << 7;

// io_uring_params::features.
inline constexpr uint32_t kFeatRecvSendBundle = 1U << 14;  // Linux 6.10
inline constexpr uint32_t kFeatMinTimeout = 1U << 15;      // Linux 6.12
inline constexpr uint32_t kFeatNoIowait = 1U << 17;        // Linux 6.15

// sqe->ioprio of receive: several buffers in one completion (Linux 6.10).
inline constexpr uint16_t kRecvSendBundle = 1U << 4;

// io_uring_register(2): kernel busy polling of the ring's sockets (Linux 6.9).
inline constexpr uint32_t kRegisterNapi = 27;
inline constexpr uint32_t kUnregisterNapi = 28;

// The argument of both.
struct Napi {
  uint32_t busy_poll_usec;
  uint8_t prefer_busy_poll;
  uint8_t opcode;  // 0: register, all sockets tracked dynamically
  uint8_t pad[2];
  uint32_t op_param;
  uint32_t resv;
};
static_assert(sizeof(Napi) == 16);

// The argument of io_uring_enter(2) with IORING_ENTER_EXT_ARG; liburing 2.3 calls min_wait_usec
// `pad` (Linux 6.12 gave it this meaning).
struct GetEventsArg {
  uint64_t sigmask;
  uint32_t sigmask_bytes;
  uint32_t min_wait_usec;
  uint64_t timeout;  // a pointer to struct __kernel_timespec; 0 = none
};
static_assert(sizeof(GetEventsArg) == 24);

}  // namespace sluice::uapi
