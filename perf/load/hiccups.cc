#include "load/hiccups.h"

#include <algorithm>

#include "sys/clock.h"

namespace sluice::load {
namespace {

void record(Histogram& hiccups, Duration gap) {
  hiccups.record(static_cast<uint64_t>(gap.count()));
}

}  // namespace

Histogram watch_hiccups(double seconds) {
  constexpr Duration kSlice = std::chrono::milliseconds(1);
  Histogram hiccups;
  const SystemClock clock;
  Instant last = clock.now();
  const Instant end =
      last + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  Instant slice_end = last + kSlice;
  Duration longest{};
  while (last < end) {
    const Instant now = clock.now();
    longest = std::max(longest, now - last);
    if (now >= slice_end) {
      for (; longest > kSlice; longest -= kSlice) record(hiccups, longest);
      record(hiccups, longest);
      longest = Duration{};
      slice_end = now + kSlice;
    }
    last = now;
  }
  return hiccups;
}

}  // namespace sluice::load
