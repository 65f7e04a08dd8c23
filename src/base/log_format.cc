#include "base/log_format.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/utf8.h"

namespace sluice {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
    case LogLevel::Off:
      break;
  }
  return "off";
}

// The longest name; text lines pad to it, so that messages stand in one column.
constexpr size_t kLevelColumns = 5;

template <std::integral T>
void append_number(std::string& out, T value) {
  char digits[20];  // -9223372036854775808 and 18446744073709551615 have 20 characters.
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, end);
}

// `value` with leading zeros.
void append_padded(std::string& out, int64_t value, size_t columns) {
  const size_t before = out.size();
  append_number(out, value);
  const size_t written = out.size() - before;
  if (written < columns) out.insert(before, columns - written, '0');
}

// RFC 3339 in UTC with milliseconds: 2026-11-22T09:31:48.123Z.
void append_timestamp(std::string& out, int64_t unix_ms) {
  const int64_t ms = std::max<int64_t>(unix_ms, 0);
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  append_padded(out, int64_t{utc.tm_year} + 1900, 4);
  out += '-';
  append_padded(out, utc.tm_mon + 1, 2);
  out += '-';
  append_padded(out, utc.tm_mday, 2);
  out += 'T';
  append_padded(out, utc.tm_hour, 2);
  out += ':';
  append_padded(out, utc.tm_min, 2);
  out += ':';
  append_padded(out, utc.tm_sec, 2);
  out += '.';
  append_padded(out, ms % 1000, 3);
  out += 'Z';
}

void append_hex(std::string& out, uint32_t value, size_t columns) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = columns; i > 0; --i) out += kDigits[value >> (4 * (i - 1)) & 0xf];
}

// C0, DEL and C1 steer terminals; U+2028 and U+2029 end a line for some readers.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool append_short_escape(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    case '\t':
      out += "\\t";
      return true;
    default:
      return false;
  }
}

// One step of a text line: control characters and ill-formed bytes become escapes.
void append_visible(std::string& out, std::string_view bytes, const Utf8Step& step) {
  if (!step.valid) {
    for (const char byte : bytes) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(byte), 2);
    }
  } else if (!is_control(step.code_point)) {
    out += bytes;
  } else if (!append_short_escape(out, step.code_point)) {
    out += "\\u";
    append_hex(out, step.code_point, 4);
  }
}

void append_message(std::string& out, std::string_view message) {
  while (!message.empty()) {
    const Utf8Step step = utf8_step(message);
    append_visible(out, message.substr(0, step.size), step);
    message.remove_prefix(step.size);
  }
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const char32_t c = step.code_point;
    if (!step.valid || is_control(c) || c == ' ' || c == '"' || c == '\\' || c == '=') return true;
    text.remove_prefix(step.size);
  }
  return false;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.code_point == '"' || step.code_point == '\\') out += '\\';
    append_visible(out, text.substr(0, step.size), step);
    text.remove_prefix(step.size);
  }
  out += '"';
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    const char32_t c = step.code_point;
    if (!step.valid) {
      out += "\xef\xbf\xbd";  // U+FFFD.
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (!is_control(c)) {
      out += text.substr(0, step.size);
    } else if (!append_short_escape(out, c)) {
      out += "\\u";
      append_hex(out, c, 4);
    }
    text.remove_prefix(step.size);
  }
  out += '"';
}

// A value that is a number or a bool looks the same in both formats.
void append_scalar(std::string& out, const LogField& field) {
  if (field.kind == LogField::Kind::Boolean) {
    out += field.number != 0 ? "true" : "false";
  } else if (field.kind == LogField::Kind::Signed) {
    append_number(out, static_cast<int64_t>(field.number));
  } else {
    append_number(out, field.number);
  }
}

// Most lines fit, so that they are built with one allocation.
constexpr size_t kUsualLineBytes = 256;

}  // namespace

std::string format_text(LogLevel level, int64_t unix_ms, std::string_view message,
                        std::span<const LogField> fields) {
  std::string line;
  line.reserve(kUsualLineBytes);
  append_timestamp(line, unix_ms);
  const std::string_view name = name_of(level);
  line += ' ';
  line += name;
  line.append(kLevelColumns - name.size() + 1, ' ');
  append_message(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (field.kind != LogField::Kind::Text) {
      append_scalar(line, field);
    } else if (needs_quotes(field.text)) {
      append_quoted(line, field.text);
    } else {
      line += field.text;
    }
  }
  return line;
}

std::string format_json(LogLevel level, int64_t unix_ms, std::string_view message,
                        std::span<const LogField> fields) {
  std::string line;
  line.reserve(kUsualLineBytes);
  line += "{\"ts\":\"";
  append_timestamp(line, unix_ms);
  line += "\",\"level\":\"";
  line += name_of(level);
  line += "\",\"msg\":";
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.kind == LogField::Kind::Text) {
      append_json_string(line, field.text);
    } else {
      append_scalar(line, field);
    }
  }
  line += '}';
  return line;
}

}  // namespace sluice
