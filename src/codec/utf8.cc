#include "codec/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace sluice {
namespace {

// Whether eight bytes of ASCII start here: most text holds nothing else.
bool starts_with_ascii_word(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t word = 0;
  if (text.size() < sizeof(word)) return false;
  std::memcpy(&word, text.data(), sizeof(word));
  return (word & kHighBits) == 0;
}

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7f && point <= 0x9f); }

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    if (starts_with_ascii_word(text)) {
      text.remove_prefix(sizeof(uint64_t));
      continue;
    }
    const Utf8Step step = utf8_step(text);
    if (!step.valid) return false;
    text.remove_prefix(step.size);
  }
  return true;
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (is_control(step.code_point)) return true;
    text.remove_prefix(step.size);
  }
  return false;
}

}  // namespace sluice
