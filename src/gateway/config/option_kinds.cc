#include "gateway/config/option_kinds.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/utf8.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

std::vector<std::string> words_of(std::string_view metavar) {
  return absl::StrSplit(absl_view(metavar), '|');
}

// Text that a TOML file can hold in one line: valid UTF-8 without control characters (C0, DEL, C1).
bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (!step.valid || step.code_point < 0x20) return false;
    if (step.code_point >= 0x7f && step.code_point <= 0x9f) return false;
    text.remove_prefix(step.size);
  }
  return true;
}

}  // namespace

absl::Status check_bounds(const Option& option, std::string_view text, uint64_t number) {
  const Bounds& bounds = option.bounds;
  if (number == 0 && !bounds.zero_means.empty()) return absl::OkStatus();
  if (number < bounds.min) {
    return absl::OutOfRangeError(absl::StrCat(
        "\"", absl_view(text), "\" is too small; the smallest is ", show_number(option, bounds.min),
        bounds.zero_means.empty() ? "" : ", or 0 for ", absl_view(bounds.zero_means)));
  }
  if (number > bounds.max) {
    return absl::OutOfRangeError(absl::StrCat("\"", absl_view(text),
                                              "\" is too large; the largest is ",
                                              show_number(option, bounds.max)));
  }
  if (number % bounds.step != 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl_view(text),
                                                   "\" is too fine; write a multiple of ",
                                                   show_number(option, bounds.step)));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> parse_number(const Option& option, std::string_view text) {
  absl::StatusOr<uint64_t> number = 0;
  if (option.kind == OptionKind::Time) {
    const absl::StatusOr<Duration> time = parse_duration(text);
    if (!time.ok()) return time.status();
    number = static_cast<uint64_t>(time->count());
  } else {
    number = option.kind == OptionKind::Size ? parse_bytes(text) : parse_count(text);
    if (!number.ok()) return number;
  }
  const absl::Status in_bounds = check_bounds(option, text, *number);
  if (!in_bounds.ok()) return in_bounds;
  return number;
}

absl::StatusOr<size_t> parse_choice(const Option& option, std::string_view text) {
  const std::vector<std::string> words = words_of(option.metavar);
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return i;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl_view(text), "\" is not one of ",
      absl::StrReplaceAll(absl_view(option.metavar), {{"|", ", "}}), suggestion(text, words)));
}

std::string_view choice_at(std::string_view words, size_t index) {
  for (; index > 0; --index) words.remove_prefix(words.find('|') + 1);
  return words.substr(0, words.find('|'));
}

absl::Status check_text(const Option& option, std::string_view text) {
  if (text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("is empty; write ", absl_view(option.metavar), " or leave the key out"));
  }
  if (!is_plain_text(text)) {
    return absl::InvalidArgumentError(
        "holds a control character or bytes that are not UTF-8; choose another name");
  }
  return absl::OkStatus();
}

}  // namespace sluice
