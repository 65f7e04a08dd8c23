// The process's resource limits, as far as a gateway cares: how many descriptors it may hold.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace sluice {

// The hard limit of open descriptors (RLIMIT_NOFILE): raise_descriptor_limit can go no further.
uint64_t descriptor_limit_hard();
// Raises the soft limit to the hard one and returns it.
absl::StatusOr<uint64_t> raise_descriptor_limit();

}  // namespace sluice
