// System calls that EpollPoller makes, counted, and some of them denied.
//
// counted_calls.cc defines the C library's functions of the same names, which this program's own
// code (and nobody else's) then calls. One thread only.
#pragma once

namespace sluice::test {

struct CountedCalls {
  int recv = 0;
  int epoll_ctl_mod = 0;
  int epoll_pwait2 = 0;
  int napi_us = 0;                 // what the last EPIOCSPARAMS asked for
  int deny_napi = 0;               // the errno that it gets; 0 = it is taken, the kernel not asked
  bool deny_epoll_pwait2 = false;  // as kernels before 5.11 and valgrind 3.19 do: ENOSYS
};

CountedCalls& counted_calls();

}  // namespace sluice::test
