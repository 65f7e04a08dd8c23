// Which part of the list of connections a query asks for: ?limit= and ?offset=.
//
// Pure. Strict: a typing error must not look like an empty gateway. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// Connections in one answer, about 3 MB of JSON: larger lists come in pages.
inline constexpr uint64_t kPageLimitMax = 10000;
inline constexpr uint64_t kPageLimitDefault = 100;

struct ConnectionPage {
  uint64_t offset = 0;                 // connections to skip
  uint64_t limit = kPageLimitDefault;  // connections to show at most; 0 asks for the total alone
};

// The query's names and values, decoded. The error names the parameter and what to write instead.
absl::StatusOr<ConnectionPage> page_from_query(
    const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace sluice
