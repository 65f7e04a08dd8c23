// The chat at the prompt: lines go out to a partner or a group, messages come in between.
//
// Without a terminal the same lines come from a pipe, and there is no prompt. At the end of the
// input it still waits for the answers to what was sent. One thread.
#pragma once

#include <string>
#include <string_view>

#include "client/client.h"
#include "client/console.h"
#include "client/exit_code.h"
#include "client/options.h"
#include "client/report.h"

namespace sluice {

class Chat {
 public:
  // All of them outlive it; the client is connected.
  Chat(Client& client, const Options& options, Console& console, Report& report)
      : client_(client), options_(options), console_(console), report_(report) {}

  // Until /quit, the end of the input, Ctrl-C, or the end of the connection.
  ExitCode run();

 private:
  void on_line(std::string_view line);
  void on_command(std::string_view line);
  void on_packet(const Packet& packet);
  void talk_to(Channel to);
  void say(std::string_view text);

  Client& client_;
  const Options& options_;
  Console& console_;
  Report& report_;
  Channel partner_;   // empty id: nobody yet
  bool more_ = true;  // lines are wanted
};

}  // namespace sluice
