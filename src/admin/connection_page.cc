#include "admin/connection_page.h"

#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

absl::Status refused(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", why));
}

// Digits only: from_chars takes neither sign nor blank.
std::optional<uint64_t> number_of(const std::string& text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

absl::StatusOr<ConnectionPage> page_from_query(
    const std::vector<std::pair<std::string, std::string>>& query) {
  ConnectionPage page;
  bool limit_seen = false;
  bool offset_seen = false;
  for (const auto& [name, value] : query) {
    const bool is_limit = name == "limit";
    if (!is_limit && name != "offset") {
      return refused(name, "is no parameter of /connections; use limit and offset");
    }
    bool& seen = is_limit ? limit_seen : offset_seen;
    if (seen) return refused(name, "is given twice; give it once");
    seen = true;
    const uint64_t max = is_limit ? kPageLimitMax : std::numeric_limits<uint64_t>::max();
    const std::optional<uint64_t> number = number_of(value);
    if (!number.has_value() || *number > max) {
      return refused(name, absl::StrCat("\"", value, "\" is not accepted; write a whole number, ",
                                        is_limit ? absl::StrCat("0 to ", max) : "0 or more"));
    }
    (is_limit ? page.limit : page.offset) = *number;
  }
  return page;
}

}  // namespace sluice
