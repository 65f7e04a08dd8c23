// The wheel against a multimap of deadlines, over random lives: every advance must fire the same
// timers, and next_deadline() must never be late, nor early more often than timers were moved.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "time/timing_wheel.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

struct Shape {
  uint32_t seed;
  Duration tick;
  uint32_t slots;
};

class TimingWheelModel : public testing::TestWithParam<Shape> {
 protected:
  class Alarm : public Timer {
   public:
    Alarm(size_t number, TimingWheelModel& test)
        : Timer(&Alarm::on_fire), number_(number), test_(test) {}

   private:
    static void on_fire(Timer& timer, Instant) {
      auto& self = static_cast<Alarm&>(timer);
      self.test_.fired_.insert(self.number_);
    }
    size_t number_;
    TimingWheelModel& test_;
  };

  TimingWheelModel() : random_(GetParam().seed) {
    for (size_t i = 0; i < kTimers; ++i) alarms_[i] = std::make_unique<Alarm>(i, *this);
  }

  Instant rounded(Instant deadline) const {
    if (deadline <= kStart) return kStart;
    const Duration tick = GetParam().tick;
    return kStart + (deadline - kStart + tick - 1ns) / tick * tick;
  }

  void forget(size_t number) {
    for (auto it = model_.begin(); it != model_.end(); ++it) {
      if (it->second != number) continue;
      model_.erase(it);
      ++moved_;
      return;
    }
  }

  // Arms, cancels or destroys one timer.
  void disturb() {
    const size_t number = random_() % kTimers;
    const auto what = random_() % 10;
    forget(number);
    if (what < 7) {
      // Mostly within a round, sometimes many rounds away, sometimes past.
      const auto spread = static_cast<int64_t>(GetParam().slots) * (what == 0 ? 20 : 1);
      const Duration wait =
          GetParam().tick * static_cast<int64_t>(random_() % 1000) * spread / 1000;
      const Instant deadline = now_ + wait - (what == 1 ? 3 * GetParam().tick : 0ns) + 1ns;
      wheel_.arm(*alarms_[number], deadline);
      model_.emplace(rounded(deadline), number);
      ASSERT_EQ(alarms_[number]->deadline(), rounded(deadline));
    } else if (what < 9) {
      wheel_.cancel(*alarms_[number]);
    } else {
      alarms_[number] = std::make_unique<Alarm>(number, *this);
    }
  }

  void advance_both() {
    fired_.clear();
    std::set<size_t> expected;
    while (!model_.empty() && model_.begin()->first <= now_) {
      expected.insert(model_.begin()->second);
      model_.erase(model_.begin());
    }
    const bool was_time = wheel_.next_deadline() <= now_;
    ASSERT_EQ(wheel_.advance(now_), expected.size());
    ASSERT_EQ(fired_, expected);
    ASSERT_EQ(wheel_.size(), model_.size());
    if (was_time && expected.empty()) ++early_;
    ASSERT_LE(early_, moved_);
    if (model_.empty()) {
      ASSERT_EQ(wheel_.next_deadline(), kNever);
    } else {
      ASSERT_LE(wheel_.next_deadline(), model_.begin()->first);
    }
  }

  static constexpr size_t kTimers = 200;
  static constexpr Instant kStart{12345us};

  std::mt19937 random_;
  Instant now_ = kStart;
  TimingWheel wheel_{kStart, GetParam().tick, GetParam().slots};
  std::array<std::unique_ptr<Alarm>, kTimers> alarms_;
  std::multimap<Instant, size_t> model_;
  std::set<size_t> fired_;
  size_t moved_ = 0;
  size_t early_ = 0;
};

TEST_P(TimingWheelModel, FiresWhatAMultimapWouldFire) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam().seed);
  for (int step = 0; step < 5'000; ++step) {
    const auto disturbances = random_() % 4;
    for (size_t i = 0; i < disturbances; ++i) {
      ASSERT_NO_FATAL_FAILURE(disturb());
    }
    // Step as a reactor does: up to the next deadline, or a bit, or far over a round.
    const auto how = random_() % 20;
    if (how < 10 && wheel_.next_deadline() != kNever) {
      now_ = std::max(now_, wheel_.next_deadline());
    } else if (how < 19) {
      now_ += Duration(random_() % 30'000'000);
    } else {
      now_ += GetParam().tick * static_cast<int64_t>(random_() % (3 * GetParam().slots));
    }
    ASSERT_NO_FATAL_FAILURE(advance_both());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TimingWheelModel,
                         testing::Values(Shape{1, 10ms, 1000}, Shape{2, 10ms, 1000},
                                         Shape{3, 10ms, 7}, Shape{4, 1ms, 64}, Shape{5, 3us, 1},
                                         Shape{6, 1ns, 256}),
                         [](const testing::TestParamInfo<Shape>& shape) {
                           return "Seed" + std::to_string(shape.param.seed);
                         });

}  // namespace
}  // namespace sluice
