#include "time/timing_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration since_start) { return Instant{since_start}; }

// A timer that does what the test says.
class Alarm : public Timer {
 public:
  explicit Alarm(std::function<void(Instant)> act = [](Instant) {})
      : Timer(&Alarm::on_fire), act_(std::move(act)) {}

  int fired = 0;

 private:
  static void on_fire(Timer& timer, Instant now) {
    auto& self = static_cast<Alarm&>(timer);
    ++self.fired;
    // A copy: the act may destroy the alarm.
    const std::function<void(Instant)> act = self.act_;
    act(now);
  }

  std::function<void(Instant)> act_;
};

TEST(TimingWheel, FiresAtTheDeadlineAndNeverBefore) {
  TimingWheel wheel(at(0ms));
  Alarm alarm;
  wheel.arm(alarm, at(50ms));
  EXPECT_TRUE(alarm.armed());
  EXPECT_EQ(wheel.advance(at(50ms) - 1ns), 0U);
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(wheel.advance(at(50ms)), 1U);
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_FALSE(alarm.armed());
  EXPECT_EQ(alarm.deadline(), kNever);
  EXPECT_EQ(wheel.advance(at(100ms)), 0U);
}

TEST(TimingWheel, RoundsADeadlineUpToATick) {
  TimingWheel wheel(at(3ms));
  Alarm alarm;
  wheel.arm(alarm, at(13ms));
  EXPECT_EQ(alarm.deadline(), at(13ms));
  wheel.arm(alarm, at(13ms) + 1ns);
  EXPECT_EQ(alarm.deadline(), at(23ms));
  EXPECT_EQ(wheel.advance(at(22ms)), 0U);
  EXPECT_EQ(wheel.advance(at(23ms)), 1U);
}

