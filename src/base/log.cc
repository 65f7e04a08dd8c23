#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/log_format.h"

namespace sluice {
namespace {

// About 3 MiB with spdlog's fixed-size entries: a second of the worst storm of closes we know.
constexpr size_t kQueueLines = 8192;

std::atomic<LogLevel> least_level{LogLevel::Warn};
std::atomic<LogFormat> line_format{LogFormat::Text};
// Lines that stderr refused, and lines overrun in queues that are gone.
std::atomic<uint64_t> lines_lost{0};

// Writes a whole line, waiting where stderr is slow. Only the log's own thread, or a caller while
// there is none, comes here.
void write_line(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody made the terminal or pipe that we share non-blocking.
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      lines_lost.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
}

// spdlog's stderr sinks go through stdio, whose lock a blocked stderr would hold against everybody
// else in the process; this one has none. Lines arrive formatted.
class StderrSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    write_line({message.payload.data(), message.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

// Signals belong to the threads that wait for them; without SIGPIPE a closed stderr is
// only an errno.
void become_log_thread() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "log");
}

// spdlog's machinery. The pool is declared first, so it ends last: its destructor writes what is
// queued and joins.
class AsyncLines {
 public:
  AsyncLines()
      : pool_(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1, become_log_thread,
                                                             [] {})),
        logger_(std::make_shared<spdlog::async_logger>(
            "sluice", std::make_shared<StderrSink>(), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {}

  void post(std::string_view line) {
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
  uint64_t overrun() const { return pool_->overrun_counter(); }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

// Held while a line is queued, never while one is written.
std::mutex lines_mutex;
std::unique_ptr<AsyncLines> lines;

}  // namespace

void log_start(LogLevel level, LogFormat format) {
  const std::lock_guard lock(lines_mutex);
  SLUICE_CHECK(lines == nullptr, "log_start() once until log_stop()");
  least_level.store(level, std::memory_order_relaxed);
  line_format.store(format, std::memory_order_relaxed);
  lines = std::make_unique<AsyncLines>();
}

void log_stop() {
  std::unique_ptr<AsyncLines> ending;
  {
    const std::lock_guard lock(lines_mutex);
    ending = std::move(lines);
    if (ending != nullptr) lines_lost.fetch_add(ending->overrun(), std::memory_order_relaxed);
  }
  // Ends here, outside the lock: others log on, directly, while it waits for stderr.
}

void log_set_level(LogLevel level) { least_level.store(level, std::memory_order_relaxed); }

bool log_enabled(LogLevel level) {
  return level >= least_level.load(std::memory_order_relaxed) && level != LogLevel::Off;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  log(level, message, std::span<const LogField>(fields.begin(), fields.size()));
}

void log(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!log_enabled(level)) return;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const int64_t unix_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  std::string line = line_format.load(std::memory_order_relaxed) == LogFormat::Json
                         ? format_json(level, unix_ms, message, fields)
                         : format_text(level, unix_ms, message, fields);
  line += '\n';
  {
    const std::lock_guard lock(lines_mutex);
    if (lines != nullptr) {
      lines->post(line);
      return;
    }
  }
  write_line(line);
}

void log_debug(std::string_view message, std::initializer_list<LogField> fields) {
  log(LogLevel::Debug, message, fields);
}

void log_info(std::string_view message, std::initializer_list<LogField> fields) {
  log(LogLevel::Info, message, fields);
}

void log_warn(std::string_view message, std::initializer_list<LogField> fields) {
  log(LogLevel::Warn, message, fields);
}

void log_error(std::string_view message, std::initializer_list<LogField> fields) {
  log(LogLevel::Error, message, fields);
}

uint64_t log_dropped() {
  const std::lock_guard lock(lines_mutex);
  const uint64_t overrun = lines == nullptr ? 0 : lines->overrun();
  return lines_lost.load(std::memory_order_relaxed) + overrun;
}

}  // namespace sluice
