#include "base/utf8.h"

namespace sluice {
namespace {

constexpr char32_t kReplacement = 0xfffd;

// What the first byte promises, after table 3-7 of the Unicode standard.
struct Lead {
  size_t size;         // 0: cannot lead.
  char32_t bits;       // The first byte's share of the code point.
  unsigned char low;   // The second byte's range; it is what excludes overlong forms, surrogates
  unsigned char high;  // and everything over U+10FFFF.
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0, 0};
  if (byte < 0xc2) return {0, 0, 0, 0};
  const char32_t bits = byte;
  if (byte < 0xe0) return {2, bits & 0x1f, 0x80, 0xbf};
  if (byte == 0xe0) return {3, bits & 0x0f, 0xa0, 0xbf};
  if (byte == 0xed) return {3, bits & 0x0f, 0x80, 0x9f};
  if (byte < 0xf0) return {3, bits & 0x0f, 0x80, 0xbf};
  if (byte == 0xf0) return {4, bits & 0x07, 0x90, 0xbf};
  if (byte < 0xf4) return {4, bits & 0x07, 0x80, 0xbf};
  if (byte == 0xf4) return {4, bits & 0x07, 0x80, 0x8f};
  return {0, 0, 0, 0};
}

}  // namespace

Utf8Step utf8_step(std::string_view text) {
  Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  if (lead.size == 0) return {kReplacement, 1, false};
  char32_t code_point = lead.bits;
  for (size_t i = 1; i < lead.size; ++i) {
    if (i == text.size()) return {kReplacement, i, false};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < lead.low || byte > lead.high) return {kReplacement, i, false};
    code_point = code_point << 6 | (byte & 0x3fU);
    lead.low = 0x80;
    lead.high = 0xbf;
  }
  return {code_point, lead.size, true};
}

}  // namespace sluice
