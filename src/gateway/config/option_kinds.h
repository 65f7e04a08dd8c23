// Makes a row of the option table for a field of Config: its kind's reading, bounds and showing.
//
// Only option_table.cc includes it. A row is a constant: set and show are plain functions, made per
// field by a template over the pointer to the member.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "gateway/config/option_table.h"
#include "gateway/config/option_value.h"

namespace sluice {

// Whether the number fits the option's bounds; the error names the bound it broke.
absl::Status check_bounds(const Option& option, std::string_view text, uint64_t number);

// Which word of the metavar `text` is; the error lists them all.
absl::StatusOr<size_t> parse_choice(const Option& option, std::string_view text);

// Reads a number of the option's kind and checks its bounds; a Time in nanoseconds.
absl::StatusOr<uint64_t> parse_number(const Option& option, std::string_view text);

// Refuses what could not be written back: an empty text, control characters, no UTF-8.
absl::Status check_text(const Option& option, std::string_view text);

// The word of a Choice at `index`, out of "main|reuseport".
std::string_view choice_at(std::string_view words, size_t index);

template <auto kField>
using FieldType = std::remove_reference_t<decltype(std::declval<Config&>().*kField)>;

// A number of any of the three kinds: the field is an unsigned integer or a Duration.
template <auto kField>
absl::Status set_number(const Option& option, std::string_view text, Config& config) {
  const absl::StatusOr<uint64_t> number = parse_number(option, text);
  if (!number.ok()) return number.status();
  if constexpr (std::is_same_v<FieldType<kField>, Duration>) {
    config.*kField = Duration(static_cast<int64_t>(*number));
  } else {
    config.*kField = static_cast<FieldType<kField>>(*number);
  }
  return absl::OkStatus();
}

template <auto kField>
constexpr Option count_option(std::string_view group, std::string_view key, Bounds bounds,
                              std::string_view help) {
  return {.key = key,
          .metavar = "N",
          .group = group,
          .help = help,
          .kind = OptionKind::Count,
          .bounds = bounds,
          .set = set_number<kField>,
          .show = [](const Config& config) { return std::to_string(config.*kField); }};
}

template <auto kField>
constexpr Option bytes_option(std::string_view group, std::string_view key, Bounds bounds,
                              std::string_view help) {
  return {.key = key,
          .metavar = "BYTES",
          .group = group,
          .help = help,
          .kind = OptionKind::Size,
          .bounds = bounds,
          .set = set_number<kField>,
          .show = [](const Config& config) { return show_bytes(config.*kField); }};
}

template <auto kField>
constexpr Option time_option(std::string_view group, std::string_view key, Bounds bounds,
                             std::string_view help) {
  return {.key = key,
          .metavar = "TIME",
          .group = group,
          .help = help,
          .kind = OptionKind::Time,
          .bounds = bounds,
          .set = set_number<kField>,
          .show = [](const Config& config) { return show_duration(config.*kField); }};
}

template <auto kField>
constexpr Option switch_option(std::string_view group, std::string_view key,
                               std::string_view help) {
  return {
      .key = key,
      .metavar = "",
      .group = group,
      .help = help,
      .kind = OptionKind::Switch,
      .set =
          [](const Option&, std::string_view text, Config& config) {
            const absl::StatusOr<bool> value = parse_switch(text);
            if (value.ok()) config.*kField = *value;
            return value.status();
          },
      .show = [](const Config& config) { return std::string(config.*kField ? "true" : "false"); }};
}

// The enumerators count from 0 in the order of the words.
template <auto kField, const char* kWords>
constexpr Option choice_option(std::string_view group, std::string_view key,
                               std::string_view help) {
  return {.key = key,
          .metavar = kWords,
          .group = group,
          .help = help,
          .kind = OptionKind::Choice,
          .set =
              [](const Option& option, std::string_view text, Config& config) {
                const absl::StatusOr<size_t> index = parse_choice(option, text);
                if (index.ok()) config.*kField = static_cast<FieldType<kField>>(*index);
                return index.status();
              },
          .show =
              [](const Config& config) {
                return std::string(choice_at(kWords, static_cast<size_t>(config.*kField)));
              }};
}

template <auto kField>
constexpr Option text_option(std::string_view group, std::string_view key, std::string_view metavar,
                             std::string_view help) {
  return {.key = key,
          .metavar = metavar,
          .group = group,
          .help = help,
          .kind = OptionKind::Text,
          .set =
              [](const Option& option, std::string_view text, Config& config) {
                absl::Status status = check_text(option, text);
                if (status.ok()) config.*kField = std::string(text);
                return status;
              },
          .show = [](const Config& config) { return config.*kField; }};
}

}  // namespace sluice
