#include "time/timing_wheel.h"

#include <algorithm>

#include "base/check.h"

namespace sluice {

Timer::~Timer() {
  if (armed()) wheel_->cancel(*this);
}

TimingWheel::TimingWheel(Instant start, Duration tick, uint32_t slots)
    : start_(start), tick_(tick), slots_(slots) {
  SLUICE_CHECK(start >= Instant{}, "an instant is not negative");
  SLUICE_CHECK(tick > Duration::zero() && slots > 0, "a wheel has slots, and a tick has a length");
}

void TimingWheel::arm(Timer& timer, Instant deadline) {
  if (timer.armed()) timer.wheel_->cancel(timer);
  if (deadline > kNever - tick_) return;

  // Rounded up: a timer that fires early would find its limit not yet reached.
  const Duration wait = std::max(deadline, start_) - start_;
  const Duration cut = wait % tick_;
  const Instant rounded = start_ + (cut == Duration::zero() ? wait : wait - cut + tick_);

  Slot& slot = slots_[slot_of(rounded)];
  slot.timers.push_back(timer);
  slot.earliest = std::min(slot.earliest, rounded);
  next_ = size_ == 0 ? rounded : std::min(next_, rounded);
  timer.wheel_ = this;
  timer.deadline_ = rounded;
  ++size_;
}

void TimingWheel::cancel(Timer& timer) {
  if (!timer.armed()) return;
  SLUICE_DCHECK(timer.wheel_ == this, "a timer is cancelled on the wheel it was armed on");
  timer.unlink();
  --size_;
}

size_t TimingWheel::advance(Instant now) {
  SLUICE_DCHECK(!advancing_, "a timer's callback does not advance the wheel");
  if (now < next_deadline()) return 0;

  // First everything due is taken out of the slots, then it is fired: so a callback may do what it
  // likes to the slots, and what it arms waits for the next call. The walk begins at the earliest.
  TimerList due;
  Instant next = kNever;
  size_t index = slot_of(next_);
  for (size_t visited = 0; visited < slots_.size(); ++visited) {
    Slot& slot = slots_[index];
    if (slot.earliest <= now) collect_due(slot, now, due);
    next = std::min(next, slot.earliest);
    if (++index == slots_.size()) index = 0;
  }
  next_ = next;

  // A timer in `due` is armed still: a callback can cancel, move or destroy it, and it leaves.
  advancing_ = true;
  size_t fired = 0;
  for (; Timer* timer = due.pop_front(); ++fired) {
    --size_;
    timer->fire_(*timer, now);
  }
  advancing_ = false;
  return fired;
}

size_t TimingWheel::slot_of(Instant rounded) const {
  return static_cast<size_t>((rounded - start_) / tick_) % slots_.size();
}

// Moves the slot's due timers to `due` and makes its bound exact.
void TimingWheel::collect_due(Slot& slot, Instant now, TimerList& due) {
  slot.earliest = kNever;
  TimerList later;
  while (Timer* timer = slot.timers.pop_front()) {
    if (timer->deadline_ <= now) {
      due.push_back(*timer);
    } else {
      slot.earliest = std::min(slot.earliest, timer->deadline_);
      later.push_back(*timer);
    }
  }
  slot.timers.splice(later);
}

}  // namespace sluice
