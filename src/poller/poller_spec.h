// How a poller is named, the same everywhere: NAME or NAME:key=value,key=value.
//
// It only takes the text apart; which names and keys exist, make_poller knows.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

struct PollerSpec {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;  // in the order written

  // The error shows the text and how to write it.
  static absl::StatusOr<PollerSpec> parse(std::string_view text);
  // The spelling that parse() accepts.
  std::string to_string() const;
};

}  // namespace sluice
