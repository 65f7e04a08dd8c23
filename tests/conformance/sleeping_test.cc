// P6 wakes coalesce and none is lost · P7 the deadline is kept, and without one it sleeps.
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "harness.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST_P(Conformance, P06AWakeBeforeTheSleepEndsIt) {
  settle();
  poller().wake();
  EXPECT_EQ(turn(kNever), 0U);  // Without the wake it would never come back.
}

TEST_P(Conformance, P06ManyWakesBeforeASleepCountAsOne) {
  settle();
  for (int i = 0; i < 1'000; ++i) poller().wake();
  EXPECT_EQ(turn(kNever), 0U);
  expect_sleep_for(20ms);
}

TEST_P(Conformance, P06AWakeEndsTheSleepInProgress) {
  settle();
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax);
}

// Each thread knocks again only when its last knock was heard: a lost one hangs the test.
TEST_P(Conformance, P06NoWakeOfAnyThreadIsLost) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kKnocks = 500;
  settle();
  std::array<std::atomic<uint32_t>, kThreads> knocked{};
  std::array<std::atomic<uint32_t>, kThreads> heard{};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (uint32_t knock = 1; knock <= kKnocks; ++knock) {
        knocked[i].store(knock);
        poller().wake();
        heard[i].wait(knock - 1);
      }
    });
  }
  for (bool all = false; !all;) {
    turn(kNever);
    all = true;
    for (uint32_t i = 0; i < kThreads; ++i) {
      const uint32_t last = knocked[i].load();
      heard[i].store(last);
      heard[i].notify_one();
      all = all && last == kKnocks;
    }
  }
  for (std::thread& thread : threads) thread.join();
}

// Wakes are news to nobody, and neither hide nor repeat what the peers say.
TEST_P(Conformance, P06AFloodOfWakesDoesNotDisturbTheTraffic) {
  constexpr size_t kThreads = 4;
  constexpr size_t kBytes = 20'000;
  const std::vector<Link*> links = connect_many(10);
  for (Link* link : links) recv(*link);
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      while (!enough.load()) {
        poller().wake();
        std::this_thread::yield();
      }
    });
  }
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < links.size(); ++i) {
    texts.push_back(pattern(kBytes, 31 + i));
    client_sends(*links[i], texts[i]);
    send(*links[i], texts[i]);
  }
  for (size_t i = 0; i < links.size(); ++i) {
    EXPECT_TRUE(same_bytes(client_reads(*links[i], kBytes), texts[i]));
    turn_until([&] { return !links[i]->send_open && links[i]->received.size() >= kBytes; },
               "both directions");
    EXPECT_TRUE(same_bytes(links[i]->received, texts[i]));
  }
  enough.store(true);
  for (std::thread& thread : threads) thread.join();
}

TEST_P(Conformance, P06AWakeIsNotLostBehindAResultThatWaits) {
  Link& link = connect();
  settle();
  send(link, "finishes inside the verb, perhaps");
  poller().wake();
  turn_until([&] { return !link.send_open; }, "the end of the send");
  poller().wake();
  EXPECT_EQ(turn(kNever), 0U);
}

TEST_P(Conformance, P06BytesEndTheSleepTooAndTheWakeWithThem) {
  Link& link = connect();
  recv(link);
  alongside([&] { write_all(link.client.get(), "news"); });
  turn_until([&] { return link.received == "news"; }, "the bytes");
}

TEST_P(Conformance, P07WaitDoesNotComeBackBeforeTheDeadline) {
  connect();
  settle();
  for (const Duration length : {1ns, 100'000ns, 3'000'000ns, 30'000'000ns}) {
    expect_sleep_for(length);
  }
}

TEST_P(Conformance, P07APastDeadlineDoesNotSleep) {
  Link& link = connect();
  recv(link);
  settle();
  // It would sleep for ever.
  for (const Instant past : {Instant::min(), Instant::min() + 1ns, Instant{}, clock().now() - 1h}) {
    EXPECT_EQ(turn(past), 0U);
  }
}

TEST_P(Conformance, P07APastDeadlineStillCollectsNews) {
  Link& link = connect();
  recv(link);
  write_all(link.client.get(), "news");
  while (link.received.size() < 4) turn(Instant{});
  EXPECT_EQ(link.received, "news");
}

TEST_P(Conformance, P07WithoutADeadlineItSleeps) {
  const std::string much = pattern(kStuckBytes, 30);
  // One connection of every kind that has nothing to say.
  Link& idle = connect();
  recv(idle);
  connect();
  Link& talked = connect();
  recv(talked);
  write_all(talked.client.get(), "hello");
  Link& ended = connect();
  recv(ended);
  ::shutdown(ended.client.get(), SHUT_WR);
  Link& never_asked = connect();
  write_all(never_asked.client.get(), "unheard");
  never_asked.client.reset();
  Link& half_closed = connect();
  recv(half_closed);
  shutdown_send(half_closed);
  Link& stuck = connect();
  recv(stuck);
  send(stuck, much);
  Link& stuck_and_unheard = connect();
  send(stuck_and_unheard, much);
  write_all(stuck_and_unheard.client.get(), "nobody asked");
  ::shutdown(stuck_and_unheard.client.get(), SHUT_WR);
  fence();
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax);
}

TEST_P(Conformance, P07AFarDeadlineIsNoPastOne) {
  settle();
  for (const Instant far : {kNever - 1ns, clock().now() + 24h * 365 * 200}) {
    poller().wake();
    EXPECT_EQ(turn(far), 0U);
  }
}

void ignore_signal(int) {}

// io_uring tells how much was submitted instead of the signal that ended the waiting: the sleep
// went on, and the signal was lost.
TEST_P(Conformance, P07ASignalEndsTheSleepAlsoOfACallThatSubmittedSomething) {
  Link& link = connect();
  settle();
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = &ignore_signal;
  sigaction(SIGUSR1, &action, &before);
  recv(link);
  const pthread_t sleeper = pthread_self();
  const Instant patience = clock().now() + kPatience;
  std::thread other([&] {
    wait_until_asleep();
    pthread_kill(sleeper, SIGUSR1);
  });
  EXPECT_EQ(turn(patience), 0U);
  EXPECT_LT(clock().now(), patience) << "it slept on";
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(Conformance, P07ASignalEndsTheSleepAndIsNoNews) {
  settle();
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = &ignore_signal;
  sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> back{false};
  const pthread_t sleeper = pthread_self();
  std::thread other([&] {
    // Again and again: the first may come before the sleep.
    while (!back.load()) {
      pthread_kill(sleeper, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(turn(kNever), 0U);
  back.store(true);
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace sluice
