#include "base/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice {
namespace {

// Vectors of FNV's authors (test_fnv.c).
TEST(Hash, MatchesThePublishedVectorsOfFnv) {
  static_assert(fnv1a("") == 0xcbf29ce484222325U);
  static_assert(fnv1a("a") == 0xaf63dc4c8601ec8cU);
  static_assert(fnv1a("foobar") == 0x85944171f73967e8U);
}

// Owners are a matter between the threads of one process today, but a release that moved them
// should do so knowingly.
TEST(Hash, StaysTheSameInEveryRun) {
  EXPECT_EQ(stable_hash("alice"), mix_bits(fnv1a("alice")));
  EXPECT_EQ(stable_hash("alice"), 0x3507d047a67c08f4U);
  EXPECT_EQ(stable_hash(""), 0xefd01f60ba992926U);
}

TEST(Hash, TakesBytesOverSevenBitsAsUnsigned) {
  EXPECT_EQ(fnv1a("\xff"), (0xcbf29ce484222325U ^ 0xffU) * 0x100000001b3U);
}

TEST(Hash, SpreadsNumberedNamesOverFewOwners) {
  constexpr size_t kOwners = 4;
  constexpr int kNames = 40'000;
  std::array<int, kOwners> owned{};
  for (int i = 0; i < kNames; ++i) ++owned[stable_hash("user" + std::to_string(i)) % kOwners];
  for (const int count : owned) {
    EXPECT_NEAR(count, kNames / kOwners, 500);  // Over five standard deviations.
  }
}

}  // namespace
}  // namespace sluice
