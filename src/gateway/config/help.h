// The text of `sluice --help`, written from the option table.
//
// Not CLI11's own: that one neither wraps nor knows the bounds. Pure, any thread.
#pragma once

#include <string>

namespace sluice {

// The commands, then every flag under its heading with what it does, its bounds and its default;
// lines of at most 100 columns.
std::string help_text();

}  // namespace sluice
