// Reads the options of a PollerSpec: whole numbers, switches, choices.
//
// A poller lists its options in a table (for people) and reads each of them by key (for itself); to
// read a key that the table lacks is a bug. The first error is kept and what follows is skipped, so
// that a caller asks once, at the end. It knows no poller. For set-up only; it owns nothing, one
// thread at a time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "poller/poller_spec.h"

namespace sluice {

// One option of a poller, as --help, `sluice pollers` and error messages list it.
struct PollerOption {
  std::string_view key;
  std::string_view value;     // what may stand there, with its unit
  std::string_view fallback;  // what holds when it is not given
  std::string_view help;      // what it does, and when not to use it
};

// "; there is a, b, c", and which of them was meant by `word` where one is near.
std::string there_is(std::string_view word, std::span<const std::string_view> known);

class OptionReader {
 public:
  // Both outlive the reader. An option that is not in `known` is its first error.
  OptionReader(const PollerSpec& spec, std::span<const PollerOption> known);

  // Each leaves *value, the default, as it is where the option is not given or wrong.
  void number(std::string_view key, uint32_t min, uint32_t max, uint32_t* value);
  void on_off(std::string_view key, bool* value);
  template <typename Enum>
  void choice(std::string_view key,
              std::initializer_list<std::pair<std::string_view, Enum>> meanings, Enum* value) {
    std::vector<std::string_view> words;
    for (const auto& meaning : meanings) words.push_back(meaning.first);
    const std::optional<size_t> index = chosen(key, words);
    if (index.has_value()) *value = meanings.begin()[*index].second;
  }

  // For what only several options together make wrong: "poller NAME: why".
  void refuse(std::string_view why);

  // The first error, or OK.
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  // What stands there; nullptr where it is not given, or after an error.
  const std::string* find(std::string_view key) const;
  // Which of `words` stands there, as an index; an error where it is none of them.
  std::optional<size_t> chosen(std::string_view key, std::span<const std::string_view> words);
  void reject(std::string_view key, const std::string& value, std::string_view why);

  const PollerSpec& spec_;
  std::span<const PollerOption> known_;
  absl::Status status_;
};

}  // namespace sluice
