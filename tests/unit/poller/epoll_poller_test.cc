// What is epoll's own affair; the promises to all callers are tested in tests/conformance.
#include "poller/epoll_poller.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "counted_calls.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::counted_calls;

constexpr Token kConnection = Token::make(1, 1, 7);

// One poller and one of its connections; the other end is the test's.
class EpollPollerTest : public testing::Test {
 protected:
  void SetUp() override {
    counted_calls() = {};
    start({});
  }

  void start(EpollOptions options) {
    options.blocks = 4;
    options.block_bytes = 1024;
    auto made = EpollPoller::make(options, clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    poller_ = *std::move(made);
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer_ = UniqueFd(ends[0]);
    const absl::StatusOr<Handle> handle = poller_->adopt(UniqueFd(ends[1]));
    ASSERT_TRUE(handle.ok()) << handle.status();
    handle_ = *handle;
    poller_->attach(handle_, kConnection);
  }

  // Waits, without sleeping, as often as it takes to have `count` completions.
  std::vector<Completion> collect(size_t count) {
    std::vector<Completion> all;
    std::array<Completion, 8> out;
    while (all.size() < count) {
      const size_t n = poller_->wait(Instant::min(), out);
      for (size_t i = 0; i < n; ++i) {
        all.push_back(out[i]);
        if (out[i].block != BlockId::None) poller_->give_back(out[i].block);
      }
    }
    return all;
  }
  // Sends more than the connection takes, so that it gets stuck, and then reads until it went.
  void send_much() {
    const std::string much(8'000'000, 'm');
    const std::array<Bytes, 1> parts{bytes_of(much)};
    poller_->send(handle_, parts);
    std::array<Completion, 8> out;
    std::array<char, 65536> room;
    size_t ends = 0;
    while (ends == 0) {
      while (::recv(peer_.get(), room.data(), room.size(), 0) > 0) {
      }
      ends = poller_->wait(Instant::min(), out);
    }
    EXPECT_EQ(out[0].op, Op::Send);
    EXPECT_EQ(out[0].result, 8'000'000);
  }
  std::string feature(std::string_view name) {
    for (const PollerFeature& each : poller_->features()) {
      if (each.name == name) return each.value;
    }
    return "missing";
  }
  void peer_writes(size_t bytes) {
    const std::string text(bytes, 'x');
    ASSERT_EQ(::send(peer_.get(), text.data(), bytes, 0), static_cast<ssize_t>(bytes));
  }
  void drain() {
    std::array<Completion, 8> out;
    while (poller_->wait(Instant::min(), out) > 0) {
    }
  }

  SystemClock clock_;
  std::unique_ptr<EpollPoller> poller_;
  UniqueFd peer_;
  Handle handle_;
};

TEST_F(EpollPollerTest, SaysWhatItCanDo) {
  const Caps& caps = poller_->caps();
  EXPECT_TRUE(caps.hand_over);
  EXPECT_EQ(caps.reactors_max, 0U);
  EXPECT_EQ(caps.send_parts_max, 64U);
  EXPECT_EQ(caps.send_bytes_max, size_t{1} << 30);
  EXPECT_EQ(caps.pause_slack_bytes, 0U);
  EXPECT_EQ(caps.blocks, 4U);
  EXPECT_EQ(caps.block_bytes, 1024U);
}

TEST_F(EpollPollerTest, AShortReadSaysThatTheSocketIsEmpty) {
  poller_->recv(handle_);
  peer_writes(100);
  EXPECT_EQ(collect(1)[0].result, 100);
  drain();
  EXPECT_EQ(counted_calls().recv, 1) << "another recv() only to see EAGAIN";
}

TEST_F(EpollPollerTest, AReadThatFillsItsBlockIsFollowedByAnother) {
  poller_->recv(handle_);
  peer_writes(1024);
  EXPECT_EQ(collect(1)[0].result, 1024);
  drain();
  EXPECT_EQ(counted_calls().recv, 2);
}

TEST_F(EpollPollerTest, AnEndBehindAShortReadIsReadToo) {
  poller_->recv(handle_);
  peer_writes(100);
  ::shutdown(peer_.get(), SHUT_WR);
  const std::vector<Completion> news = collect(2);
  EXPECT_EQ(news[0].result, 100);
  EXPECT_EQ(news[1].result, 0);
  EXPECT_FALSE(news[1].more);
  EXPECT_EQ(counted_calls().recv, 2);
}

TEST_F(EpollPollerTest, AnIdleConnectionCostsNoCalls) {
  poller_->recv(handle_);
  drain();
  for (int i = 0; i < 10; ++i) drain();
  EXPECT_EQ(counted_calls().recv, 0);
}

// A thousand ready sockets were all looked at in every wait, although the blocks were gone after
// the first sixty-four: that cost more than reading them.
TEST_F(EpollPollerTest, WithoutABlockNobodyElseIsLookedAtAndEverybodyKeepsTheirPlace) {
  std::vector<UniqueFd> peers;
  for (uint32_t i = 0; i < 10; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    peers.emplace_back(ends[0]);
    const absl::StatusOr<Handle> handle = poller_->adopt(UniqueFd(ends[1]));
    ASSERT_TRUE(handle.ok()) << handle.status();
    poller_->attach(*handle, Token::make(1, 1, 100 + i));
    poller_->recv(*handle);
    ASSERT_EQ(::send(ends[0], "x", 1, 0), 1);
  }
  std::vector<uint32_t> order;
  for (const size_t expected : {4U, 4U, 2U}) {
    std::array<Completion, 16> out;
    ASSERT_EQ(poller_->wait(Instant::min(), out), expected);
    for (size_t i = 0; i < expected; ++i) {
      order.push_back(out[i].who.slot() - 100);
      poller_->give_back(out[i].block);
    }
  }
  EXPECT_EQ(order, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(poller_->counters().starved.value(), 2U) << "one look in vain for each round cut short";
  EXPECT_EQ(counted_calls().recv, 10);
}

TEST_F(EpollPollerTest, WriteInterestIsThereOnlyWhileASendIsStuck) {
  const std::array<Bytes, 1> little{bytes_of("little")};
  poller_->send(handle_, little);
  EXPECT_EQ(collect(1)[0].result, 6);
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 0);
  send_much();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 2) << "it is added and taken back, once each";
}

