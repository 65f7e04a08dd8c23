// The pollers that the end-to-end and fault suites run on: the one list. A new poller joins with
// one line; where the machine or the build lacks it, its tests are skipped aloud.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::array kPollerSpecs{
    std::string_view("epoll"),
    std::string_view("uring"),
};

// A spec as the end of a test's name: letters, digits and underscores.
inline std::string test_name_of(std::string_view spec) {
  std::string name(spec);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return name;
}

}  // namespace sluice
