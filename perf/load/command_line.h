// What stands on sluice-load's command line. CLI11 stays behind command_line.cc. Setting up only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sys/address.h"

namespace sluice::load {

struct Options {
  std::string scenario_path;
  std::string server_text;
  Address server;
  std::vector<std::string> settings;  // KEY=VALUE
  uint32_t workers = 1;
  std::vector<int> cpus;  // one for each worker, in turn; empty: the kernel's choice
  uint64_t seed = 1;
  std::string json_path;  // empty: words for a person; "-": standard output
  bool control = false;
  double hiccup_seconds = 0;  // over 0: measure this machine instead of a server
  bool help = false;
  std::string help_text;
};

// An error names flag and fix.
absl::StatusOr<Options> parse_command_line(int argc, const char* const* argv);

}  // namespace sluice::load
