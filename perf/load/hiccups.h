// How long this machine keeps a thread from running that does nothing but look at the clock.
//
// Of each millisecond the longest gap between two looks is recorded, and a gap of several
// milliseconds once for each of them, a millisecond shorter each time: what a perfect server on
// that core could not have done better than, for a message at any moment. Interrupts, other
// programs and a hypervisor that takes the core away all show here. On the thread that calls, which
// the caller has pinned.
#pragma once

#include "load/histogram.h"

namespace sluice::load {

Histogram watch_hiccups(double seconds);

}  // namespace sluice::load
