// What deadlines cost: arming, moving and cancelling, and a tick's advance(), with up to a million
// timers on the wheel, as a gateway with a million connections has them.
//
// Deadlines lie at random in five minutes, the default idle timeout: the wheel of 10 s goes round
// thirty times until then, so a slot holds timers of thirty rounds.
#include "time/timing_wheel.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>

#include "base/check.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr uint64_t kSeed = 1;
constexpr Duration kHorizon = minutes(5);

Instant at(Duration since_start) { return Instant{} + since_start; }

// Timers beside each other in memory, and a deadline for each; met in random order, as connections
// become active.
struct Crowd {
  struct Armed : Timer {
    Armed() : Timer(&on_fire) {}
    static void on_fire(Timer& timer, Instant now) {
      auto& self = static_cast<Armed&>(timer);
      if (self.wheel != nullptr) self.wheel->arm(self, now + kHorizon);
    }
    TimingWheel* wheel = nullptr;  // Where it arms itself again when it fires; null: nowhere.
  };

  explicit Crowd(int64_t its_size)
      : size(static_cast<size_t>(its_size)), timers(std::make_unique<Armed[]>(size)) {
    std::mt19937_64 dice(kSeed);
    std::uniform_int_distribution<int64_t> within(1, kHorizon.count());
    for (size_t i = 0; i < size; ++i) {
      order.push_back(&timers[i]);
      deadlines.push_back(at(Duration(within(dice))));
    }
    std::shuffle(order.begin(), order.end(), dice);
  }

  void arm_all(TimingWheel& wheel) {
    for (size_t i = 0; i < size; ++i) wheel.arm(*order[i], deadlines[i]);
  }
  void cancel_all(TimingWheel& wheel) {
    for (size_t i = 0; i < size; ++i) wheel.cancel(*order[i]);
  }

  const size_t size;
  std::unique_ptr<Armed[]> timers;
  std::vector<Armed*> order;
  std::vector<Instant> deadlines;  // Of the timer at the same place in `order`.
};

void insert(benchmark::State& state) {
  Crowd crowd(state.range(0));
  TimingWheel wheel(at({}));
  for (auto _ : state) {
    crowd.arm_all(wheel);
    state.PauseTiming();
    SLUICE_CHECK(wheel.size() == crowd.size, "every timer is armed");
    crowd.cancel_all(wheel);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(insert)->Name("TimingWheel/insert")->Arg(1000)->Arg(1'000'000);

void cancel(benchmark::State& state) {
  Crowd crowd(state.range(0));
  TimingWheel wheel(at({}));
  for (auto _ : state) {
    state.PauseTiming();
    crowd.arm_all(wheel);
    state.ResumeTiming();
    crowd.cancel_all(wheel);
  }
  SLUICE_CHECK(wheel.size() == 0, "every timer is cancelled");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(cancel)->Name("TimingWheel/cancel")->Arg(1000)->Arg(1'000'000);

// A connection that was active: its deadline moves.
void move(benchmark::State& state) {
  Crowd crowd(state.range(0));
  TimingWheel wheel(at({}));
  crowd.arm_all(wheel);
  size_t next = 0;
  for (auto _ : state) {
    wheel.arm(*crowd.order[next], crowd.deadlines[crowd.size - 1 - next]);
    if (++next == crowd.size) next = 0;
  }
  SLUICE_CHECK(wheel.size() == crowd.size, "every timer stays armed");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(move)->Name("TimingWheel/move")->Arg(1000)->Arg(1'000'000);

// One tick after the other, 10 ms each, while those that fire arm themselves again five minutes
// later: with a million timers some 33 a tick. An item is a timer that fired, an iteration a tick.
void advance(benchmark::State& state) {
  Crowd crowd(state.range(0));
  TimingWheel wheel(at({}));
  crowd.arm_all(wheel);
  for (size_t i = 0; i < crowd.size; ++i) crowd.timers[i].wheel = &wheel;
  Instant now = at({});
  size_t fired = 0;
  for (auto _ : state) {
    now += milliseconds(10);
    fired += wheel.advance(now);
  }
  SLUICE_CHECK(wheel.size() == crowd.size, "what fires is armed again");
  SLUICE_CHECK(state.iterations() < 1000 || fired > 0, "within a round something fires");
  state.SetItemsProcessed(static_cast<int64_t>(fired));
  state.counters["fired_per_tick"] =
      benchmark::Counter(static_cast<double>(fired), benchmark::Counter::kAvgIterations);
}
BENCHMARK(advance)->Name("TimingWheel/advance")->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace sluice
