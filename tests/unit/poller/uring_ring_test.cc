#include "poller/uring_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "poller/uring_constants.h"
#include "support/poller_few_descriptors.h"
#include "sys/clock.h"
#include "sys/unique_fd.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr uint32_t kTaskRun =
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_DEFER_TASKRUN;

class UringRingTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto ring = UringRing::make({4, 8});
    if (!ring.ok()) GTEST_SKIP() << "io_uring is not to be had here: " << ring.status();
  }

  static std::unique_ptr<UringRing> make(const RingOptions& options) {
    auto ring = UringRing::make(options);
    EXPECT_TRUE(ring.ok()) << ring.status();
    return ring.ok() ? *std::move(ring) : nullptr;
  }

  static void add_nop(UringRing& ring, uint64_t number) {
    io_uring_sqe& sqe = ring.next_sqe();
    io_uring_prep_nop(&sqe);
    sqe.user_data = number;
  }

  // The names of the next `count` completions, in their order.
  static std::vector<uint64_t> collect(UringRing& ring, size_t count) {
    std::vector<uint64_t> names;
    while (names.size() < count) {
      while (const io_uring_cqe* cqe = ring.next_cqe()) {
        names.push_back(cqe->user_data);
        ring.done();
      }
      if (names.size() < count) ring.enter({.completions = 1, .for_ever = true});
    }
    return names;
  }

  static std::vector<uint64_t> numbers(uint64_t count) {
    std::vector<uint64_t> all;
    for (uint64_t i = 0; i < count; ++i) all.push_back(i);
    return all;
  }
};

TEST_F(UringRingTest, DefersTaskRunsOnlyForASingleIssuerAndOnlyWhereAsked) {
  const auto deferring = make({4, 16, true});
  if ((deferring->setup_flags() & IORING_SETUP_DEFER_TASKRUN) != 0) {
    EXPECT_NE(deferring->setup_flags() & IORING_SETUP_SINGLE_ISSUER, 0U);
  }
  const auto eager = make({4, 16, false});
  EXPECT_EQ(eager->setup_flags() & IORING_SETUP_DEFER_TASKRUN, 0U);
}

TEST_F(UringRingTest, ASubmissionThreadExcludesAllTaskRunFlags) {
  const auto ring = make({.sq_entries = 4, .cq_entries = 16, .sqpoll = true});
  EXPECT_NE(ring->setup_flags() & IORING_SETUP_SQPOLL, 0U);
  EXPECT_EQ(ring->setup_flags() & kTaskRun, 0U);
}

TEST_F(UringRingTest, ItsQueuesHaveTheSizesAskedFor) {
  const auto ring = make({8, 64});
  EXPECT_EQ(ring->sq_entries(), 8U);
  EXPECT_EQ(ring->cq_entries(), 64U);
  EXPECT_GE(make({16, 4})->cq_entries(), 16U) << "what is submitted has room when it completes";
}

TEST_F(UringRingTest, ANopComesBackWithItsName) {
  const auto ring = make({4, 16});
  EXPECT_EQ(ring->next_cqe(), nullptr);
  EXPECT_FALSE(ring->has_unsubmitted());
  add_nop(*ring, 4711);
  EXPECT_TRUE(ring->has_unsubmitted());
  EXPECT_EQ(collect(*ring, 1), std::vector<uint64_t>{4711});
  EXPECT_FALSE(ring->has_unsubmitted());
  EXPECT_EQ(ring->next_cqe(), nullptr);
}

TEST_F(UringRingTest, MoreSubmissionsThanFitGoInBetween) {
  for (const bool sqpoll : {false, true}) {
    SCOPED_TRACE(sqpoll ? "sqpoll" : "no thread");
    const auto ring = make({.sq_entries = 4, .cq_entries = 128, .sqpoll = sqpoll});
    for (uint64_t i = 0; i < 100; ++i) add_nop(*ring, i);
    EXPECT_EQ(collect(*ring, 100), numbers(100));
    ring->enter({});
    EXPECT_EQ(ring->next_cqe(), nullptr) << "each came once";
  }
}

TEST_F(UringRingTest, MoreCompletionsThanFitAreNotLost) {
  for (const bool sqpoll : {false, true}) {
    SCOPED_TRACE(sqpoll ? "sqpoll" : "no thread");
    const auto ring = make({.sq_entries = 4, .cq_entries = 8, .sqpoll = sqpoll});
    for (uint64_t i = 0; i < 100; ++i) add_nop(*ring, i);
    EXPECT_EQ(collect(*ring, 100), numbers(100));
  }
}

TEST_F(UringRingTest, SubmissionsOfOneCallGoInTheirOrderAcrossManyCalls) {
  const auto ring = make({4, 8});
  for (uint64_t round = 0; round < 1'000; ++round) {
    add_nop(*ring, 2 * round);
    add_nop(*ring, 2 * round + 1);
    EXPECT_EQ(collect(*ring, 2), (std::vector<uint64_t>{2 * round, 2 * round + 1}));
  }
}

