#include "poller/option_reader.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "base/edit_distance.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

std::string joined(std::span<const std::string_view> words, absl::string_view between) {
  return absl::StrJoin(words, between, [](std::string* out, std::string_view word) {
    absl::StrAppend(out, absl_view(word));
  });
}

std::string meant(std::string_view word, std::span<const std::string_view> known) {
  const std::optional<std::string> near = did_you_mean(word, known);
  return near.has_value() ? absl::StrCat("; did you mean ", *near, "?") : "";
}

}  // namespace

std::string there_is(std::string_view word, std::span<const std::string_view> known) {
  return absl::StrCat("; there is ", joined(known, ", "), meant(word, known));
}

OptionReader::OptionReader(const PollerSpec& spec, std::span<const PollerOption> known)
    : spec_(spec), known_(known) {
  std::vector<std::string_view> keys;
  for (const PollerOption& option : known) keys.push_back(option.key);
  for (const auto& [key, value] : spec.options) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("poller ", spec.name, " has no option \"", key, "\"", there_is(key, keys)));
    return;
  }
}

const std::string* OptionReader::find(std::string_view key) const {
  const bool listed = std::any_of(known_.begin(), known_.end(),
                                  [key](const PollerOption& option) { return option.key == key; });
  SLUICE_CHECK(listed, "an option is read that the poller's table does not list");
  if (!status_.ok()) return nullptr;
  for (const auto& [name, value] : spec_.options) {
    if (name == key) return &value;
  }
  return nullptr;
}

void OptionReader::refuse(std::string_view why) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat("poller ", spec_.name, ": ", absl_view(why)));
}

void OptionReader::reject(std::string_view key, const std::string& value, std::string_view why) {
  refuse(absl::StrCat(absl_view(key), "=", value, " is ", absl_view(why)));
}

void OptionReader::number(std::string_view key, uint32_t min, uint32_t max, uint32_t* value) {
  const std::string* text = find(key);
  if (text == nullptr) return;
  const char* const end = text->data() + text->size();
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number < min || number > max) {
    reject(key, *text, absl::StrCat("not a whole number from ", min, " to ", max));
    return;
  }
  *value = number;
}

void OptionReader::on_off(std::string_view key, bool* value) {
  choice<bool>(key, {{"on", true}, {"off", false}}, value);
}

std::optional<size_t> OptionReader::chosen(std::string_view key,
                                           std::span<const std::string_view> words) {
  const std::string* text = find(key);
  if (text == nullptr) return std::nullopt;
  const auto word = std::find(words.begin(), words.end(), *text);
  if (word == words.end()) {
    reject(key, *text, absl::StrCat("not ", joined(words, " or "), meant(*text, words)));
    return std::nullopt;
  }
  return static_cast<size_t>(word - words.begin());
}

}  // namespace sluice
