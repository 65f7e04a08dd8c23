// Pollers for benchmarks: of each kind in this build, with default options, on the real clock; and
// what to do where this machine has none.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "micro/skipped.h"
#include "poller/make_poller.h"

namespace sluice {

inline const SystemClock& system_clock() {
  static const SystemClock clock;
  return clock;
}

inline absl::StatusOr<std::unique_ptr<Poller>> make_default_poller(std::string_view kind) {
  return make_poller({.name = std::string(kind), .options = {}}, system_clock());
}

// Ends the benchmark before it began, with the reason.
inline void skip(benchmark::State& state, std::string_view kind, const absl::Status& status) {
  skipped_because() = "no poller " + std::string(kind) + ": " + std::string(status.message());
  state.SkipWithError(skipped_because().c_str());
}

}  // namespace sluice
