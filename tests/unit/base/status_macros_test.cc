#include "base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice {
namespace {

absl::StatusOr<std::unique_ptr<int>> make_number(bool succeed) {
  if (!succeed) return absl::NotFoundError("no number");
  return std::make_unique<int>(20);
}

absl::StatusOr<int> twice(bool first, bool second) {
  SLUICE_ASSIGN_OR_RETURN(const std::unique_ptr<int> one, make_number(first));
  std::unique_ptr<int> other;
  SLUICE_ASSIGN_OR_RETURN(other, make_number(second));
  return *one + *other;
}

absl::Status check_all(const absl::Status& first, const absl::Status& second, int* reached) {
  SLUICE_RETURN_IF_ERROR(first);
  ++*reached;
  SLUICE_RETURN_IF_ERROR(second);
  ++*reached;
  return absl::OkStatus();
}

TEST(StatusMacros, HandOnTheValue) {
  const absl::StatusOr<int> sum = twice(true, true);
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(*sum, 40);
}

TEST(StatusMacros, ReturnTheFirstError) {
  EXPECT_EQ(twice(false, true).status(), absl::NotFoundError("no number"));
  EXPECT_EQ(twice(true, false).status(), absl::NotFoundError("no number"));
}

TEST(StatusMacros, StopAtAnErrorAndPassWithoutOne) {
  int reached = 0;
  EXPECT_TRUE(check_all(absl::OkStatus(), absl::OkStatus(), &reached).ok());
  EXPECT_EQ(reached, 2);
  EXPECT_TRUE(absl::IsAborted(check_all(absl::OkStatus(), absl::AbortedError("x"), &reached)));
  EXPECT_EQ(reached, 3);
}

}  // namespace
}  // namespace sluice
