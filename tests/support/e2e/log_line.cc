#include "support/e2e/log_line.h"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

// Takes `"…"` off the front of `rest`; false when there is none.
bool take_text(std::string_view& rest, std::string& text) {
  if (!rest.starts_with('"')) return false;
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return true;
    }
    if (rest[i] != '\\' || i + 1 == rest.size()) {
      text += rest[i];
      continue;
    }
    const char escape = rest[++i];
    if (escape == 'u' && i + 4 < rest.size()) {
      unsigned code = 0;  // a control character: our log escapes no other
      std::from_chars(&rest[i + 1], &rest[i + 5], code, 16);
      text += static_cast<char>(code);
      i += 4;
    } else {
      text += escape == 'n' ? '\n' : escape == 'r' ? '\r' : escape == 't' ? '\t' : escape;
    }
  }
  return false;
}

bool take_value(std::string_view& rest, std::string& value) {
  if (rest.starts_with('"')) return take_text(rest, value);
  const size_t end = std::min(rest.find_first_of(",}"), rest.size());
  value = rest.substr(0, end);
  rest.remove_prefix(end);
  return true;
}

}  // namespace

LogLine::LogLine(std::string_view json) {
  if (!json.starts_with('{')) return;
  while (json.size() > 1) {
    json.remove_prefix(1);  // the brace or comma
    std::string key;
    std::string value;
    if (!take_text(json, key) || !json.starts_with(':')) return;
    json.remove_prefix(1);
    if (!take_value(json, value)) return;
    fields_.emplace(std::move(key), std::move(value));
  }
}

std::string_view LogLine::operator[](std::string_view key) const {
  const auto it = fields_.find(key);
  return it == fields_.end() ? std::string_view() : it->second;
}

bool LogLine::matches(std::string_view message, const LogFields& fields) const {
  return this->message() == message &&
         std::all_of(fields.begin(), fields.end(),
                     [this](const auto& field) { return (*this)[field.first] == field.second; });
}

}  // namespace sluice
