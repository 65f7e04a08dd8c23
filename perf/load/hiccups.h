// How long this machine keeps a thread from running that does nothing but look at the clock.
//
// Of each millisecond the longest gap between two looks is recorded: what a perfect server on that
// core could not have done better than. Interrupts, other programs and a hypervisor that takes the
// core away all show here. One thread, which it pins.
#pragma once

#include "load/histogram.h"

namespace sluice::load {

Histogram watch_hiccups(double seconds);

}  // namespace sluice::load
