// Reading a whole small file, with an error that an operator can act on.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace sluice {

// The contents of `path`, at most `bytes_max`; the error names the path and the cause.
absl::StatusOr<std::string> read_file(const std::string& path, size_t bytes_max);

}  // namespace sluice
