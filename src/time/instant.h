// The words for time: a point on the monotonic clock, a length of it, and the wall clock's number.
//
// None of them can be read here: the clock lives in sys/, is read once a turn and handed down as a
// parameter, so that a test lives at any time it likes. Pure types, any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

// The tag of the monotonic clock; it has no now() on purpose.
struct MonotonicEpoch {};

using Duration = std::chrono::nanoseconds;

// Nanoseconds since an arbitrary start (the machine's boot, a simulation's
// beginning), never negative.
using Instant = std::chrono::time_point<MonotonicEpoch, Duration>;

// The deadline of nothing.
inline constexpr Instant kNever = Instant::max();

// Milliseconds since the Unix epoch, for the wire and the log; it may jump, so it measures nothing.
using WallMs = int64_t;

// now + length, or kNever where that is out of range: lengths come from configurations.
constexpr Instant instant_after(Instant now, Duration length) {
  return length > kNever - now ? kNever : now + length;
}

}  // namespace sluice
