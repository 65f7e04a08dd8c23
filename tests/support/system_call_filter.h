// A kernel that refuses a system call, as old kernels and the filters of containers do.
//
// A filter cannot be taken away again, and holds for the calling thread and all that it starts:
// call this in a child (in_child.h, or ChildProcess's `prepare`). System calls only, so it may
// stand between fork and exec. It knows one machine's call numbers: those it was compiled for.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "base/check.h"

namespace sluice::test {

inline void install_filter(sock_filter* program, unsigned short length) {
  const sock_fprog filter{length, program};
  SLUICE_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "a child may give up privileges");
  SLUICE_CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0,
               "a child may have a seccomp filter");
}

// From here on that call answers -1 with errno `error`.
inline void refuse_system_call(unsigned int number, unsigned int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  install_filter(program, sizeof program / sizeof program[0]);
}

// The same, where the call's second argument is `value`: an operation of io_uring_register(2).
inline void refuse_io_uring_register(unsigned int value, unsigned int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 3),
      // The lower half: the machines that this is for are little-endian.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + sizeof(__u64)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  install_filter(program, sizeof program / sizeof program[0]);
}

}  // namespace sluice::test
