#include "gateway/config/effective.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/config/option_table.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

// A longer value moves its own source only, not everybody's.
constexpr size_t kValueWidthMax = 40;

// A TOML basic string. Option::set lets no control character in, so two characters need an escape.
std::string quoted(absl::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

bool is_number(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

std::string list_of(absl::string_view text) {
  std::string result = "[";
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    absl::StrAppend(&result, result.size() == 1 ? "" : ", ", quoted(item));
  }
  return result + "]";
}

std::string toml_value(const Option& option, const std::string& text) {
  switch (option.kind) {
    case OptionKind::Switch:
    case OptionKind::Count:
      return text;
    case OptionKind::Size:
      return is_number(text) ? text : quoted(text);
    case OptionKind::AddressList:
      return list_of(text);
    default:
      return quoted(text);
  }
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

struct Line {
  std::string key;
  std::string value;
  std::string place;
};

}  // namespace

std::string effective_text(const Loaded& loaded) {
  std::vector<Line> lines;
  size_t key_width = 0;
  size_t value_width = 0;
  for (size_t i = 0; i < options().size(); ++i) {
    const Option& option = options()[i];
    const std::string text = option.show(loaded.config);
    const bool commented = text.empty() || !option.in_file;
    // A place may hold a file's name, and a comment no control character.
    Line line{.key = absl::StrCat(commented ? "# " : "", absl_view(option.key)),
              .value = text.empty() ? "(not set)" : toml_value(option, text),
              .place = absl::Utf8SafeCHexEscape(loaded.sources[i].place)};
    key_width = std::max(key_width, line.key.size());
    if (!commented && line.value.size() <= kValueWidthMax) {
      value_width = std::max(value_width, line.value.size());
    }
    lines.push_back(std::move(line));
  }
  std::string result;
  for (const Line& line : lines) {
    absl::StrAppend(&result, padded(line.key, key_width), " = ", padded(line.value, value_width),
                    "  # ", line.place, "\n");
  }
  return result;
}

}  // namespace sluice
