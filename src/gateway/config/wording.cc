#include "gateway/config/wording.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/edit_distance.h"

namespace sluice {

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::optional<std::string> nearest = did_you_mean(word, views);
  return nearest ? absl::StrCat(": did you mean ", *nearest, "?") : "";
}

}  // namespace sluice
