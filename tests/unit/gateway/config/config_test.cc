#include "gateway/config/config.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Config, ListensOnLoopbackOnlyByDefault) {
  const Config config;
  ASSERT_EQ(config.listen.size(), 1u);
  EXPECT_EQ(config.listen[0].to_string(), "127.0.0.1:5100");
  EXPECT_TRUE(config.listen[0].is_loopback());
  EXPECT_FALSE(config.admin.has_value());
}

TEST(Config, TakesTheDescriptorLimitLessTheReserveForConnections) {
  Config config;
  EXPECT_EQ(connections_max(config, 20000), 19744u);
  EXPECT_EQ(connections_max(config, 256), 0u);
  EXPECT_EQ(connections_max(config, 0), 0u);
  config.max_connections = 100;
  EXPECT_EQ(connections_max(config, 20000), 100u);
}

}  // namespace
}  // namespace sluice
