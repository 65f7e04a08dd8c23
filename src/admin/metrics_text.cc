#include "admin/metrics_text.h"

#include <array>
#include <span>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

enum class Kind : uint8_t { Counter, Gauge };

struct Family {
  Kind kind;
  const char* name;
  const char* help;
};

// Families that add up one field over the shards.
struct ShardSum {
  Family family;
  Counter ShardMetrics::*field;
};

constexpr std::array kShardSums = {
    ShardSum{{Kind::Counter, "sluice_connections_authenticated_total",
              "CONNECTs answered with CONNACK Success."},
             &ShardMetrics::authenticated},
    ShardSum{{Kind::Counter, "sluice_uid_online_events_total", "First connections of a uid."},
             &ShardMetrics::online},
    ShardSum{{Kind::Counter, "sluice_uid_offline_events_total", "Last connections of a uid gone."},
             &ShardMetrics::offline},
    ShardSum{{Kind::Counter, "sluice_frames_received_total", "Frames decoded, of all types."},
             &ShardMetrics::frames_in},
    ShardSum{{Kind::Counter, "sluice_pings_total", "PINGs answered with PONG."},
             &ShardMetrics::pings},
    ShardSum{{Kind::Counter, "sluice_sends_total", "SENDs accepted for delivery."},
             &ShardMetrics::sends},
    ShardSum{{Kind::Counter, "sluice_sends_refused_total",
              "SENDs answered with another reason than Success."},
             &ShardMetrics::sends_refused},
    ShardSum{{Kind::Counter, "sluice_sendacks_total", "SENDACKs queued, of all reasons."},
             &ShardMetrics::sendacks},
    ShardSum{{Kind::Counter, "sluice_recvs_total", "RECVs queued to receivers."},
             &ShardMetrics::recvs},
    ShardSum{{Kind::Counter, "sluice_recvacks_total", "RECVACKs received."},
             &ShardMetrics::recvacks},
    ShardSum{{Kind::Counter, "sluice_messages_undelivered_total",
              "Person messages that reached no connection of their receiver."},
             &ShardMetrics::undelivered},
    ShardSum{{Kind::Gauge, "sluice_senders_paused",
              "Connections whose SENDs wait for others in flight or for full mailboxes."},
             &ShardMetrics::paused_senders},
    ShardSum{
        {Kind::Gauge, "sluice_readers_stalled", "Connections over the outbound high-water mark."},
        &ShardMetrics::stalled_readers},
};

// Families with one sample for each sub reactor.
constexpr std::array kShardSeries = {
    ShardSum{{Kind::Gauge, "sluice_connections", "Open connections, by reactor."},
             &ShardMetrics::connections},
    ShardSum{
        {Kind::Counter, "sluice_connections_adopted_total", "Connections taken over, by reactor."},
        &ShardMetrics::adopted},
    ShardSum{
        {Kind::Counter, "sluice_received_bytes_total", "Bytes received from clients, by reactor."},
        &ShardMetrics::bytes_in},
    ShardSum{{Kind::Counter, "sluice_sent_bytes_total",
              "Bytes to clients that the kernel took, by reactor."},
             &ShardMetrics::bytes_out},
    ShardSum{{Kind::Gauge, "sluice_sends_in_flight", "SENDs without a SENDACK yet, by reactor."},
             &ShardMetrics::sends_in_flight},
};

// Families with one sample for each reactor, the main one included.
struct ReactorSeries {
  Family family;
  uint64_t MetricsView::Reactor::*field;
};

constexpr std::array kReactorSeries = {
    ReactorSeries{{Kind::Counter, "sluice_reactor_turns_total", "Turns of the loop, by reactor."},
                  &MetricsView::Reactor::turns},
    ReactorSeries{{Kind::Counter, "sluice_letters_posted_total",
                   "Letters to other reactors, by the reactor that posted them."},
                  &MetricsView::Reactor::letters_posted},
    ReactorSeries{{Kind::Counter, "sluice_letters_run_total",
                   "Letters handled, by the reactor that received them."},
                  &MetricsView::Reactor::letters_run},
    ReactorSeries{{Kind::Counter, "sluice_mailbox_full_total",
                   "Letters that had to wait for room in a mailbox, by the reactor that posted."},
                  &MetricsView::Reactor::mailbox_full},
    ReactorSeries{{Kind::Counter, "sluice_poller_calls_total",
                   "System calls that collect news (epoll_wait, io_uring_enter), by reactor."},
                  &MetricsView::Reactor::poller_calls},
    ReactorSeries{{Kind::Counter, "sluice_poller_events_total",
                   "Events or completions that the kernel handed out, by reactor."},
                  &MetricsView::Reactor::poller_events},
    ReactorSeries{{Kind::Counter, "sluice_poller_rearms_total",
                   "Receives that the kernel ended and that were armed again, by reactor."},
                  &MetricsView::Reactor::poller_rearms},
    ReactorSeries{{Kind::Counter, "sluice_poller_starved_total",
                   "Receives that found every block lent, by reactor."},
                  &MetricsView::Reactor::poller_starved},
};

// In a label's value backslash, quote and newline have a meaning of their own.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

std::string label(const char* name, std::string_view value) {
  return absl::StrCat(name, "=\"", escaped(value), "\"");
}

