#include "admin/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

MetricsView view_of(const ShardMetrics& first, const ShardMetrics& second) {
  MetricsView view;
  view.version = "1.2.3";
  view.poller = "epoll:batch=64";
  view.shards = {&first, &second};
  view.reactors = {{1, 2, 3, 4, 5, 6, 7, 8}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  view.process.start_time_ms = 1'700'000'000'123;
  return view;
}

TEST(MetricsText, GivesEachFamilyItsHelpAndTypeBeforeItsSamplesAndOnce) {
  const ShardMetrics shard;
  std::istringstream text(render_metrics(view_of(shard, shard)));
  std::set<std::string> families;
  std::string family;
  std::string type;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first;
    if (first == "#") {
      words >> second >> name;
      if (second == "HELP") {
        EXPECT_TRUE(families.insert(name).second) << name << " appears twice";
        family = name;
        type.clear();
      } else {
        EXPECT_EQ(second, "TYPE");
        EXPECT_EQ(name, family);
        words >> type;
      }
      continue;
    }
    EXPECT_EQ(first.substr(0, first.find('{')), family);
    EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
    EXPECT_TRUE(family.starts_with("sluice_") || family.starts_with("process_")) << family;
  }
  EXPECT_GT(families.size(), 30u);
}

TEST(MetricsText, AddsUpTheShards) {
  ShardMetrics first;
  ShardMetrics second;
  first.sends.add(3);
  second.sends.add(4);
  first.refused_per_ip.add(5);
  second.closed[static_cast<size_t>(CloseReason::Kicked)].add(6);
  const std::string text = render_metrics(view_of(first, second));
  EXPECT_THAT(text, HasSubstr("\nsluice_sends_total 7\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_connections_refused_total{reason=\"per_ip\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_connections_closed_total{reason=\"kicked\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_connections_closed_total{reason=\"drain\"} 0\n"));
}

TEST(MetricsText, TellsReactorsApartWhereItMatters) {
  ShardMetrics first;
  ShardMetrics second;
  first.connections.add(3);
  second.connections.add(4);
  const std::string text = render_metrics(view_of(first, second));
  EXPECT_THAT(text, HasSubstr("\nsluice_connections{reactor=\"0\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_connections{reactor=\"1\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_reactor_turns_total{reactor=\"1\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_reactor_turns_total{reactor=\"main\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_mailbox_full_total{reactor=\"0\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_poller_calls_total{reactor=\"0\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_poller_events_total{reactor=\"0\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_poller_rearms_total{reactor=\"0\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_poller_starved_total{reactor=\"0\"} 8\n"));
}

TEST(MetricsText, TellsWhyALesserPollerServes) {
  const ShardMetrics shard;
  MetricsView view = view_of(shard, shard);
  EXPECT_THAT(render_metrics(view), HasSubstr("\nsluice_poller_fallback{reason=\"\"} 0\n"));
  view.poller_fallback = "uring: \"forbidden\"";
  EXPECT_THAT(render_metrics(view),
              HasSubstr("\nsluice_poller_fallback{reason=\"uring: \\\"forbidden\\\"\"} 1\n"));
}

TEST(MetricsText, CountsUidsOnlineFromComingsAndGoings) {
  ShardMetrics first;
  ShardMetrics second;
  first.online.add(5);
  second.online.add(5);
  second.offline.add(3);
  EXPECT_THAT(render_metrics(view_of(first, second)), HasSubstr("\nsluice_uids_online 7\n"));
  first.offline.add(9);
  EXPECT_THAT(render_metrics(view_of(first, second)), HasSubstr("\nsluice_uids_online 0\n"));
}

TEST(MetricsText, WritesNumbersWithoutRounding) {
  ShardMetrics first;
  first.bytes_in.add(UINT64_MAX);
  const ShardMetrics second;
  MetricsView view = view_of(first, second);
  view.process.cpu_ms = 7;
  const std::string text = render_metrics(view);
  EXPECT_THAT(text, HasSubstr("sluice_received_bytes_total{reactor=\"0\"} 18446744073709551615\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_start_time_seconds 1700000000.123\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_cpu_seconds_total 0.007\n"));
}

TEST(MetricsText, EscapesLabels) {
  const ShardMetrics shard;
  MetricsView view = view_of(shard, shard);
  view.version = "a\"b\\c\nd";
  EXPECT_THAT(render_metrics(view),
              HasSubstr(R"(version="a\"b\\c\nd",poller="epoll:batch=64"} 1)"));
}

TEST(MetricsText, SaysWhetherTheGatewayIsReady) {
  const ShardMetrics shard;
  MetricsView view = view_of(shard, shard);
  EXPECT_THAT(render_metrics(view), HasSubstr("\nsluice_ready 0\n"));
  view.ready = true;
  EXPECT_THAT(render_metrics(view), HasSubstr("\nsluice_ready 1\n"));
}

TEST(MetricsText, PassesPrometheusOwnLint) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
  }
  const ShardMetrics shard;
  const std::string path =
      testing::TempDir() + "sluice_metrics_" + std::to_string(::getpid()) + ".txt";
  std::ofstream(path) << render_metrics(view_of(shard, shard));
  EXPECT_EQ(std::system(("promtool check metrics <" + path).c_str()), 0);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace sluice
