// An io_uring that the machine refuses: by a filter, as containers have, or for lack of lockable
// memory. The sysctl kernel.io_uring_disabled is the whole machine's and left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "poller/make_poller.h"
#include "poller/self_test.h"
#include "support/e2e/gateway_process.h"
#include "support/in_child.h"
#include "support/system_call_filter.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kKib = 1024;

PollerSpec spec_of(const char* text) { return *PollerSpec::parse(text); }

class UringRefused : public testing::Test {
 protected:
  void SetUp() override {
    const auto poller = make_poller(spec_of("uring:sq=4,cq=8"), clock_);
    if (!poller.ok()) GTEST_SKIP() << "io_uring is not to be had here: " << poller.status();
  }

  SystemClock clock_;
};

Finished start_under(void (*filter)()) {
  return run_sluice({"--listen=tcp://127.0.0.1:0", "--reactors=2", "--poller=uring"},
                    {.prepare = filter});
}

TEST_F(UringRefused, AProgramThatHasNoneEndsAndSaysThatItIsMissing) {
  const Finished sluice = start_under([] { test::refuse_system_call(SYS_io_uring_setup, ENOSYS); });
  EXPECT_EQ(sluice.exit_code, 1);
  EXPECT_THAT(sluice.errors,
              AllOf(HasSubstr("io_uring is missing: the kernel lacks it or a seccomp filter hides "
                              "it: Function not implemented"),
                    HasSubstr("allow io_uring_setup, or use --poller=epoll")));
}

TEST_F(UringRefused, AProgramThatMayNotEndsAndSaysThatItIsForbidden) {
  const Finished sluice = start_under([] { test::refuse_system_call(SYS_io_uring_setup, EPERM); });
  EXPECT_EQ(sluice.exit_code, 1);
  EXPECT_THAT(sluice.errors,
              AllOf(HasSubstr("io_uring is forbidden, by a seccomp filter"),
                    HasSubstr("Operation not permitted"),
                    HasSubstr("allow io_uring_setup, io_uring_enter and io_uring_register, or use "
                              "--poller=epoll")));
}

TEST_F(UringRefused, TheListOfPollersSaysWhichOneIsNotUsable) {
  const Finished sluice = run_sluice(
      {"pollers"}, {.prepare = [] { test::refuse_system_call(SYS_io_uring_setup, EPERM); }});
  EXPECT_EQ(sluice.exit_code, 0) << "epoll can be used";
  EXPECT_THAT(sluice.output, AllOf(HasSubstr("FAILED, not usable: io_uring is forbidden"),
                                   HasSubstr("OK, usable")));
}

// ── Lockable memory ──

// What a poller of a user with so little lockable memory says: its queues, or why there is none.
std::string tried_with(uint64_t lockable_bytes, const Clock& clock, const char* text) {
  return test::in_child([&] {
    if (!test::become_nobody(lockable_bytes)) return std::string("not root");
    const PollerSpec spec = spec_of(text);
    std::string found;
    {
      const auto poller = make_poller(spec, clock);
      if (!poller.ok()) return std::string(poller.status().message());
      for (const PollerFeature& feature : (*poller)->features()) {
        if (feature.name == "sq" || feature.name == "cq") found += feature.value + " ";
      }
    }
    const absl::Status works = self_test(spec, clock);
    return works.ok() ? found : std::string(works.message());
  });
}

struct Queues {
  int sq = 0;
  int cq = 0;
};
Queues queues_of(const std::string& found) {
  Queues queues;
  EXPECT_EQ(std::sscanf(found.c_str(), "%d %d", &queues.sq, &queues.cq), 2) << found;
  return queues;
}

// How late the kernel gives a dead ring's memory back on a busy machine is not the poller's fault:
// it may try again.
constexpr int kTries = 5;

TEST_F(UringRefused, WithSixtyFourKibibytesOfLockableMemoryItsQueuesAreSmall) {
  std::string found = "no memory";
  for (int i = 0; i < kTries && found.find("no memory") == 0; ++i) {
    found = tried_with(64 * kKib, clock_, "uring");
  }
  if (found == "not root") GTEST_SKIP() << "only root can become somebody else";
  const Queues queues = queues_of(found);
  EXPECT_TRUE(64 <= queues.sq && queues.sq < 512) << found;
  EXPECT_TRUE(256 <= queues.cq && queues.cq < 4096) << found;
}

TEST_F(UringRefused, WithoutLockableMemoryItSaysWhatItNeedsAndWhatToDo) {
  for (const uint64_t kib : {0U, 4U}) {
    const std::string found = tried_with(kib * kKib, clock_, "uring");
    if (found == "not root") GTEST_SKIP() << "only root can become somebody else";
    EXPECT_THAT(found, AllOf(StartsWith("no memory for an io_uring: it needs "),
                             HasSubstr(" KiB of lockable memory"),
                             HasSubstr("the limit is " + std::to_string(kib) + " KiB"),
                             HasSubstr("raise it (ulimit -l, LimitMEMLOCK=), lower --reactors, or "
                                       "use --poller=epoll")));
  }
}

std::string four_in_a_row(const Clock& clock) {
  return test::in_child([&] {
    if (!test::become_nobody(256 * kKib)) return std::string("not root");
    std::string sizes;
    for (int i = 0; i < 4; ++i) {
      const auto poller = make_poller(spec_of("uring"), clock);
      if (!poller.ok()) return std::string(poller.status().message());
      for (const PollerFeature& feature : (*poller)->features()) {
        if (feature.name == "sq" || feature.name == "cq") sizes += feature.value + " ";
      }
    }
    return sizes;
  });
}

// A dead poller's memory is given back late: it made the next one smaller, or impossible.
TEST_F(UringRefused, OneAfterTheOtherAllAreAsLargeAsTheFirst) {
  const std::string wanted = "512 4096 512 4096 512 4096 512 4096 ";
  std::string found;
  // How late the kernel is, is not the poller's fault: on a busy machine it may try again.
  for (int i = 0; i < 5 && found != wanted; ++i) found = four_in_a_row(clock_);
  if (found == "not root") GTEST_SKIP() << "only root can become somebody else";
  EXPECT_EQ(found, wanted);
}

// The poller locks memory for its queues and for its blocks. Queues that took all that there was
// left nothing for the blocks, so that 24 KiB were enough and 28 were not; and a dead poller's
// memory, which the kernel gives back late, made the next one smaller, or impossible.
TEST_F(UringRefused, MoreLockableMemoryIsNeverTooLittle) {
  bool worked = false;
  for (const uint64_t kib : {16U, 20U, 24U, 28U, 32U, 40U, 48U, 60U}) {
    SCOPED_TRACE(testing::Message() << kib << " KiB");
    bool works = false;
    for (int i = 0; i < (worked ? kTries : 1) && !works; ++i) {
      const std::string found = tried_with(kib * kKib, clock_, "uring");
      if (found == "not root") GTEST_SKIP() << "only root can become somebody else";
      works = found.find("no memory for ") != 0;
      if (works) {
        // How large they are is the kernel's affair too, which may be late on a busy machine.
        EXPECT_GE(queues_of(found).sq, 64) << found;
      } else {
        EXPECT_THAT(found, HasSubstr("the limit is " + std::to_string(kib) + " KiB"));
      }
    }
    EXPECT_TRUE(works || !worked) << "less was enough";
    worked = works;
  }
  EXPECT_TRUE(worked);
}

}  // namespace
}  // namespace sluice
