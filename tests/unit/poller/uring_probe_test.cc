#include "poller/uring_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "poller/uring_constants.h"
#include "support/in_child.h"
#include "support/system_call_filter.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// A ring with its blocks, and what is found about it.
struct Tried {
  Tried(const RingOptions& options, uint32_t count) : blocks(count, 0, 512) {
    auto made = UringRing::make(options);
    if (!made.ok()) {
      features = made.status();
      return;
    }
    ring = *std::move(made);
    const absl::Status registered = blocks.register_with(*ring);
    features = registered.ok() ? probe_uring(*ring, blocks) : registered;
  }

  LentBlocks blocks;
  std::unique_ptr<UringRing> ring;
  absl::StatusOr<UringFeatures> features = absl::UnknownError("not tried");
};

size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

auto everything(const UringFeatures& f) {
  return std::tuple(f.multishot_accept, f.multishot_recv, f.credit, f.bundle, f.zero_copy_send,
                    f.min_wait, f.no_iowait, f.napi);
}

class UringProbe : public testing::Test {
 protected:
  void SetUp() override {
    const auto ring = UringRing::make({4, 8});
    if (!ring.ok()) GTEST_SKIP() << "io_uring is not to be had here: " << ring.status();
  }
};

TEST_F(UringProbe, LeavesNothingBehind) {
  const size_t descriptors = open_descriptors();
  for (const uint32_t count : {2U, 16U}) {
    Tried tried({64, 256}, count);
    ASSERT_TRUE(tried.features.ok()) << tried.features.status();
    EXPECT_EQ(tried.blocks.ready(BlockGroup::Hot), count) << "blocks are out";
    tried.ring->enter({});
    EXPECT_EQ(tried.ring->next_cqe(), nullptr) << "an operation is still going on";
    EXPECT_EQ(open_descriptors(), descriptors + 1U) << "beside the ring's own";
  }
}

TEST_F(UringProbe, FindsTheSameWhateverTheRingIsLike) {
  const Tried plain({64, 256}, 16);
  ASSERT_TRUE(plain.features.ok()) << plain.features.status();
  const Tried others[] = {{{.sq_entries = 4, .cq_entries = 8}, 2},
                          {{.sq_entries = 64, .cq_entries = 256, .defer_taskrun = false}, 16},
                          {{.sq_entries = 64, .cq_entries = 256, .sqpoll = true}, 16}};
  for (const Tried& other : others) {
    ASSERT_TRUE(other.features.ok()) << other.features.status();
    EXPECT_EQ(everything(*other.features), everything(*plain.features));
  }
}

TEST_F(UringProbe, FindsNothingThatItsGroundLacks) {
  const Tried tried({64, 256}, 16);
  ASSERT_TRUE(tried.features.ok()) << tried.features.status();
  const UringFeatures& found = *tried.features;
  const uint32_t bits = tried.ring->features();
  EXPECT_TRUE(found.multishot_recv || !found.credit) << "credit is a multishot's";
  EXPECT_TRUE(!found.bundle || (bits & uapi::kFeatRecvSendBundle) != 0);
  EXPECT_EQ(found.min_wait, (bits & uapi::kFeatMinTimeout) != 0);
  EXPECT_EQ(found.no_iowait, (bits & uapi::kFeatNoIowait) != 0);
}

// Each ability is missed by itself, as older kernels do.
TEST_F(UringProbe, MissesNapiAloneWhereTheKernelHasNone) {
  const std::string found = test::in_child([] {
    const Tried before({64, 256}, 16);
    test::refuse_io_uring_register(uapi::kRegisterNapi, EINVAL);
    const Tried after({64, 256}, 16);
    if (!before.features.ok()) return before.features.status().ToString();
    if (!after.features.ok()) return after.features.status().ToString();
    if (after.features->napi) return std::string("it has found NAPI all the same");
    UringFeatures but_for_napi = *before.features;
    but_for_napi.napi = false;
    const bool same = everything(but_for_napi) == everything(*after.features);
    return std::string(same ? "" : "something else is missing too");
  });
  EXPECT_EQ(found, "");
}

TEST_F(UringProbe, SaysWhatToDoWhereTheKernelCannotSayWhatItHas) {
  const std::string found = test::in_child([] {
    test::refuse_io_uring_register(IORING_REGISTER_PROBE, EINVAL);
    return std::string(Tried({64, 256}, 16).features.status().message());
  });
  EXPECT_THAT(found, HasSubstr("cannot say which operations it has (Linux 5.6); use "
                               "--poller=epoll"));
}

TEST_F(UringProbe, BlocksSayWhatToDoWhereTheKernelTakesNone) {
  const std::string found = test::in_child([] {
    test::refuse_io_uring_register(IORING_REGISTER_PBUF_RING, EINVAL);
    return std::string(Tried({64, 256}, 16).features.status().message());
  });
  EXPECT_THAT(found, HasSubstr("no rings of provided buffers (Linux 5.19); use --poller=epoll"));
}

}  // namespace
}  // namespace sluice
