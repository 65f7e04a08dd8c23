// A clock that stands still until the test moves it: virtual time for wheels, sessions and ids.
//
// Both its hands move together with advance(); the wall clock may also be set, forwards or back.
// One thread only.
#pragma once

#include <chrono>

#include "sys/clock.h"

namespace sluice::test {

class ManualClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallMs wall_ms() const override { return wall_ms_; }

  void advance(Duration length) {
    now_ += length;
    wall_ms_ += length / std::chrono::milliseconds(1);
  }
  void set_wall_ms(WallMs wall_ms) { wall_ms_ = wall_ms; }

 private:
  Instant now_{std::chrono::hours(1)};
  WallMs wall_ms_ = 1'700'000'000'000;  // 2023-11-14, as in the protocol's vectors
};

}  // namespace sluice::test
