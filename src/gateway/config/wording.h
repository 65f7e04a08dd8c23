// Two small turns of phrase that every message of the configuration uses.
//
// For set-up only. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice {

// absl's string functions want absl's view, which is a type of its own in Debian's build.
inline absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

// ": did you mean WORD?" for the known word that is nearest, or nothing when none is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace sluice
