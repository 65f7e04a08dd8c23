// The table of every key: one row drives the flag, the environment variable, the TOML key, --help
// and `sluice config`. A new key is a field in config.h and a row in option_table.cc, nothing else.
//
// It knows one value at a time. Where values come from is load.h's, what holds between two keys is
// validate.h's. Constant data: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/config/config.h"

namespace sluice {

// What a value looks like; decides which TOML type it may have.
enum class OptionKind : uint8_t { Switch, Count, Size, Time, Choice, Text, Address, AddressList };

// The range of a Count, of a Size, or of a Time in nanoseconds.
struct Bounds {
  uint64_t min = 0;
  uint64_t max = 0;                  // kUnbounded: only `min` is told
  std::string_view zero_means = {};  // not empty: 0 is allowed below `min`, and this is its meaning
  uint64_t step = 1;                 // the value is a multiple of it
};

inline constexpr uint64_t kUnbounded = INT64_MAX;

struct Option {
  std::string_view key = {};      // as in the file; with "--" the flag
  std::string_view metavar = {};  // in --help; the words of a Choice, in the enum's order, with '|'
  std::string_view group = {};    // the heading in --help
  std::string_view help = {};     // a sentence without its full stop, without default and bounds
  OptionKind kind = OptionKind::Text;
  Bounds bounds = {};
  bool in_file = true;  // false: flag and environment only
  // Reads `text` into its field, or leaves `config` alone and tells what is wrong, and the fix.
  absl::Status (*set)(const Option& option, std::string_view text, Config& config) = nullptr;
  // The field as `set` reads it; empty when it is not set.
  std::string (*show)(const Config& config) = nullptr;
};

// Every option, in the order of --help and of `sluice config`.
std::span<const Option> options();

// The row of `key`, or null.
const Option* find_option(std::string_view key);

// "--idle-timeout" and "SLUICE_IDLE_TIMEOUT".
std::string flag_name(const Option& option);
std::string environment_name(const Option& option);

// The row whose variable this is ("SLUICE_IDLE_TIMEOUT"), or null.
const Option* find_option_of_environment(std::string_view variable);

// One number of the option's kind, with its unit: "1MiB", "10s", "128".
std::string show_number(const Option& option, uint64_t number);

// "10ms to 24h; 0=off", or empty for a kind without bounds.
std::string show_bounds(const Option& option);

}  // namespace sluice
