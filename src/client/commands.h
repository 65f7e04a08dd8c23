// What a connected client does for a script: send, listen, ping.
//
// Each returns when it is done, and leaves DISCONNECT to its caller. One thread.
#pragma once

#include "client/client.h"
#include "client/exit_code.h"
#include "client/options.h"
#include "client/report.h"

namespace sluice {

// Sends the text, or each line of the input, and waits for every answer.
ExitCode run_send(Client& client, const Options& options, Report& report);

// Joins the groups and prints messages until there are enough, the time is up, or Ctrl-C. The
// time is counted from `begun`.
ExitCode run_listen(Client& client, const Options& options, Report& report, Instant begun);

// Measures round trips, one after the other.
ExitCode run_ping(Client& client, const Options& options, Report& report);

}  // namespace sluice
