// The flags of the command line, one row each: what takes the value, and for which commands.
//
// options.cc walks the rows; the help text stands beside them. Pure, any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/options.h"

namespace sluice {

struct Flag {
  std::string name;  // "--uid"
  // Judges a value and keeps it. Returns what is wrong with it, or nothing.
  std::function<std::string(const std::string& value)> take;
  bool is_switch = false;  // takes no value unless written with '='
  bool may_repeat = false;
  std::vector<Command> only_for = {};  // empty: every command
};

// The flags, with `options` as the place where the values go; it outlives them.
std::vector<Flag> flags_into(Options& options);

}  // namespace sluice
