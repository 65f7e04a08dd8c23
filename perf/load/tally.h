// What a worker counted and measured; the sum over workers is one too.
//
// It travels from worker to coordinator as lines of text. Counts are of the whole run, warm-up and
// drain included, unless they say otherwise; histograms hold only what was due in the measured
// window. One thread each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/histogram.h"

namespace sluice::load {

enum class Wait : uint8_t { Answer, Delivery, Login };
inline constexpr std::array<std::string_view, 3> kWaitNames = {"answer", "delivery", "login"};

struct Latency {
  Histogram corrected;  // from when it was due
  // From when it was sent: what a tool shows that leaves out how long a message had to wait for the
  // one before it. A stall of the server marks one message here for each connection in use, at
  // depth 1; so it hides only where connections are few against messages.
  Histogram uncorrected;
};

// A worker's own cost inside the window.
struct Effort {
  double cpu_seconds = 0;
  double busy = 0;  // share of the window in which it neither slept nor looked in vain
};

struct Tally {
  uint64_t opened = 0;
  uint64_t refused = 0;
  uint64_t connections_lost = 0;
  uint64_t slow_closed = 0;
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  uint64_t expected = 0;  // deliveries that the messages sent must cause
  uint64_t delivered = 0;
  uint64_t lost = 0;  // answers and deliveries that never came, or came spoilt
  uint64_t twice = 0;
  uint64_t spoilt = 0;
  uint64_t units = 0;       // completed inside the window
  double seconds = 0;       // of the window
  double rate_planned = 0;  // units/s of the schedule; 0 in a closed loop
  std::vector<Effort> workers;
  std::array<Latency, kWaitNames.size()> latencies;
  Histogram lateness;
  std::vector<std::string> faults;  // the first few, in words

  // Remembers the fault in words while there are few.
  void fault(std::string text);
  bool correct() const;
  void add(const Tally& other);
  std::string to_text() const;
  static std::optional<Tally> from_text(std::string_view text);
};

}  // namespace sluice::load
