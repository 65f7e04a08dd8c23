// Takes a TOML text apart into values of known keys, each with its place, before anyone reads them.
//
// The keys are flat: one file is one table. What is wrong with the shape of the file (TOML itself,
// an unknown key, a wrong type, a table) is told here; what is wrong with a value is the option's
// affair. toml++ is known to config_file.cc only. Pure: it gets the text, not the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/option_table.h"

namespace sluice {

// One key of the file: either text for its option, or a problem.
struct FileEntry {
  const Option* option = nullptr;  // null: only the problem matters
  std::string text;                // as Option::set reads it
  std::string place;               // "sluice.toml:3:16", of the value
  std::string problem;             // a whole line with its place, or empty
  bool not_toml = false;           // the problem hides every other key of the file
};

// The entries in the order of the file. Text that is not TOML gives one entry, the first mistake.
std::vector<FileEntry> parse_config_file(std::string_view text, const std::string& path);

}  // namespace sluice
