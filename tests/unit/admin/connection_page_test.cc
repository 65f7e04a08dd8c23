#include "admin/connection_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::HasSubstr;

using Query = std::vector<std::pair<std::string, std::string>>;

std::string error_of(const Query& query) {
  const auto page = page_from_query(query);
  EXPECT_FALSE(page.ok());
  return std::string(page.status().message());
}

TEST(ConnectionPage, IsTheFirstHundredUnlessTheQuerySaysOtherwise) {
  const auto page = page_from_query({});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->offset, 0u);
  EXPECT_EQ(page->limit, 100u);
}

TEST(ConnectionPage, TakesLimitAndOffset) {
  const auto page = page_from_query({{"limit", "10000"}, {"offset", "18446744073709551615"}});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->limit, 10000u);
  EXPECT_EQ(page->offset, UINT64_MAX);
  EXPECT_EQ(page_from_query({{"limit", "0"}})->limit, 0u);
}

TEST(ConnectionPage, NamesTheParameterAndTheRangeWhenANumberIsNone) {
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "ten", "1e3", "0x10", "10001", "1.0",
                          "99999999999999999999999"}) {
    EXPECT_THAT(error_of({{"limit", bad}}), HasSubstr("limit: \"" + std::string(bad) + "\""))
        << bad;
    EXPECT_THAT(error_of({{"limit", bad}}), HasSubstr("0 to 10000")) << bad;
  }
  EXPECT_THAT(error_of({{"offset", "-1"}}), HasSubstr("offset: \"-1\""));
  EXPECT_THAT(error_of({{"offset", "18446744073709551616"}}), HasSubstr("0 or more"));
}

TEST(ConnectionPage, RefusesUnknownAndRepeatedParameters) {
  EXPECT_THAT(error_of({{"limt", "5"}}), HasSubstr("limt: is no parameter"));
  EXPECT_THAT(error_of({{"limt", "5"}}), HasSubstr("use limit and offset"));
  EXPECT_THAT(error_of({{"limit", "5"}, {"limit", "6"}}), HasSubstr("limit: is given twice"));
}

}  // namespace
}  // namespace sluice
