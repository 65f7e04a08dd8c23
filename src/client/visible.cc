#include "client/visible.h"

#include "base/utf8.h"

namespace sluice {
namespace {

// The first code point that many terminals draw two columns wide (Hangul Jamo).
constexpr char32_t kWideFrom = 0x1100;

bool steers(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool direction = c == 0x061c || c == 0x200e || c == 0x200f ||
                         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || separator || direction;
}

void append_hex(std::string& out, char32_t value, unsigned digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned i = digits; i > 0; --i) out += kDigits[value >> (4 * (i - 1)) & 0xf];
}

void append_escape(std::string& out, char32_t c) {
  out += '\\';
  if (c == '\n') {
    out += 'n';
  } else if (c == '\t') {
    out += 't';
  } else if (c == '\r') {
    out += 'r';
  } else {
    out += 'u';
    append_hex(out, c, 4);
  }
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const std::string_view bytes = text.substr(0, step.size);
    if (!step.valid) {
      for (const char byte : bytes) {
        out += "\\x";
        append_hex(out, static_cast<unsigned char>(byte), 2);
      }
    } else if (steers(step.code_point)) {
      append_escape(out, step.code_point);
    } else {
      out += bytes;
    }
    text.remove_prefix(step.size);
  }
  return out;
}

std::string_view tail_within(std::string_view text, size_t columns) {
  size_t begin = 0;
  size_t width = 0;
  const auto width_at = [&](size_t at, size_t& size) -> size_t {
    const Utf8Step step = utf8_step(text.substr(at));
    size = step.size;
    return step.code_point < kWideFrom ? 1 : 2;
  };
  size_t size = 0;
  for (size_t at = 0; at < text.size(); at += size) {
    width += width_at(at, size);
    while (width > columns) {
      size_t dropped = 0;
      width -= width_at(begin, dropped);
      begin += dropped;
    }
  }
  return text.substr(begin);
}

}  // namespace sluice
