// sluice-client as a function, so that tests run it in their own process.
#pragma once

#include <string>
#include <vector>

#include "sys/clock.h"

namespace sluice {

// Runs the program with the arguments behind its name, on descriptors that stay the caller's.
// Returns the exit code. The caller sees to it that SIGPIPE is ignored. It blocks SIGINT, SIGTERM
// and SIGCONT on the calling thread while it runs, and waits for them there.
int client_main(std::vector<std::string> arguments, int in, int out, int err, const Clock& clock);

}  // namespace sluice
