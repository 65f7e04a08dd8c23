// The clock as a parameter: monotonic instants for deadlines, wall-clock milliseconds for what goes
// on the wire.
//
// SystemClock asks the kernel (through the vDSO, no system call). Tests and simulators bring their
// own. Any thread may ask.
#pragma once

#include "time/instant.h"

namespace sluice {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  // Milliseconds since 1970-01-01 UTC; may jump when somebody sets the machine's clock.
  virtual WallMs wall_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;  // CLOCK_MONOTONIC
  WallMs wall_ms() const override;
};

}  // namespace sluice