TEST_F(EpollPollerTest, WriteInterestThatIsAlwaysThereCostsNoCalls) {
  start({.write_interest = WriteInterest::Always});
  send_much();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 0);
}

// Pausing, ends and a flow of small reads: the reference pays epoll_ctl for none of it.
TEST_F(EpollPollerTest, EdgeTriggeredInputCostsNoCallsAfterRegistering) {
  poller_->recv(handle_);
  peer_writes(100);
  EXPECT_EQ(collect(1)[0].result, 100);
  poller_->pause(handle_);
  EXPECT_EQ(collect(1)[0].result, -ECANCELED);
  peer_writes(100);
  drain();
  poller_->recv(handle_);
  EXPECT_EQ(collect(1)[0].result, 100);
  ::shutdown(peer_.get(), SHUT_WR);
  EXPECT_EQ(collect(1)[0].result, 0);
  drain();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 0);
}

TEST_F(EpollPollerTest, LevelTriggeredInputIsMutedOnlyWhenNewsComesThatNobodyWants) {
  start({.trigger = Trigger::Level});
  for (int i = 0; i < 3; ++i) {
    poller_->recv(handle_);
    peer_writes(100);
    EXPECT_EQ(collect(1)[0].result, 100);
    poller_->pause(handle_);
    EXPECT_EQ(collect(1)[0].result, -ECANCELED);
    drain();
  }
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 0) << "a pause without news is free";
  peer_writes(100);
  for (int i = 0; i < 5; ++i) drain();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 1) << "muted, once";
  poller_->recv(handle_);
  EXPECT_EQ(collect(1)[0].result, 100);
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 2) << "watched again, once it is empty";
  peer_writes(7);
  EXPECT_EQ(collect(1)[0].result, 7);
}

TEST_F(EpollPollerTest, ALevelTriggeredSendGetsThroughBesideMutedInput) {
  start({.trigger = Trigger::Level});
  peer_writes(100);
  drain();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 1) << "nobody asked: muted";
  send_much();
  EXPECT_EQ(counted_calls().epoll_ctl_mod, 3);
  poller_->recv(handle_);
  EXPECT_EQ(collect(1)[0].result, 100);
}

// A clock that a test can count the reading of; each reading takes a microsecond.
class TickingClock final : public Clock {
 public:
  Instant now() const override { return now_ += 1us; }
  WallMs wall_ms() const override { return 0; }

 private:
  mutable Instant now_{1s};
};

TEST_F(EpollPollerTest, SpinsAsLongAsBusyPollSaysAndThenSleeps) {
  const TickingClock clock;
  const auto poller = EpollPoller::make({.busy_poll_us = 10}, clock);
  ASSERT_TRUE(poller.ok()) << poller.status();
  std::array<Completion, 8> out;
  const int before = counted_calls().epoll_pwait2;
  EXPECT_EQ((*poller)->wait(clock.now() + 5us, out), 0U);
  EXPECT_LE(counted_calls().epoll_pwait2 - before, 6) << "the deadline ends the spinning";
  EXPECT_GE(counted_calls().epoll_pwait2 - before, 3);
  const int between = counted_calls().epoll_pwait2;
  EXPECT_EQ((*poller)->wait(clock.now() + 50us, out), 0U);
  EXPECT_EQ(counted_calls().epoll_pwait2 - between, 11) << "ten short looks and one sleep";
  (*poller)->wake();
  const int after = counted_calls().epoll_pwait2;
  EXPECT_EQ((*poller)->wait(kNever, out), 0U);
  EXPECT_EQ(counted_calls().epoll_pwait2 - after, 1) << "news ends the spinning";
}

