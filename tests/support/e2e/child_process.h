// A program that a test starts, with pipes at its three standard streams.
//
// It sees none of our SLUICE_ variables, which a gateway would read as its configuration. It ends
// with its owner, and is ended by its own id only. The owner's thread calls everything.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/e2e/line_tap.h"
#include "sys/unique_fd.h"

namespace sluice {

class ChildProcess {
 public:
  struct Surroundings {
    std::vector<std::string> environment = {};  // NAME=value, added to ours
    uint64_t descriptors_max = 0;               // soft and hard limit; 0 = as ours
    void (*prepare)() = nullptr;  // in the child, just before it starts: system calls only
  };

  // `command[0]` is the path of the program. A program that cannot be started exits with 127.
  explicit ChildProcess(const std::vector<std::string>& command, const Surroundings& surroundings);
  explicit ChildProcess(const std::vector<std::string>& command)
      : ChildProcess(command, Surroundings()) {}
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Whether it has not been waited for yet.
  bool running() const { return running_; }
  void send_signal(int number) const;
  // Waits for its end: the exit code, or 128 plus the number of the signal that ended it. When it
  // does not end, the test fails, it is killed, and the answer is -1.
  int wait_exit();

  void write_line(std::string_view line);
  void close_input() { input_.reset(); }
  LineTap& output() { return *output_; }
  LineTap& errors() { return *errors_; }

 private:
  pid_t pid_ = -1;
  bool running_ = false;
  int exit_code_ = -1;
  UniqueFd input_;
  std::unique_ptr<LineTap> output_;
  std::unique_ptr<LineTap> errors_;
};

}  // namespace sluice