TEST_F(UringRingTest, WaitingEndsWithTheTimeout) {
  const auto ring = make({4, 16});
  const SystemClock clock;
  for (const Duration length : {Duration(1), Duration(100'000), Duration(20'000'000)}) {
    const Instant end = clock.now() + length;
    // A ring of an earlier test that ends now interrupts it, as a signal does, and is told.
    const auto rest = [&] { return std::max(Duration(0), end - clock.now()); };
    while (ring->enter({.completions = 1, .timeout = rest()})) {
    }
    EXPECT_GE(clock.now(), end);
    EXPECT_EQ(ring->next_cqe(), nullptr);
  }
}

TEST_F(UringRingTest, WithoutCompletionsToWaitForItDoesNotSleep) {
  const auto ring = make({4, 16});
  // It would sleep for ever.
  ring->enter({});
  ring->enter({.for_ever = true});
}

TEST_F(UringRingTest, AMinimalWaitCollectsForThatLongAndNoLonger) {
  const auto ring = make({4, 16});
  if ((ring->features() & uapi::kFeatMinTimeout) == 0) {
    GTEST_SKIP() << "this kernel's io_uring has no minimal wait (Linux 6.12)";
  }
  const SystemClock clock;
  const Instant end = clock.now() + 5ms;
  add_nop(*ring, 1);
  // One of eight came: without the minimal wait this would last an hour.
  while (ring->enter({.completions = 8, .timeout = 1h, .min_wait_usec = 5'000})) {
  }
  EXPECT_GE(clock.now(), end);
  EXPECT_EQ(collect(*ring, 1), std::vector<uint64_t>{1});
}

TEST_F(UringRingTest, NewsShowsInUserSpace) {
  const auto ring = make({4, 16});
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  io_uring_sqe& sqe = ring->next_sqe();
  io_uring_prep_poll_add(&sqe, event.get(), POLLIN);
  sqe.user_data = 7;
  ring->enter({});
  EXPECT_FALSE(ring->has_news());
  const uint64_t one = 1;
  ASSERT_EQ(write(event.get(), &one, sizeof one), ssize_t{sizeof one});
  EXPECT_TRUE(ring->has_news());
  EXPECT_EQ(collect(*ring, 1), std::vector<uint64_t>{7});
  EXPECT_FALSE(ring->has_news());
}

TEST_F(UringRingTest, RegistersWithTheKernel) {
  const auto ring = make({4, 16});
  const UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const int number = event.get();
  ASSERT_GE(ring->register_with_kernel(IORING_REGISTER_EVENTFD, &number, 1), 0);
  add_nop(*ring, 1);
  collect(*ring, 1);
  uint64_t completions = 0;
  EXPECT_EQ(read(event.get(), &completions, sizeof completions), ssize_t{sizeof completions});
  EXPECT_EQ(ring->register_with_kernel(IORING_REGISTER_EVENTFD, &number, 1), -EBUSY);
  EXPECT_GE(ring->register_with_kernel(IORING_UNREGISTER_EVENTFD, nullptr, 0), 0);
  constexpr uint32_t kNoSuchOperation = 0x7fff;
  EXPECT_EQ(ring->register_with_kernel(kNoSuchOperation, nullptr, 0), -EINVAL);
}

TEST_F(UringRingTest, CountsItsCallsOfTheKernel) {
  const auto ring = make({4, 16});
  const uint64_t before = ring->enters();
  for (int i = 0; i < 4; ++i) add_nop(*ring, 0);
  EXPECT_EQ(ring->enters(), before) << "there was room for four";
  add_nop(*ring, 0);
  EXPECT_EQ(ring->enters(), before + 1) << "the fifth made room";
  ring->enter({});
  EXPECT_EQ(ring->enters(), before + 2);
}

using UringRingDeathTest = UringRingTest;

TEST_F(UringRingDeathTest, RefusesAThreadThatDidNotMakeIt) {
  if ((make({4, 16})->setup_flags() & IORING_SETUP_SINGLE_ISSUER) == 0) {
    GTEST_SKIP() << "this kernel's io_uring does not look who submits (Linux 6.0)";
  }
  EXPECT_DEATH(
      {
        const auto ring = make({4, 16});
        std::thread([&ring] { ring->enter({}); }).join();
      },
      "io_uring_enter");
}

// What the operator reads when there is neither a filter nor a limit to blame.
TEST_F(UringRingTest, SaysWhyThereIsNoneAndWhatToDo) {
  const test::FewDescriptors few(0);
  const absl::Status status = UringRing::make({4, 16}).status();
  EXPECT_EQ(status.message(), "cannot set up an io_uring: Too many open files; use --poller=epoll");
}

}  // namespace
}  // namespace sluice
