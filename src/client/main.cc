// The program sluice-client: everything of it is client_main().
// Tested by: nothing; a test runs client_main()
#include <unistd.h>

#include <csignal>

#include "client/program.h"
#include "sys/clock.h"

int main(int argc, char** argv) {
  // A reader that went away (`| head`) is an error of write(2), not our death.
  std::signal(SIGPIPE, SIG_IGN);
  return sluice::client_main({argv + 1, argv + argc}, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO,
                             sluice::SystemClock());
}
