#include "gateway/config/loaded.h"

#include <gtest/gtest.h>

#include "gateway/config/option_table.h"

namespace sluice {
namespace {

TEST(Loaded, BeginsWithEveryKeyAtItsDefault) {
  const Loaded loaded;
  EXPECT_EQ(loaded.config, Config{});
  EXPECT_EQ(loaded.sources.size(), options().size());
  for (const Option& option : options()) {
    EXPECT_EQ(loaded.source_of(option.key).kind, Source::Kind::Default);
    EXPECT_EQ(loaded.source_of(option.key).place, "default");
  }
}

TEST(Loaded, FindsASourceByItsKey) {
  Loaded loaded;
  loaded.source_of("listen").place = "first";
  loaded.source_of("config").place = "last";
  EXPECT_EQ(loaded.sources.front().place, "first");
  EXPECT_EQ(loaded.sources.back().place, "last");
}

}  // namespace
}  // namespace sluice
