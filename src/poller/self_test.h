// Whether a poller works on this machine: a connection on the loopback goes through every verb of
// the contract.
#pragma once

#include "absl/status/status.h"
#include "poller/poller_spec.h"
#include "sys/clock.h"

namespace sluice {

// Makes the poller, accepts, receives, sends and closes one loopback connection. OK, or what failed
// and why. Takes milliseconds, two seconds at most, on the calling thread.
absl::Status self_test(const PollerSpec& spec, const Clock& clock);

}  // namespace sluice
