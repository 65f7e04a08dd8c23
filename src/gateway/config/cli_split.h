// Splits arguments into flags and the rest with CLI11, behind the fence: its only door.
//
// CLI11 throws, so its translation unit alone is built with exceptions, and none leaves it. It
// judges nothing: unknown flags and stray words come back for cli.cc to explain. Pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

struct FlagName {
  std::string_view name;   // "--idle-timeout"
  bool is_switch = false;  // takes no value unless written with '='
};

struct SplitArguments {
  // For each name, in their order: every value given to it. "" stands for a value that is missing.
  std::vector<std::vector<std::string>> values;
  // What is neither a known flag nor a value of one, in order.
  std::vector<std::string> rest;
};

absl::StatusOr<SplitArguments> split_arguments(std::span<const FlagName> names,
                                               std::vector<std::string> arguments);

}  // namespace sluice
