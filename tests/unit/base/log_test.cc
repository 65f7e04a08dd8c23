#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace sluice {
namespace {

// Points stderr at a pipe as long as it lives.
class StderrPipe {
 public:
  StderrPipe() {
    std::array<int, 2> ends{};
    SLUICE_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0, "a pipe");
    kept_stderr_ = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~StderrPipe() {
    put_back();
    close_read_end();
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  // Stderr is the old one again; the pipe ends for its reader.
  void put_back() {
    if (kept_stderr_ < 0) return;
    ::dup2(kept_stderr_, STDERR_FILENO);
    ::close(kept_stderr_);
    kept_stderr_ = -1;
  }

  void close_read_end() {
    if (read_end_ >= 0) ::close(read_end_);
    read_end_ = -1;
  }

  // All lines until the pipe ends.
  std::vector<std::string> read_lines() {
    std::string all;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::read(read_end_, part.data(), part.size())) > 0;) {
      all.append(part.data(), static_cast<size_t>(n));
    }
    std::vector<std::string> lines;
    for (size_t at = 0; at < all.size();) {
      const size_t end = std::min(all.find('\n', at), all.size());
      lines.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }

 private:
  int kept_stderr_ = -1;
  int read_end_ = -1;
};

// What stands behind the timestamp, whose length is fixed.
std::string behind_time(const std::string& line) {
  return line.substr(std::min(line.size(), std::string("2026-11-22T09:31:48.123Z ").size()));
}

TEST(Log, WritesAtOnceBeforeItIsStartedAndOnlyWarnings) {
  StderrPipe pipe;
  log_info("unheard");
  log_warn("first", {{"n", 1}});
  log_error("second");
  pipe.put_back();
  const std::vector<std::string> lines = pipe.read_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(behind_time(lines[0]), "warn  first n=1");
  EXPECT_EQ(behind_time(lines[1]), "error second");
}

TEST(Log, TakesAsManyFieldsAsThereTurnOutToBe) {
  StderrPipe pipe;
  const std::vector<LogField> fields{{"n", 1}, {"word", "two"}};
  log(LogLevel::Warn, "listed", fields);
  log(LogLevel::Warn, "bare", std::vector<LogField>{});
  pipe.put_back();
  const std::vector<std::string> lines = pipe.read_lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(behind_time(lines[0]), "warn  listed n=1 word=two");
  EXPECT_EQ(behind_time(lines[1]), "warn  bare");
}

TEST(Log, HasWrittenEverythingWhenItHasStopped) {
  StderrPipe pipe;
  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.read_lines(); });
  log_start(LogLevel::Info, LogFormat::Text);
  for (int i = 0; i < 1000; ++i) log_info("line", {{"i", i}});
  log_stop();
  log_info("after the stop");
  pipe.put_back();
  reader.join();
  log_set_level(LogLevel::Warn);
  ASSERT_EQ(lines.size(), 1001U);
  EXPECT_EQ(behind_time(lines[0]), "info  line i=0");
  EXPECT_EQ(behind_time(lines[999]), "info  line i=999");
  EXPECT_EQ(behind_time(lines[1000]), "info  after the stop");
}

TEST(Log, WritesWhatItsLevelAllowsFromEveryThread) {
  StderrPipe pipe;
  log_start(LogLevel::Debug, LogFormat::Json);
  EXPECT_TRUE(log_enabled(LogLevel::Debug));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 50; ++i) log_debug("from a thread", {{"t", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  log_set_level(LogLevel::Error);
  EXPECT_FALSE(log_enabled(LogLevel::Warn));
  log_warn("unheard");
  log_set_level(LogLevel::Off);
  EXPECT_FALSE(log_enabled(LogLevel::Error));
  EXPECT_FALSE(log_enabled(LogLevel::Off));
  log_error("unheard");
  log_stop();
  pipe.put_back();
  log_start(LogLevel::Warn, LogFormat::Text);
  log_stop();
  const std::vector<std::string> lines = pipe.read_lines();
  EXPECT_EQ(lines.size(), 200U);
  for (const std::string& line : lines) {
    EXPECT_NE(line.find(R"("level":"debug","msg":"from a thread","t":)"), std::string::npos);
  }
}

TEST(Log, DropsTheOldestAndNeverWaitsForAStderrThatBlocks) {
  constexpr int kLines = 20'000;  // Over what a pipe (64 KiB) and the queue (8192 lines) hold.
  const uint64_t dropped_before = log_dropped();
  StderrPipe pipe;
  log_start(LogLevel::Info, LogFormat::Text);
  for (int i = 0; i < kLines; ++i) log_info("nobody reads this", {{"i", i}});
  const uint64_t dropped = log_dropped() - dropped_before;
  EXPECT_GT(dropped, 0U);

  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.read_lines(); });
  log_stop();
  pipe.put_back();
  reader.join();
  log_set_level(LogLevel::Warn);
  EXPECT_EQ(lines.size() + dropped, static_cast<size_t>(kLines));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(behind_time(lines.back()), "info  nobody reads this i=19999");
  EXPECT_EQ(log_dropped() - dropped_before, dropped);
}

TEST(Log, SurvivesAStderrThatIsGoneAndCountsItsLines) {
  const uint64_t dropped_before = log_dropped();
  StderrPipe pipe;
  pipe.close_read_end();
  log_start(LogLevel::Warn, LogFormat::Text);
  log_warn("into the void");
  log_stop();
  pipe.put_back();
  EXPECT_EQ(log_dropped() - dropped_before, 1U);
}

TEST(Log, WaitsForANonBlockingStderr) {
  StderrPipe pipe;
  ASSERT_EQ(::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
  log_start(LogLevel::Info, LogFormat::Text);
  for (int i = 0; i < 2000; ++i) log_info("a line of some length, more than the pipe holds");
  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.read_lines(); });
  log_stop();
  pipe.put_back();
  reader.join();
  log_set_level(LogLevel::Warn);
  EXPECT_EQ(lines.size(), 2000U);
}

TEST(Log, StopsWithoutHavingStarted) { log_stop(); }

}  // namespace
}  // namespace sluice