TEST_F(EpollPollerTest, ReadyInputIsNotSpunFor) {
  start({.busy_poll_us = 1'000'000});
  peer_writes(1024);
  peer_writes(1024);
  poller_->recv(handle_);
  std::array<Completion, 8> out;
  const int before = counted_calls().epoll_pwait2;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(poller_->wait(kNever, out), 1U);
    poller_->give_back(out[0].block);
  }
  EXPECT_EQ(counted_calls().epoll_pwait2 - before, 2);
}

TEST_F(EpollPollerTest, AsksTheKernelToPollTheCardOnlyWhenTold) {
  EXPECT_EQ(counted_calls().napi_us, 0);
  start({.napi_us = 50});
  EXPECT_EQ(counted_calls().napi_us, 50);
  EXPECT_EQ(feature("napi"), "50");
}

TEST_F(EpollPollerTest, SaysWhatToDoWhereTheKernelCannotPollTheCard) {
  for (const int error : {ENOTTY, EINVAL, EPERM, EOPNOTSUPP}) {
    counted_calls().deny_napi = error;
    const auto made = EpollPoller::make({.napi_us = 50}, clock_);
    ASSERT_FALSE(made.ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(made.status()));
    EXPECT_EQ(made.status().message(),
              std::string("poller epoll: napi=50 is refused here: ") + std::strerror(error) +
                  "; it needs Linux 6.9 with CONFIG_NET_RX_BUSY_POLL; leave napi out, or spin "
                  "with busy_poll instead");
  }
}

TEST_F(EpollPollerTest, TellsWhetherThereIsEpollPwait2) {
  EXPECT_EQ(feature("epoll_pwait2"), "yes");
  counted_calls().deny_epoll_pwait2 = true;
  start({});
  EXPECT_EQ(feature("epoll_pwait2"), "no");
}

TEST_F(EpollPollerTest, KeepsDeadlinesWithoutEpollPwait2) {
  counted_calls() = {};
  counted_calls().deny_epoll_pwait2 = true;
  start({});
  std::array<Completion, 8> out;
  for (const Duration length : {1ns, 1'500'000ns, 20'000'000ns}) {
    const Instant deadline = clock_.now() + length;
    EXPECT_EQ(poller_->wait(deadline, out), 0U);
    EXPECT_GE(clock_.now(), deadline);
  }
  EXPECT_EQ(counted_calls().epoll_pwait2, 1) << "asked once, never again";
  EXPECT_EQ(poller_->wait(Instant::min(), out), 0U);
  EXPECT_EQ(poller_->wait(Instant::min() + 1ns, out), 0U);
  for (const Instant far : {kNever, kNever - 1ns}) {
    poller_->wake();
    EXPECT_EQ(poller_->wait(far, out), 0U);
  }
  poller_->recv(handle_);
  peer_writes(5);
  EXPECT_EQ(poller_->wait(kNever, out), 1U);
  poller_->give_back(out[0].block);
}

TEST_F(EpollPollerTest, RefusesWhatCannotBeWatched) {
  // epoll takes no plain files and no closed descriptors.
  EXPECT_FALSE(poller_->adopt(UniqueFd(::open("/proc/self/exe", 0))).ok());
  EXPECT_FALSE(poller_->adopt(UniqueFd()).ok());
  EXPECT_FALSE(poller_->listen(Address(), {}).ok());
}

using EpollPollerDeathTest = EpollPollerTest;

TEST_F(EpollPollerDeathTest, AVerbOnAClosedHandleIsABug) {
  poller_->close(handle_);
  EXPECT_DEATH(poller_->recv(handle_), "a verb on a handle that is closed");
}

TEST_F(EpollPollerDeathTest, TwoSendsAtATimeAreABug) {
  const std::string much(8'000'000, 'm');
  const std::array<Bytes, 1> parts{bytes_of(much)};
  poller_->send(handle_, parts);
  EXPECT_DEATH(poller_->send(handle_, parts), "one send at a time per handle");
}

TEST_F(EpollPollerDeathTest, MorePartsThanTheCapsSayAreABug) {
  const std::vector<Bytes> parts(65, bytes_of("x"));
  EXPECT_DEATH(poller_->send(handle_, parts), "more parts than caps");
}

}  // namespace
}  // namespace sluice
