// Loads the configuration: defaults, then the file, then the environment, then the flags.
//
// Every value is judged, also one that a stronger source overrides, and every mistake is reported,
// not only the first: an operator fixes a file once. What the process has around it comes in as a
// parameter, so a test needs neither an environment nor a limit of its own; only the file is read
// here. Used by main before any thread starts.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/config/cli.h"
#include "gateway/config/loaded.h"

namespace sluice {

struct Surroundings {
  // NAME=value strings, ended by null, as main gets them; null is an empty environment. A variable
  // that begins with SLUICE_ and is no key is an error.
  const char* const* environment = nullptr;
  // The most descriptors that the process may open: RLIMIT_NOFILE, hard.
  uint64_t descriptor_limit = 0;
  // Judges a poller's name and options ("uring:bufs=512"): only poller/ knows them. The message is
  // the problem and its fix, without a place. Empty: any text will do.
  std::function<absl::Status(std::string_view spec)> check_poller = {};
};

// The error has one line for each mistake, each with its place, its key and the fix.
absl::StatusOr<Loaded> load_config(const CommandLine& line, const Surroundings& surroundings);

}  // namespace sluice
