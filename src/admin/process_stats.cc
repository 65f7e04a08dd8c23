#include "admin/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "sys/read_file.h"

namespace sluice {
namespace {

// proc(5) counts from 1; the second field, the name, ends at the last parenthesis.
constexpr int kStartField = 22;
constexpr int kResidentField = 24;

// The line has 52 numbers of at most 20 digits.
constexpr size_t kStatBytesMax = 4096;

int64_t clock_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

int64_t ms_of_ticks(uint64_t ticks) {
  return static_cast<int64_t>(ticks * 1000 / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK)));
}

// Linux 6.2 and later give the number as the directory's size; before, it has to be counted.
uint64_t count_open_fds() {
  constexpr const char* kFds = "/proc/self/fd";
  struct stat status {};
  if (::stat(kFds, &status) == 0 && status.st_size > 0) {
    return static_cast<uint64_t>(status.st_size);
  }
  DIR* const directory = ::opendir(kFds);
  if (directory == nullptr) return 0;
  uint64_t entries = 0;
  while (::readdir(directory) != nullptr) ++entries;
  ::closedir(directory);
  return entries - 3;  // ".", ".." and the one for reading them
}

}  // namespace

std::optional<StatLine> parse_stat_line(std::string_view line) {
  const size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  line.remove_prefix(name_end + 1);
  StatLine stat;
  for (int field = 3; field <= kResidentField; ++field) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    uint64_t* const to = field == kStartField      ? &stat.start_ticks
                         : field == kResidentField ? &stat.resident_pages
                                                   : nullptr;
    if (to == nullptr) continue;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *to);
    if (error != std::errc{}) return std::nullopt;
  }
  return stat;
}

ProcessStats read_process_stats() {
  ProcessStats stats;
  const auto line = read_file("/proc/self/stat", kStatBytesMax);
  const auto stat = line.ok() ? parse_stat_line(*line) : std::nullopt;
  if (stat.has_value()) {
    stats.uptime_ms = clock_ms(CLOCK_BOOTTIME) - ms_of_ticks(stat->start_ticks);
    stats.start_time_ms = clock_ms(CLOCK_REALTIME) - stats.uptime_ms;
    stats.resident_bytes = stat->resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  stats.cpu_ms = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
  stats.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace sluice