// The picture in timing_wheel.h.
TEST(TimingWheel, KeepsTheRoundsOfASlotApart) {
  TimingWheel wheel(at(0ms));
  Alarm first, last, next_round;
  wheel.arm(next_round, at(10'010ms));
  wheel.arm(last, at(9'990ms));
  wheel.arm(first, at(10ms));
  EXPECT_EQ(wheel.next_deadline(), at(10ms));
  EXPECT_EQ(wheel.advance(at(10ms)), 1U);
  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(wheel.next_deadline(), at(9'990ms));
  EXPECT_EQ(wheel.advance(at(9'990ms)), 1U);
  EXPECT_EQ(wheel.next_deadline(), at(10'010ms));
  EXPECT_EQ(wheel.advance(at(10'009ms)), 0U);
  EXPECT_EQ(wheel.advance(at(10'010ms)), 1U);
  EXPECT_EQ(next_round.fired, 1);
  EXPECT_EQ(wheel.next_deadline(), kNever);
}

TEST(TimingWheel, FiresADeadlinePastOneRound) {
  TimingWheel wheel(at(0ms));
  Alarm alarm;
  wheel.arm(alarm, at(35'000ms));
  EXPECT_EQ(wheel.next_deadline(), at(35'000ms));
  for (Duration now = 10ms; now < 35'000ms; now += 10ms) ASSERT_EQ(wheel.advance(at(now)), 0U);
  EXPECT_EQ(wheel.advance(at(35'000ms)), 1U);
}

TEST(TimingWheel, FiresEverythingAfterASleepOfManyRounds) {
  TimingWheel wheel(at(0ms));
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 1; i <= 500; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel.arm(*alarms.back(), at(i * 80ms));
  }
  EXPECT_EQ(wheel.advance(at(385 * 80ms)), 385U);
  EXPECT_EQ(wheel.size(), 115U);
  EXPECT_EQ(wheel.next_deadline(), alarms[385]->deadline());
  EXPECT_EQ(wheel.advance(at(1h)), 115U);
}

TEST(TimingWheel, LivesAYearInAMillisecond) {
  constexpr Duration kYear = 365 * 24h;
  TimingWheel wheel(at(0ms));
  Alarm soon, late;
  wheel.arm(soon, at(1s));
  wheel.arm(late, at(kYear));
  EXPECT_EQ(wheel.advance(at(kYear) - 1ns), 1U);
  EXPECT_EQ(wheel.next_deadline(), at(kYear));
  EXPECT_EQ(wheel.advance(at(kYear)), 1U);
  EXPECT_EQ(late.fired, 1);
}

TEST(TimingWheel, FiresInTheOrderOfTicksAcrossTheSeam) {
  TimingWheel wheel(at(0ms));
  std::vector<int> order;
  Alarm a([&](Instant) { order.push_back(1); });
  Alarm b([&](Instant) { order.push_back(2); });
  Alarm c([&](Instant) { order.push_back(3); });
  Alarm d([&](Instant) { order.push_back(4); });
  wheel.arm(d, at(10'020ms));  // Slot 2.
  wheel.arm(b, at(9'980ms));   // Slot 998.
  wheel.arm(a, at(9'970ms));   // Slot 997.
  wheel.arm(c, at(9'980ms));
  EXPECT_EQ(wheel.advance(at(10'100ms)), 4U);
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
}

TEST(TimingWheel, MovesATimerThatIsArmedAgain) {
  TimingWheel wheel(at(0ms));
  Alarm alarm;
  wheel.arm(alarm, at(100ms));
  wheel.arm(alarm, at(300ms));
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(wheel.advance(at(200ms)), 0U);
  wheel.arm(alarm, at(250ms));
  EXPECT_EQ(wheel.advance(at(250ms)), 1U);
  EXPECT_EQ(wheel.advance(at(1s)), 0U);
}

TEST(TimingWheel, MovesATimerFromOneWheelToAnother) {
  TimingWheel left(at(0ms)), right(at(0ms));
  Alarm alarm;
  left.arm(alarm, at(100ms));
  right.arm(alarm, at(100ms));
  EXPECT_EQ(left.size(), 0U);
  EXPECT_EQ(left.advance(at(1s)), 0U);
  EXPECT_EQ(right.advance(at(1s)), 1U);
}

TEST(TimingWheel, ForgetsATimerThatIsCancelledOrDestroyed) {
  TimingWheel wheel(at(0ms));
  Alarm alarm;
  auto doomed = std::make_unique<Alarm>();
  wheel.arm(alarm, at(100ms));
  wheel.arm(*doomed, at(100ms));
  EXPECT_EQ(wheel.size(), 2U);
  wheel.cancel(alarm);
  wheel.cancel(alarm);
  doomed.reset();
  EXPECT_EQ(wheel.size(), 0U);
  EXPECT_EQ(wheel.next_deadline(), kNever);
  EXPECT_EQ(wheel.advance(at(1s)), 0U);
}

TEST(TimingWheel, TakesNeverForACancel) {
  TimingWheel wheel(at(0ms));
  Alarm alarm;
  wheel.arm(alarm, at(100ms));
  wheel.arm(alarm, kNever);
  EXPECT_FALSE(alarm.armed());
  wheel.arm(alarm, kNever - 1ns);
  EXPECT_FALSE(alarm.armed());
  wheel.arm(alarm, kNever - 10ms);
  EXPECT_TRUE(alarm.armed());
  EXPECT_LT(wheel.next_deadline(), kNever);
}

TEST(TimingWheel, UnlinksItsTimersWhenItEnds) {
  Alarm alarm;
  {
    TimingWheel wheel(at(0ms));
    wheel.arm(alarm, at(100ms));
  }
  EXPECT_FALSE(alarm.armed());
}

TEST(TimingWheel, FiresAPastDeadlineAtTheNextAdvance) {
  TimingWheel wheel(at(1s));
  wheel.advance(at(60s));
  Alarm past, before_start;
  wheel.arm(past, at(30s));
  wheel.arm(before_start, at(0s));
  EXPECT_EQ(before_start.deadline(), at(1s));
  EXPECT_LE(wheel.next_deadline(), at(60s));
  EXPECT_EQ(wheel.advance(at(60s)), 2U);
}

TEST(TimingWheel, MayBeCancelledAndRearmedInsideACallback) {
  TimingWheel wheel(at(0ms));
  Alarm victim, moved;
  Alarm first([&](Instant now) {
    wheel.cancel(victim);
    wheel.arm(moved, now + 500ms);
  });
  wheel.arm(first, at(100ms));
  wheel.arm(victim, at(100ms));
  wheel.arm(moved, at(100ms));
  EXPECT_EQ(wheel.advance(at(100ms)), 1U);
  EXPECT_EQ(victim.fired + moved.fired, 0);
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(wheel.advance(at(600ms)), 1U);
  EXPECT_EQ(moved.fired, 1);
}

TEST(TimingWheel, LetsACallbackDestroyItsTimerAndOthers) {
  TimingWheel wheel(at(0ms));
  std::unique_ptr<Alarm> self;
  auto other = std::make_unique<Alarm>();
  auto far = std::make_unique<Alarm>();
  self = std::make_unique<Alarm>([&](Instant) {
    other.reset();
    far.reset();
    self.reset();
  });
  wheel.arm(*self, at(100ms));
  wheel.arm(*other, at(100ms));
  wheel.arm(*far, at(900ms));
  EXPECT_EQ(wheel.advance(at(100ms)), 1U);
  EXPECT_EQ(self, nullptr);
  EXPECT_EQ(wheel.size(), 0U);
  EXPECT_EQ(wheel.advance(at(1s)), 0U);
}

// A callback that arms its timer for "at once" must not keep the reactor inside advance().
TEST(TimingWheel, LeavesWhatACallbackArmsForTheNextAdvance) {
  TimingWheel wheel(at(0ms));
  Alarm* self = nullptr;
  Alarm eager([&](Instant now) { wheel.arm(*self, now - 50ms); });
  self = &eager;
  wheel.arm(eager, at(100ms));
  EXPECT_EQ(wheel.advance(at(100ms)), 1U);
  EXPECT_LE(wheel.next_deadline(), at(100ms));
  EXPECT_EQ(wheel.advance(at(100ms)), 1U);
  EXPECT_EQ(wheel.advance(at(100ms)), 1U);
  EXPECT_EQ(eager.fired, 3);
}

TEST(TimingWheel, KnowsItsNextDeadlineToATick) {
  TimingWheel wheel(at(0ms));
  EXPECT_EQ(wheel.next_deadline(), kNever);
  Alarm a, b, c;
  wheel.arm(a, at(700ms));
  EXPECT_EQ(wheel.next_deadline(), at(700ms));
  wheel.arm(b, at(20'345ms));
  EXPECT_EQ(wheel.next_deadline(), at(700ms));
  wheel.arm(c, at(299ms));
  EXPECT_EQ(wheel.next_deadline(), at(300ms));
  wheel.advance(at(300ms));
  EXPECT_EQ(wheel.next_deadline(), at(700ms));
  wheel.advance(at(700ms));
  EXPECT_EQ(wheel.next_deadline(), at(20'350ms));
}

TEST(TimingWheel, WakesEarlyAtMostOnceForACancelledTimer) {
  TimingWheel wheel(at(0ms));
  Alarm cancelled, kept;
  wheel.arm(cancelled, at(100ms));
  wheel.arm(kept, at(5'000ms));
  wheel.cancel(cancelled);
  int early = 0;
  while (kept.fired == 0) {
    if (wheel.advance(wheel.next_deadline()) == 0) ++early;
  }
  EXPECT_LE(early, 1);
}

TEST(TimingWheel, LetsFifteenThousandIdleConnectionsSleep) {
  constexpr int kConnections = 15'000;
  TimingWheel wheel(at(0ms));
  std::vector<std::unique_ptr<Alarm>> idle;
  for (int i = 0; i < kConnections; ++i) {
    idle.push_back(std::make_unique<Alarm>());
    // They come within 10 s, so that every slot holds some.
    wheel.arm(*idle.back(), at(i * 10s / kConnections + 5min));
  }
  EXPECT_EQ(wheel.next_deadline(), at(5min));
  size_t fired = 0;
  size_t wakes = 0;
  while (wheel.size() > 0) {
    const size_t now_fired = wheel.advance(wheel.next_deadline());
    EXPECT_GT(now_fired, 0U) << "woke for nothing";
    fired += now_fired;
    ++wakes;
  }
  EXPECT_EQ(fired, static_cast<size_t>(kConnections));
  EXPECT_LE(wakes, 1001U) << "one wake a tick";
}

}  // namespace
}  // namespace sluice
