#include "session/token_table.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "codec/bounds.h"
#include "session/rules.h"

namespace sluice {
namespace {

absl::StatusOr<int> parse_device_flag(absl::string_view word) {
  constexpr std::array<std::pair<std::string_view, int>, 5> kNames{
      {{"app", 0}, {"web", 1}, {"pc", 2}, {"system", 99}, {"any", -1}}};
  for (const auto& [name, number] : kNames) {
    if (word == absl::string_view(name.data(), name.size())) return number;
  }
  uint8_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && end == word.data() + word.size()) return number;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word, "\" is no device flag: write app, web, pc, system, any or 0..255"));
}

absl::StatusOr<DeviceLevel> parse_level(absl::string_view word) {
  if (word == "master") return DeviceLevel::Master;
  if (word == "slave") return DeviceLevel::Slave;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word, "\" is no device level: write master or slave"));
}

// A # starts a comment at the start of a line or behind a blank; inside a token it is a character.
absl::string_view without_comment(absl::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    const bool at_word = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (line[i] == '#' && at_word) return line.substr(0, i);
  }
  return line;
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  const size_t size = std::max(a.size(), b.size());
  size_t difference = a.size() ^ b.size();
  for (size_t i = 0; i < size; ++i) {
    const unsigned char left = i < a.size() ? static_cast<unsigned char>(a[i]) : 0;
    const unsigned char right = i < b.size() ? static_cast<unsigned char>(b[i]) : 0;
    difference |= static_cast<size_t>(left ^ right);
  }
  return difference == 0;
}

absl::StatusOr<std::shared_ptr<const TokenTable>> TokenTable::parse(std::string_view text,
                                                                    std::string_view name) {
  auto table = std::make_shared<TokenTable>();
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++number;
    line = without_comment(line);
    const absl::Status status = table->add_line({line.data(), line.size()});
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(name), ":", number, ": ", status.message()));
    }
  }
  return std::shared_ptr<const TokenTable>(std::move(table));
}

absl::Status TokenTable::add_line(std::string_view line) {
  const std::vector<absl::string_view> words = absl::StrSplit(
      absl::string_view(line.data(), line.size()), absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return absl::OkStatus();
  if (words.size() < 2) return absl::InvalidArgumentError("the token is missing: write uid token");
  if (words.size() > 4) {
    return absl::InvalidArgumentError("too many words: write uid token [device flag] [level]");
  }
  if (!is_valid_uid({words[0].data(), words[0].size()})) {
    return absl::InvalidArgumentError(
        "the uid is longer than 255 bytes, not UTF-8, or holds @, & or a control character");
  }
  if (words[1].size() > kTokenBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token is longer than ", kTokenBytesMax, " bytes"));
  }
  Entry entry;
  entry.token = std::string(words[1]);
  if (words.size() > 2) {
    SLUICE_ASSIGN_OR_RETURN(entry.device_flag, parse_device_flag(words[2]));
  }
  if (words.size() > 3) {
    SLUICE_ASSIGN_OR_RETURN(entry.level, parse_level(words[3]));
  }
  by_uid_[std::string(words[0])].push_back(std::move(entry));
  ++entries_;
  return absl::OkStatus();
}

AuthAnswer TokenTable::check(const AuthRequest& request) const {
  const auto it = by_uid_.find(absl::string_view(request.uid.data(), request.uid.size()));
  AuthAnswer answer;
  if (it == by_uid_.end()) {
    // The same work as for a known uid, so that the time does not tell who exists.
    static_cast<void>(equal_in_constant_time(request.token, "an unknown uid"));
    return answer;
  }
  for (const Entry& entry : it->second) {
    const bool device =
        entry.device_flag < 0 || entry.device_flag == static_cast<int>(request.device_flag);
    if (equal_in_constant_time(request.token, entry.token) && device) {
      answer = {Reason::Success, entry.level};
    }
  }
  return answer;
}

}  // namespace sluice
