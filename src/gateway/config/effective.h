// `sluice config`: the configuration that would be served, with the source of each value.
//
// The text is itself a configuration file: loaded again it gives the same configuration, whatever
// mixture of flags, environment and file it came from. Pure, any thread.
#pragma once

#include <string>

#include "gateway/config/loaded.h"

namespace sluice {

// One line for each key: `key = value  # source`, the columns aligned. A key that is not set, and
// the path of the file itself, stand in comments.
std::string effective_text(const Loaded& loaded);

}  // namespace sluice