// Milliseconds as the decimal seconds that Prometheus wants.
std::string seconds(int64_t ms) {
  const std::string digits = absl::StrCat(absl::Dec(ms < 0 ? 0 : ms, absl::kZeroPad4));
  return absl::StrCat(digits.substr(0, digits.size() - 3), ".", digits.substr(digits.size() - 3));
}

class Text {
 public:
  // The head of a family; its samples follow.
  void open(const Family& family) {
    name_ = family.name;
    absl::StrAppend(&text_, "# HELP ", name_, " ", family.help, "\n# TYPE ", name_, " ",
                    family.kind == Kind::Counter ? "counter" : "gauge", "\n");
  }
  template <typename Value>
  void sample(const std::string& labels, const Value& value) {
    absl::StrAppend(&text_, name_);
    if (!labels.empty()) absl::StrAppend(&text_, "{", labels, "}");
    absl::StrAppend(&text_, " ", value, "\n");
  }
  // A family of one sample without labels.
  template <typename Value>
  void single(const Family& family, const Value& value) {
    open(family);
    sample({}, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  const char* name_ = "";
};

uint64_t sum(const MetricsView& view, Counter ShardMetrics::*field) {
  uint64_t total = 0;
  for (const ShardMetrics* shard : view.shards) total += (shard->*field).value();
  return total;
}

void write_gateway(Text& text, const MetricsView& view) {
  text.open({Kind::Gauge, "sluice_build_info", "Always 1; the labels tell what runs."});
  text.sample(absl::StrCat(label("version", view.version), ",", label("poller", view.poller)), 1);
  text.open({Kind::Gauge, "sluice_poller_fallback",
             "1 while --poller=auto serves on a lesser poller; the label tells why."});
  text.sample(label("reason", view.poller_fallback), view.poller_fallback.empty() ? 0 : 1);
  text.single({Kind::Gauge, "sluice_ready", "1 while clients are welcome, 0 while draining."},
              view.ready ? 1 : 0);
  text.single({Kind::Gauge, "sluice_uptime_seconds", "Time since the process began."},
              seconds(view.process.uptime_ms));
  text.single({Kind::Gauge, "sluice_connections_max", "Limit of open connections in force."},
              view.connections_max);
  text.single({Kind::Counter, "sluice_connections_accepted_total",
               "Connections accepted by the listeners."},
              view.accepted);
  text.single({Kind::Counter, "sluice_accept_exhausted_total",
               "Accepts that failed for want of descriptors or memory."},
              view.accept_exhausted);
  text.single({Kind::Counter, "sluice_log_lines_dropped_total",
               "Log lines lost because stderr was too slow."},
              view.log_lines_dropped);
}

void write_ends(Text& text, const MetricsView& view) {
  text.open({Kind::Counter, "sluice_connections_refused_total",
             "Connections closed at once after accepting, by reason."});
  text.sample(label("reason", "over_limit"), view.refused_over_limit);
  text.sample(label("reason", "per_ip"), sum(view, &ShardMetrics::refused_per_ip));
  text.open({Kind::Counter, "sluice_connections_closed_total", "Connections ended, by reason."});
  for (size_t reason = 0; reason < kCloseReasons; ++reason) {
    uint64_t total = 0;
    for (const ShardMetrics* shard : view.shards) total += shard->closed[reason].value();
    text.sample(label("reason", name_of(static_cast<CloseReason>(reason))), total);
  }
}

void write_shards(Text& text, const MetricsView& view) {
  for (const ShardSum& series : kShardSeries) {
    text.open(series.family);
    for (size_t i = 0; i < view.shards.size(); ++i) {
      text.sample(label("reactor", std::to_string(i)), (view.shards[i]->*series.field).value());
    }
  }
  for (const ShardSum& total : kShardSums) text.single(total.family, sum(view, total.field));
  // Offline first: a uid that comes between the two reads must not make the difference negative.
  const uint64_t offline = sum(view, &ShardMetrics::offline);
  const uint64_t online = sum(view, &ShardMetrics::online);
  text.single({Kind::Gauge, "sluice_uids_online", "uids with at least one connection."},
              online > offline ? online - offline : 0);
}

void write_reactors(Text& text, const MetricsView& view) {
  for (const ReactorSeries& series : kReactorSeries) {
    text.open(series.family);
    for (size_t i = 0; i < view.reactors.size(); ++i) {
      const std::string name = i < view.shards.size() ? std::to_string(i) : "main";
      text.sample(label("reactor", name), view.reactors[i].*series.field);
    }
  }
}

void write_process(Text& text, const ProcessStats& process) {
  text.single({Kind::Gauge, "process_start_time_seconds", "Unix time when the process began."},
              seconds(process.start_time_ms));
  text.single({Kind::Counter, "process_cpu_seconds_total", "CPU time, user and system."},
              seconds(process.cpu_ms));
  text.single({Kind::Gauge, "process_resident_memory_bytes", "Resident memory."},
              process.resident_bytes);
  text.single({Kind::Gauge, "process_open_fds", "Open file descriptors."}, process.open_fds);
  text.single({Kind::Gauge, "process_max_fds", "Limit of open file descriptors."}, process.max_fds);
}

}  // namespace

std::string render_metrics(const MetricsView& view) {
  Text text;
  write_gateway(text, view);
  write_ends(text, view);
  write_shards(text, view);
  write_reactors(text, view);
  write_process(text, view.process);
  return text.take();
}

}  // namespace sluice
