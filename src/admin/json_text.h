// The JSON of the admin port's answers, each ending with a newline.
//
// Pure. Text from clients (uids, device ids, paths) may be any bytes: what is no UTF-8 becomes
// U+FFFD, so the answer is always valid. json_text.cc alone knows nlohmann/json. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "admin/connection_page.h"
#include "gateway/connection_record.h"

namespace sluice {

// {"total":…,"offset":…,"limit":…,"connections":[…]}; `total` is of all, not of the page. An id
// has up to 56 bits: over 2^53, from the 33rd reactor on, JavaScript's numbers round it.
std::string connections_json(uint64_t total, const ConnectionPage& page,
                             std::span<const ConnectionRecord> connections);

// {"error":…}
std::string error_json(std::string_view message);

// {"error":…,"paths":[…]}
std::string not_found_json(std::string_view path, std::span<const std::string_view> paths);

}  // namespace sluice
