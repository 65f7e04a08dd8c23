// The gateway's counters as Prometheus text, format 0.0.4.
//
// Pure: what it writes comes from a MetricsView, which needs no gateway. admin/README.md lists the
// metrics for people; the names and help texts stand in metrics_text.cc alone. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/process_stats.h"
#include "gateway/metrics.h"

namespace sluice {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

struct MetricsView {
  // One thread's turns and letters.
  struct Reactor {
    uint64_t turns = 0;
    uint64_t letters_posted = 0;
    uint64_t letters_run = 0;
    uint64_t mailbox_full = 0;
    uint64_t poller_calls = 0;
    uint64_t poller_events = 0;
    uint64_t poller_rearms = 0;
    uint64_t poller_starved = 0;
  };

  std::string_view version;
  std::string_view poller;
  std::string_view poller_fallback =
      {};  // why --poller=auto took the lesser one; empty = it did not
  bool ready = false;
  // By the index of their reactor; read while the text is written. Not null.
  std::vector<const ShardMetrics*> shards;
  // As many as shards, and perhaps one more: the main reactor, labelled "main".
  std::vector<Reactor> reactors;
  uint64_t accepted = 0;
  uint64_t accept_exhausted = 0;
  uint64_t refused_over_limit = 0;
  uint64_t connections_max = 0;
  uint64_t log_lines_dropped = 0;
  ProcessStats process;
};

// The whole text. Counters are read one after the other: a sum may be a moment older than the next.
std::string render_metrics(const MetricsView& view);

}  // namespace sluice
