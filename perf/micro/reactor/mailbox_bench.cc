// What a letter costs between two threads: with both sides looking all the time, which is the queue
// and the cache lines alone; and between two reactors that sleep on real pollers, as in the
// gateway.
//
// The wall clock is what counts here. The CPU column is that of both threads.
#include <benchmark/benchmark.h>

#include <future>
#include <string>
#include <thread>

#include "base/check.h"
#include "micro/default_poller.h"
#include "micro/pinned.h"
#include "reactor/reactor.h"

namespace sluice {
namespace {

constexpr uint32_t kSlots = 8192;  // The gateway's own, mailbox-slots.

struct Ball {
  bool wants_answer;
};

// ── Two threads that never sleep ──

Mail take(Mailbox& box) {
  Mail mail;
  while (!box.try_take(&mail)) {
  }
  return mail;
}

void spin(benchmark::State& state) {
  const TwoCores cores = TwoCores::of_this_thread();
  const Pinned pinned(cores.here);
  state.SetLabel(cores.label());
  Mailbox here(kSlots);
  Mailbox there(kSlots);
  const Mail ball;
  Mail last;
  last.where = &last;  // A letter that says where it comes from is the last.
  std::thread thread([&] {
    const Pinned its_pinned(cores.there);
    while (take(there).where == nullptr) SLUICE_CHECK(here.try_post(ball), "there is room");
  });
  for (auto _ : state) {
    SLUICE_CHECK(there.try_post(ball), "there is room");
    benchmark::DoNotOptimize(take(here));
  }
  SLUICE_CHECK(there.try_post(last), "there is room");
  thread.join();
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(spin)->Name("Mailbox/ping_pong/spin")->UseRealTime()->MeasureProcessCPUTime();

// ── Two reactors ──

class Player final : public Resident {
 public:
  Player(Reactor& reactor, uint32_t opponents_index)
      : reactor_(reactor), opponents_index_(opponents_index) {}

  void set_opponent(Player* opponent) { opponent_ = opponent; }
  void play(Ball ball) {
    reactor_.post(opponents_index_, make_mail<&Player::on_ball>(*opponent_, ball));
  }
  uint64_t received() const { return received_; }

  void on_completion(const Completion&, Instant) override {}
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}

 private:
  void on_ball(const Ball& ball) {
    ++received_;
    if (ball.wants_answer) play({.wants_answer = false});
  }

  Reactor& reactor_;
  const uint32_t opponents_index_;
  Player* opponent_ = nullptr;
  uint64_t received_ = 0;
};

struct Opponent {
  Reactor* reactor;
  Player* player;
};

// The other reactor's thread: makes all that is its own, says where it is, plays until stopped, and
// stays until `farewell`: who stopped it may still be about to wake its poller.
void run_opponent(std::string_view kind, Mailroom& room, Player& first,
                  std::promise<absl::StatusOr<Opponent>>& made, std::future<void> farewell) {
  const auto poller = make_default_poller(kind);
  if (!poller.ok()) return made.set_value(poller.status());
  Reactor reactor(1, **poller, system_clock(), room);
  Player player(reactor, 0);
  player.set_opponent(&first);
  reactor.set_resident(&player);
  made.set_value(Opponent{&reactor, &player});
  reactor.run();
  farewell.wait();
}

// `range` letters there, and one back for the last of them. Both sleep between.
void play(benchmark::State& state, std::string_view kind) {
  const TwoCores cores = TwoCores::of_this_thread();
  const Pinned pinned(cores.here);
  state.SetLabel(cores.label());
  const auto poller = make_default_poller(kind);
  if (!poller.ok()) return skip(state, kind, poller.status());
  Mailroom room(2, kSlots);
  Reactor reactor(0, **poller, system_clock(), room);
  Player player(reactor, 1);
  reactor.set_resident(&player);

  std::promise<absl::StatusOr<Opponent>> made;
  std::promise<void> farewell;
  std::thread thread([&] {
    const Pinned its_pinned(cores.there);
    run_opponent(kind, room, player, made, farewell.get_future());
  });
  const absl::StatusOr<Opponent> opponent = made.get_future().get();
  if (!opponent.ok()) {
    thread.join();
    return skip(state, kind, opponent.status());
  }
  player.set_opponent(opponent->player);

  uint64_t rounds = 0;
  for (auto _ : state) {
    for (int64_t i = 1; i < state.range(0); ++i) player.play({.wants_answer = false});
    player.play({.wants_answer = true});
    ++rounds;
    while (player.received() < rounds) reactor.turn();
  }
  opponent->reactor->stop();
  farewell.set_value();
  thread.join();
  state.SetItemsProcessed(state.iterations() * (state.range(0) + 1));
}

bool add_all() {
  for (const PollerKind& kind : poller_kinds()) {
    const std::string name = "Mailbox/ping_pong/" + std::string(kind.name);
    benchmark::RegisterBenchmark(name.c_str(), play, kind.name)
        ->Arg(1)
        ->Arg(64)
        ->UseRealTime()
        ->MeasureProcessCPUTime();
  }
  return true;
}

[[maybe_unused]] const bool kAdded = add_all();

}  // namespace
}  // namespace sluice
