// The real gateway in a process of its own, on ports of the kernel's choice, with its log in hand.
//
// The constructor returns when it listens. A test that is done with it lets the destructor stop it
// by SIGTERM, which fails the test unless the gateway ends with 0: so leaks that a sanitizer finds
// count. End the peers before the gateway, or it waits for them. One thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/e2e/child_process.h"
#include "support/e2e/here.h"
#include "support/e2e/log_line.h"
#include "sys/address.h"

namespace sluice {

class GatewayProcess {
 public:
  // Flags beside --listen=tcp://127.0.0.1:0, --reactors=2 and the log's, or instead of them.
  explicit GatewayProcess(std::vector<std::string> flags,
                          const ChildProcess::Surroundings& surroundings = {}, Here here = Here());
  ~GatewayProcess();

  // Where clients connect; empty when the gateway did not start, which has failed the test already.
  const Address& address() const { return address_; }
  // Where --admin=127.0.0.1:0 answers.
  Address admin_address();
  pid_t pid() const { return process_.pid(); }

  // Waits for `count` lines with this message and these fields, which have to come; returns them.
  std::vector<LogLine> wait_for_log(std::string_view message, const LogFields& fields = {},
                                    size_t count = 1, Here here = Here());
  // Such lines among those written so far.
  std::vector<LogLine> log(std::string_view message, const LogFields& fields = {});
  std::string log_tail() { return process_.errors().tail(40); }

  void send_signal(int number) { process_.send_signal(number); }
  bool running() const { return process_.running(); }
  int wait_exit() { return process_.wait_exit(); }
  // SIGTERM, and the exit code.
  int stop();

  // From /proc.
  size_t open_descriptors() const;
  size_t resident_bytes() const;
  // Its soft limit of descriptors, while it runs: below what it has open, accepting fails.
  void limit_descriptors(uint64_t soft);
  void unlimit_descriptors();

 private:
  ChildProcess process_;
  Address address_;
};

// The path of a program under test, from the environment: SLUICE_BINARY or SLUICE_CLIENT_BINARY.
std::string program_path(const char* variable);

// Runs `sluice` with these words to its end.
struct Finished {
  int exit_code;
  std::string output;
  std::string errors;
};
Finished run_sluice(const std::vector<std::string>& words,
                    const ChildProcess::Surroundings& surroundings = {});

}  // namespace sluice
