// What the kernel knows about this process, for the process_… metrics.
//
// Read from /proc and the clocks each time; what cannot be read stays 0. Costs a few system calls,
// none that grows with the number of connections. Any thread but a reactor's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

struct ProcessStats {
  int64_t start_time_ms = 0;  // Unix time
  int64_t uptime_ms = 0;
  int64_t cpu_ms = 0;  // user and system, all threads
  uint64_t resident_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;  // the soft limit
};

ProcessStats read_process_stats();

// The fields of a /proc/PID/stat line that we use, in the kernel's units.
struct StatLine {
  uint64_t start_ticks = 0;  // since boot
  uint64_t resident_pages = 0;
};
// nullopt when the line is none. The process's name in it may hold blanks and parentheses.
std::optional<StatLine> parse_stat_line(std::string_view line);

}  // namespace sluice
