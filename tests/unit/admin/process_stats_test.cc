#include "admin/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>

#include "sys/unique_fd.h"

namespace sluice {
namespace {

// A real line of a 6.18 kernel, with an awkward name.
constexpr std::string_view kLine =
    "4242 (a) (b c) S 1 4242 4242 0 -1 4194560 1105 20 0 0 17 23 0 0 20 0 5 0 987654 12345678 "
    "2048 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

TEST(ProcessStats, FindsTheFieldsBehindANameWithBlanksAndParentheses) {
  const auto stat = parse_stat_line(kLine);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->start_ticks, 987654u);
  EXPECT_EQ(stat->resident_pages, 2048u);
}

TEST(ProcessStats, RefusesALineThatIsCutOrNone) {
  EXPECT_FALSE(parse_stat_line("").has_value());
  EXPECT_FALSE(parse_stat_line("no parenthesis").has_value());
  EXPECT_FALSE(parse_stat_line(kLine.substr(0, 60)).has_value());
  EXPECT_FALSE(parse_stat_line(")").has_value());
}

TEST(ProcessStats, KnowsThisProcess) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 1u << 20);
  EXPECT_GE(stats.open_fds, 3u);
  EXPECT_GE(stats.max_fds, stats.open_fds);
  EXPECT_GE(stats.uptime_ms, 0);
  EXPECT_GT(stats.cpu_ms, 0);
  EXPECT_GT(stats.start_time_ms, 0);
  EXPECT_LE(stats.start_time_ms, int64_t{std::time(nullptr)} * 1000 + 1000);
}

TEST(ProcessStats, CountsEachDescriptor) {
  const uint64_t before = read_process_stats().open_fds;
  const UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd two(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_process_stats().open_fds, before + 2);
}

}  // namespace
}  // namespace sluice
