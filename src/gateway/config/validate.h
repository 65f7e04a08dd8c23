// What must hold between two keys, or between a key and the machine.
//
// Each value has passed its own bounds before. A line names both keys, their values and places, and
// ends with the fix. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/loaded.h"

namespace sluice {

// Every contradiction, one line each; empty when the configuration may be served. A key of which a
// value was refused takes part in none. `descriptor_limit` is the process's hard limit.
std::vector<std::string> contradictions(const Loaded& loaded, uint64_t descriptor_limit);

}  // namespace sluice
