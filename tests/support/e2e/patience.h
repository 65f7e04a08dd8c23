// How long a test waits for something that must happen before it calls it lost.
//
// A guard against hanging, not a bound on speed: a sanitizer on a busy machine stays far below it.
// Waiting always ends with the event itself; only a failing test sees this time pass.
#pragma once

#include <chrono>
#include <functional>

namespace sluice {

inline constexpr std::chrono::seconds kPatience{60};

// The instant at which a wait that begins now is given up.
inline std::chrono::steady_clock::time_point patience_end() {
  return std::chrono::steady_clock::now() + kPatience;
}

// Milliseconds until `end` as poll(2) wants them, 0 when it has passed.
int poll_ms_until(std::chrono::steady_clock::time_point end);

// Looks again and again, for states that nobody announces (/proc); false when patience ran out.
bool eventually(const std::function<bool()>& holds);

}  // namespace sluice
