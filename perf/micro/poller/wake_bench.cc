// What a wake costs on each poller of this build, with its default options: on one thread, where
// the sleep never begins, and between two threads that both sleep, which is what a letter to an
// idle reactor waits for.
#include <benchmark/benchmark.h>

#include <atomic>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "micro/default_poller.h"
#include "micro/pinned.h"

namespace sluice {
namespace {

constexpr size_t kBatch = 256;  // Room for completions, as the reactor has it; none come.

// wake() and a wait() that finds it: both calls, and no sleep.
void wake_self(benchmark::State& state, std::string_view kind) {
  const auto poller = make_default_poller(kind);
  if (!poller.ok()) return skip(state, kind, poller.status());
  std::vector<Completion> out(kBatch);
  for (auto _ : state) {
    (*poller)->wake();
    SLUICE_CHECK((*poller)->wait(kNever, out) == 0, "a wake is no completion");
  }
  state.SetItemsProcessed(state.iterations());
}

// Where the ball lies: the number of the round that a side has been sent, and its poller's sleep.
struct Side {
  const Poller* poller = nullptr;
  std::atomic<uint64_t> round{0};

  void send(uint64_t number) {
    round.store(number);
    poller->wake();
  }
};

constexpr uint64_t kLastRound = ~uint64_t{0};

// Sleeps until the side has been sent another round than `seen`; on its own thread.
uint64_t await_round(Side& side, Poller& poller, uint64_t seen, std::span<Completion> out) {
  uint64_t round = side.round.load();
  for (; round == seen; round = side.round.load()) {
    SLUICE_CHECK(poller.wait(kNever, out) == 0, "a wake is no completion");
  }
  return round;
}

// There and back: two wakes, each of which ends the other thread's sleep.
void wake_other(benchmark::State& state, std::string_view kind) {
  const TwoCores cores = TwoCores::of_this_thread();
  const Pinned pinned(cores.here);
  state.SetLabel(cores.label());
  const auto poller = make_default_poller(kind);
  if (!poller.ok()) return skip(state, kind, poller.status());
  Side here;
  here.poller = poller->get();
  Side there;
  std::latch may_end(1);  // Nobody wakes a poller that is gone.
  std::promise<absl::Status> made;
  std::thread thread([&] {
    const Pinned its_pinned(cores.there);
    const auto its_poller = make_default_poller(kind);
    if (its_poller.ok()) there.poller = its_poller->get();
    made.set_value(its_poller.status());
    if (!its_poller.ok()) return;
    std::vector<Completion> out(kBatch);
    uint64_t round = 0;
    while ((round = await_round(there, **its_poller, round, out)) != kLastRound) here.send(round);
    may_end.wait();
  });
  if (const absl::Status status = made.get_future().get(); !status.ok()) {
    thread.join();
    return skip(state, kind, status);
  }

  std::vector<Completion> out(kBatch);
  uint64_t round = 0;
  for (auto _ : state) {
    there.send(round + 1);
    round = await_round(here, **poller, round, out);
  }
  there.send(kLastRound);
  may_end.count_down();
  thread.join();
  state.SetItemsProcessed(2 * state.iterations());
}

bool add_all() {
  for (const PollerKind& kind : poller_kinds()) {
    const std::string name(kind.name);
    benchmark::RegisterBenchmark(("Poller/wake_self/" + name).c_str(), wake_self, kind.name);
    // The CPU column is that of both threads.
    benchmark::RegisterBenchmark(("Poller/wake_other/" + name).c_str(), wake_other, kind.name)
        ->UseRealTime()
        ->MeasureProcessCPUTime();
  }
  return true;
}

[[maybe_unused]] const bool kAdded = add_all();

}  // namespace
}  // namespace sluice
