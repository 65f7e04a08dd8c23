// An errno as a Status, worded for an operator: "cannot do this: cause; what to do".
#pragma once

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sluice {

// `fix` may be empty. (absl::ErrnoToStatus would put the cause last, behind the fix.)
inline absl::Status errno_status(int error, absl::string_view what, absl::string_view fix = "") {
  return absl::Status(absl::ErrnoToStatusCode(error),
                      absl::StrCat(what, ": ", std::strerror(error), fix.empty() ? "" : "; ", fix));
}

}  // namespace sluice
