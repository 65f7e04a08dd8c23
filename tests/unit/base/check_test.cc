#include "base/check.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Check, LetsATrueConditionPass) {
  int asked = 0;
  SLUICE_CHECK(++asked == 1, "asked once");
  EXPECT_EQ(asked, 1);
}

TEST(CheckDeathTest, SaysWhereWhatAndWhy) {
  const int answer = 41;
  EXPECT_DEATH(SLUICE_CHECK(answer == 42, "the answer is known"),
               "check_test\\.cc:[0-9]+: check failed: answer == 42: the answer is known\n");
}

TEST(CheckDeathTest, CutsWhatIsTooLongAndStillEndsTheLine) {
  const std::string why(5000, 'y');
  EXPECT_DEATH(check_failed("file.cc", 7, "condition", why.c_str()),
               "file\\.cc:7: check failed: condition: y+\n");
}

TEST(Check, LooksAtDebugConditionsInDebugBuildsOnly) {
  int asked = 0;
  SLUICE_DCHECK(++asked > 0, "always true");
  EXPECT_EQ(asked, kDebugChecks ? 1 : 0);
}

TEST(CheckDeathTest, EndsADebugBuildAtAFailedDebugCheck) {
  EXPECT_DEBUG_DEATH(SLUICE_DCHECK(1 + 1 == 3, "sums"), "1 \\+ 1 == 3: sums");
}

}  // namespace
}  // namespace sluice
