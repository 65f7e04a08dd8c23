// Why a benchmark was left out, for the exit code of its program. Written and read by the thread
// that runs the benchmarks.
#pragma once

#include <string>

namespace sluice {

// Empty while every benchmark ran; else the reason of the last that did not.
inline std::string& skipped_because() {
  static std::string reason;
  return reason;
}

}  // namespace sluice
