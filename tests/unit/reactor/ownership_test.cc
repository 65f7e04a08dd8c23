#include "reactor/ownership.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

TEST(Ownership, OneReactorOwnsEverything) {
  EXPECT_EQ(owner_of("alice", 1), 0U);
  EXPECT_EQ(owner_of("", 1), 0U);
}

TEST(Ownership, EveryReactorOwnsItsShare) {
  constexpr uint32_t kReactors = 7;
  std::vector<uint32_t> names(kReactors);
  for (int i = 0; i < 7'000; ++i) {
    const std::string name = "user" + std::to_string(i);
    const uint32_t owner = owner_of(name, kReactors);
    ASSERT_LT(owner, kReactors);
    EXPECT_EQ(owner_of(name, kReactors), owner);
    ++names[owner];
  }
  for (const uint32_t count : names) EXPECT_GT(count, 800U);
}

}  // namespace
}  // namespace sluice
