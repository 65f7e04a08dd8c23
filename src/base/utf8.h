// One step through text that claims to be UTF-8.
//
// It judges as the Unicode standard does (no overlong forms, no surrogates, nothing over U+10FFFF),
// and says how far to go on after a bad sequence. It converts nothing. Pure function, any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

struct Utf8Step {
  char32_t code_point;  // U+FFFD where not valid.
  size_t size;          // Bytes to move on by, 1 to 4.
  bool valid;
};

// Looks at the front of `text`, which is not empty. An ill-formed front is as long as the
// longest beginning of a good sequence, at least 1 (Unicode's "substitution of maximal
// subparts", chapter 3.9).
[[nodiscard]] Utf8Step utf8_step(std::string_view text);

}  // namespace sluice
