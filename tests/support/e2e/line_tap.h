// The lines that a child process writes to one of its streams, from the first on.
//
// A thread of its own reads, so that the child never waits for the test; it ends when the stream
// does. Everything else may be called from any thread. A line that has no end yet is not shown
// before the stream ends.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sys/unique_fd.h"

namespace sluice {

class LineTap {
 public:
  using Wanted = std::function<bool(std::string_view line)>;

  explicit LineTap(UniqueFd from);
  // Waits for the end of the stream: the child must be gone.
  ~LineTap();
  LineTap(const LineTap&) = delete;
  LineTap& operator=(const LineTap&) = delete;

  // The first `count` lines that are wanted, once there are as many; fewer when the stream ended or
  // patience ran out before.
  std::vector<std::string> wait_for(size_t count, const Wanted& wanted);
  // Those that are wanted among the lines there are now.
  std::vector<std::string> find(const Wanted& wanted);
  // The whole stream, after its end.
  std::string text();
  // The last lines, for the report of a failure.
  std::string tail(size_t lines);

 private:
  void read();

  UniqueFd from_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> lines_;
  bool ended_ = false;
  std::thread reader_;
};

}  // namespace sluice
