// The text of `sluice --help`, written from the option table.
//
// Not CLI11's own: that one neither wraps nor knows the bounds. Pure, any thread.
#pragma once

#include <string>

namespace sluice {

// The commands, then every flag under its heading with what it does, its bounds and its default;
// lines of at most 100 columns.
std::string help_text();
// One more row for such a table: `left` in its column, `right` wrapped beside it.
void append_help_row(std::string& text, const std::string& left, const std::string& right);

}  // namespace sluice
