#include "sys/clock.h"

#include <ctime>

namespace sluice {

Instant SystemClock::now() const {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

WallMs SystemClock::wall_ms() const {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return WallMs{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

}  // namespace sluice
