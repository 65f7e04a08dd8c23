// Where the two threads of a benchmark run: each on a core of its own.
//
// Left to the scheduler, two threads that wake each other land now on one core and now on two, and
// a figure has two values. They take the first two cores that the process may use, which taskset
// can choose; where there is but one, they share it, and the label says so. A Pinned is for the
// thread that makes it, and ends there.
#pragma once

#include <sched.h>

#include <string>

#include "base/check.h"

namespace sluice {

struct TwoCores {
  int here = -1;
  int there = -1;

  // Asked before anybody is pinned: a new thread inherits what its maker may use.
  static TwoCores of_this_thread() {
    cpu_set_t allowed;
    SLUICE_CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "a thread knows its cores");
    TwoCores cores;
    for (int core = 0; core < CPU_SETSIZE && cores.there < 0; ++core) {
      if (!CPU_ISSET(static_cast<size_t>(core), &allowed)) continue;
      (cores.here < 0 ? cores.here : cores.there) = core;
    }
    if (cores.there < 0) cores.there = cores.here;
    return cores;
  }

  std::string label() const {
    if (here == there) return "both on core " + std::to_string(here);
    return "on cores " + std::to_string(here) + " and " + std::to_string(there);
  }
};

class Pinned {
 public:
  explicit Pinned(int core) {
    SLUICE_CHECK(sched_getaffinity(0, sizeof before_, &before_) == 0, "a thread knows its cores");
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<size_t>(core), &only);
    SLUICE_CHECK(sched_setaffinity(0, sizeof only, &only) == 0, "an allowed core can be chosen");
  }
  ~Pinned() {
    SLUICE_CHECK(sched_setaffinity(0, sizeof before_, &before_) == 0, "the cores are there still");
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace sluice
