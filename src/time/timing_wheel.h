// A hashed timing wheel: 1000 slots of 10 ms, later deadlines wait for their round.
//
//   start = 0, tick = 10 ms, 1000 slots: one round is 10 s
//
//         slot 0      slot 1      slot 2   …   slot 999
//       ┌──────────┬───────────┬──────────┬───┬───────────┐
//       │          │  10 ms    │          │   │  9990 ms  │   deadlines, rounded up to a tick
//       │          │  10010 ms │          │   │           │   the same slot, one round later
//       ├──────────┼───────────┼──────────┼───┼───────────┤
//       │  never   │  10 ms    │  never   │   │  9990 ms  │   earliest: a lower bound of each slot
//       └──────────┴───────────┴──────────┴───┴───────────┘
//         next_deadline() = 10 ms, the least of them, cached
//
// It never reads a clock: advance(now) is told the time, so a test can live a year in a
// millisecond. It owns no timer; a Timer lives inside its owner and unlinks itself when destroyed.
// Cancelling leaves the bounds as they are, and thereby wakes the owner early, for nothing, at
// most once per cancelled or moved timer. One thread only: the reactor's. (Varghese and Lauck,
// 1987, scheme 6.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/intrusive_list.h"
#include "time/instant.h"

namespace sluice {

class TimingWheel;

// One deadline of its owner. The owner derives from it, or from a small class that does, and finds
// itself again in `fire` with a static_cast.
class Timer : public ListHook<TimingWheel> {
 public:
  // Called by advance(), unarmed already, with the `now` that advance() was given.
  using Fire = void (*)(Timer& timer, Instant now);

  explicit Timer(Fire fire) : fire_(fire) {}
  ~Timer();

  [[nodiscard]] bool armed() const { return linked(); }

  // When it fires: the instant it was armed for, rounded up to a tick; kNever when not armed.
  [[nodiscard]] Instant deadline() const { return armed() ? deadline_ : kNever; }

 private:
  friend class TimingWheel;
  // Only the wheel may unlink: it counts.
  using ListHook<TimingWheel>::linked;
  using ListHook<TimingWheel>::unlink;

  Fire fire_;
  TimingWheel* wheel_ = nullptr;  // The wheel it was armed on last; may dangle while not armed.
  Instant deadline_ = kNever;     // Stale while not armed.
};

static_assert(sizeof(Timer) <= 40, "every connection pays for its timers");

class TimingWheel {
 public:
  // `start` is the instant of tick 0, not negative; `tick` is positive, `slots` at least 1. 10 ms
  // is finer than any limit of a connection; 1000 slots keep the walk over them near a microsecond.
  explicit TimingWheel(Instant start, Duration tick = std::chrono::milliseconds(10),
                       uint32_t slots = 1000);
  // Timers still armed are unlinked and never fire.
  ~TimingWheel() = default;
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  // Arms the timer, or moves it if it was armed, here or on another wheel. A deadline in the past
  // fires at the next advance(); kNever, and what would round up to it, is a cancel(). O(1).
  void arm(Timer& timer, Instant deadline);

  // After it the timer does not fire; without being armed nothing happens. O(1).
  void cancel(Timer& timer);

  // Fires every timer whose deadline() is at or before `now`, once, and returns how many. In the
  // order of ticks while less than a round has passed since the earliest; in the order of arming
  // within a tick. In a callback timers may be armed, cancelled and destroyed, the fired one and
  // any other; one that is armed there waits for the next advance(), even if its deadline is past.
  // advance() itself must not be called there, nor the wheel destroyed. O(1) before
  // next_deadline(), else O(slots + due).
  size_t advance(Instant now);

  // When to call advance() next: never late; exact, or early because of a cancelled or moved timer,
  // each of which costs at most one early call. kNever when no timer is armed. O(1).
  [[nodiscard]] Instant next_deadline() const { return size_ == 0 ? kNever : next_; }

  // Armed timers.
  [[nodiscard]] size_t size() const { return size_; }

 private:
  using TimerList = IntrusiveList<Timer, TimingWheel>;
  struct Slot {
    TimerList timers;
    Instant earliest = kNever;  // No timer here has an earlier deadline.
  };

  size_t slot_of(Instant rounded) const;
  void collect_due(Slot& slot, Instant now, TimerList& due);

  const Instant start_;
  const Duration tick_;
  std::vector<Slot> slots_;
  Instant next_ = kNever;  // Never over the least deadline; stale while no timer is armed.
  size_t size_ = 0;
  bool advancing_ = false;
};

}  // namespace sluice
