// How sluice-client ends, for scripts. The help text and README.md promise these numbers.
#pragma once

#include <cstdint>

namespace sluice {

enum class ExitCode : uint8_t {
  Success = 0,
  Refused = 1,       // the server said no, or was not heard out: Ctrl-C during send or ping
  Usage = 2,         // the command line makes no sense
  NoConnection = 3,  // never connected, lost, or not to be understood
  Timeout = 4,       // connected, but what was waited for did not come
};

}  // namespace sluice
