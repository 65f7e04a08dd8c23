// What the operator typed: a command and the flags, still as text.
//
//   sluice [serve|check|config|pollers|version] [--key=value]…
//
// It knows which flags exist (the option table) and what a word in the wrong place means; the
// values are read by load.h, so that they are judged together with those of the environment and the
// file. Used once, by main, before any thread starts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

struct CommandLine {
  enum class Command : uint8_t { Serve, Check, Config, Pollers, Version, Help };

  Command command = Command::Serve;
  // Key and value of each flag, at most one of a key, in the order of the option table; a switch
  // without a value has "true".
  std::vector<std::pair<std::string, std::string>> flags;
};

// Reads main's arguments. The error has one line for each mistake: what it is and the fix.
absl::StatusOr<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace sluice
