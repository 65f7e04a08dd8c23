// Reactors on threads of their own, with a real poller each: the mailboxes under a thread
// sanitizer, and sleeps that only a knock ends.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "poller/make_poller.h"
#include "reactor/reactor.h"

namespace sluice {
namespace {

struct Numbered {
  uint64_t number;
};

// Sends numbered letters to its neighbour and checks the order of the other one's. It posts at the
// end of its turns only, and sleeps whenever a letter waits for room: then nobody but the
// neighbour's knock wakes it.
class Neighbour final : public Resident {
 public:
  static constexpr uint64_t kLetters = 20'000;
  // Posted at one flush: several times what a mailbox holds.
  static constexpr uint64_t kBurst = 13;

  Neighbour(Reactor& reactor, std::vector<Neighbour*>& all, std::atomic<uint32_t>& unfinished)
      : reactor_(reactor), all_(all), unfinished_(unfinished) {}

  void on_completion(const Completion&, Instant) override {}
  bool has_ready() const override { return sent_ < kLetters && reactor_.outboxes_empty(); }
  void run_ready(Instant) override {}
  void flush(Instant) override {
    if (!has_ready()) return;
    for (uint64_t i = 0; i < kBurst && sent_ < kLetters; ++i, ++sent_) {
      const uint32_t to = next();
      reactor_.post(to, make_mail<&Neighbour::on_letter>(*all_[to], {sent_}));
    }
  }
  void on_letter(const Numbered& letter) {
    EXPECT_EQ(letter.number, received_) << "out of order";
    if (++received_ < kLetters) return;
    if (unfinished_.fetch_sub(1) == 1) {
      for (Neighbour* each : all_) each->reactor_.stop();
    }
  }
  uint64_t received() const { return received_; }

 private:
  uint32_t next() const { return (reactor_.index() + 1) % static_cast<uint32_t>(all_.size()); }

  Reactor& reactor_;
  std::vector<Neighbour*>& all_;
  std::atomic<uint32_t>& unfinished_;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
};

TEST(ReactorThreads, LettersCrossTinyMailboxesInOrderAndNobodyOversleeps) {
  constexpr uint32_t kReactors = 3;
  const SystemClock clock;
  const PollerSpec spec = *PollerSpec::parse("epoll:bufs=2,buf_size=512");
  Mailroom room(kReactors, 4);
  std::vector<std::unique_ptr<Poller>> pollers;
  std::vector<std::unique_ptr<Reactor>> reactors;
  std::vector<std::unique_ptr<Neighbour>> owned;
  std::vector<Neighbour*> all;
  std::atomic<uint32_t> unfinished{kReactors};
  for (uint32_t i = 0; i < kReactors; ++i) {
    pollers.push_back(*make_poller(spec, clock));
    reactors.push_back(std::make_unique<Reactor>(i, *pollers[i], clock, room));
    owned.push_back(std::make_unique<Neighbour>(*reactors[i], all, unfinished));
    all.push_back(owned.back().get());
    reactors[i]->set_resident(all[i]);
  }
  std::vector<std::thread> threads;
  for (const auto& reactor : reactors) {
    threads.emplace_back([&reactor] { reactor->run(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Neighbour* each : all) EXPECT_EQ(each->received(), Neighbour::kLetters);
  for (const auto& reactor : reactors) EXPECT_GT(reactor->mailbox_full().value(), 0U);
}

class IdleResident final : public Resident {
 public:
  void on_completion(const Completion&, Instant) override {}
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}
};

TEST(ReactorThreads, CallsOfAnyThreadRunOnTheReactorsOwn) {
  constexpr int kThreads = 3;
  constexpr int kCalls = 200;
  const SystemClock clock;
  const auto poller = *make_poller(*PollerSpec::parse("epoll"), clock);
  Mailroom room(1, 4);
  Reactor reactor(0, *poller, clock, room);
  IdleResident resident;
  reactor.set_resident(&resident);
  std::thread own([&reactor] { reactor.run(); });
  const std::thread::id own_id = own.get_id();
  int calls = 0;  // the reactor's thread alone touches it
  std::vector<std::thread> callers;
  for (int i = 0; i < kThreads; ++i) {
    callers.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) {
        reactor.call([&] {
          EXPECT_EQ(std::this_thread::get_id(), own_id);
          ++calls;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  reactor.call([&reactor] { reactor.stop(); });
  own.join();
  EXPECT_EQ(calls, kThreads * kCalls);
}

TEST(ReactorThreads, StopEndsASleepWithoutADeadline) {
  const SystemClock clock;
  const auto poller = *make_poller(*PollerSpec::parse("epoll"), clock);
  Mailroom room(1, 4);
  Reactor reactor(0, *poller, clock, room);
  IdleResident resident;
  reactor.set_resident(&resident);
  std::thread own([&reactor] { reactor.run(); });
  reactor.stop();
  own.join();
}

}  // namespace
}  // namespace sluice
