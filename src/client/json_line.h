// One JSON object on one line, for --json.
//
// nlohmann's library throws, so json_line.cc is built behind the fence and is the only file that
// knows it. Pure, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace sluice {

struct JsonField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double> value;
};

// The fields in their order, without a line feed. Strings may hold anything: what is not UTF-8
// becomes U+FFFD, and what could steer a terminal is escaped.
std::string json_line(std::span<const JsonField> fields);

}  // namespace sluice
