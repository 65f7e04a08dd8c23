#include "transport/plain.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

TEST(PlainTransport, HandsOnTheSameMemoryInBothDirections) {
  std::array<std::byte, 5> bytes{};
  const MutableBytes in = PlainTransport::unwrap(bytes);
  EXPECT_EQ(in.data(), bytes.data());
  EXPECT_EQ(in.size(), bytes.size());
  const Bytes out = PlainTransport::wrap(bytes);
  EXPECT_EQ(out.data(), bytes.data());
  EXPECT_EQ(out.size(), bytes.size());
}

TEST(PlainTransport, TakesNothingForNothing) {
  EXPECT_TRUE(PlainTransport::unwrap({}).empty());
  EXPECT_TRUE(PlainTransport::wrap({}).empty());
}

}  // namespace
}  // namespace sluice
