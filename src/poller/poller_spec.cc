#include "poller/poller_spec.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sluice {

absl::StatusOr<PollerSpec> PollerSpec::parse(std::string_view text) {
  const absl::string_view all(text.data(), text.size());
  const auto bad = [all](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("poller \"", all, "\": ", why, "; write NAME or NAME:key=value,key=value"));
  };
  PollerSpec spec;
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(all, absl::MaxSplits(':', 1));
  spec.name = std::string(halves.first);
  if (spec.name.empty()) return bad("the name is missing");
  if (all.size() == halves.first.size()) return spec;
  for (const absl::string_view word : absl::StrSplit(halves.second, ',')) {
    const size_t equals = word.find('=');
    if (equals == absl::string_view::npos || equals == 0 || equals + 1 == word.size()) {
      return bad(absl::StrCat("\"", word, "\" is not key=value"));
    }
    std::string key(word.substr(0, equals));
    const bool twice = std::any_of(spec.options.begin(), spec.options.end(),
                                   [&key](const auto& option) { return option.first == key; });
    if (twice) return bad(absl::StrCat("\"", key, "\" is given twice"));
    spec.options.emplace_back(std::move(key), std::string(word.substr(equals + 1)));
  }
  return spec;
}

std::string PollerSpec::to_string() const {
  std::string text = name;
  char before = ':';
  for (const auto& [key, value] : options) {
    text += before;
    text += key + "=" + value;
    before = ',';
  }
  return text;
}

}  // namespace sluice
