#include "poller/self_test.h"

#include <gtest/gtest.h>

#include "poller/make_poller.h"

namespace sluice {
namespace {

TEST(SelfTest, PassesOnEpoll) {
  const SystemClock clock;
  for (const char* text : {"epoll", "epoll:bufs=2,buf_size=512", "epoll:trigger=level"}) {
    const absl::Status status = self_test(*PollerSpec::parse(text), clock);
    EXPECT_TRUE(status.ok()) << text << ": " << status;
  }
}

TEST(SelfTest, SaysWhyAPollerCannotBeMade) {
  const SystemClock clock;
  const PollerSpec spec = *PollerSpec::parse("epol");
  EXPECT_EQ(self_test(spec, clock), check_poller_spec(spec));
}

}  // namespace
}  // namespace sluice
