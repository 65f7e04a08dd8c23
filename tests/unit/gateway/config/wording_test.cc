#include "gateway/config/wording.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Wording, SuggestsTheNearestWordOrNothing) {
  EXPECT_EQ(suggestion("chekc", {"serve", "check"}), ": did you mean check?");
  EXPECT_EQ(suggestion("elephant", {"serve", "check"}), "");
  EXPECT_EQ(suggestion("serve", {}), "");
}

}  // namespace
}  // namespace sluice
