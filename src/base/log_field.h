// The words of a log line: its level, its format, and the key=value fields behind its message.
//
// A LogField is a view, made on the caller's stack and used up before log() returns: it owns
// neither key nor text. Any thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class LogLevel : uint8_t { Debug, Info, Warn, Error, Off };

enum class LogFormat : uint8_t {
  Text,  // For eyes: 2026-11-22T09:31:48.123Z info  message key=value
  Json,  // For machines: one object a line.
};

struct LogField {
  enum class Kind : uint8_t { Text, Signed, Unsigned, Boolean };

  // The key is the program's own word (letters, digits, '_'); the value may come from anybody.
  constexpr LogField(std::string_view name, std::string_view value)
      : key(name), text(value), kind(Kind::Text) {}

  // Any integer, or a bool, which is written as true or false.
  template <std::integral T>
  constexpr LogField(std::string_view name, T value)
      : key(name),
        number(static_cast<uint64_t>(value)),
        kind(std::same_as<T, bool>     ? Kind::Boolean
             : std::signed_integral<T> ? Kind::Signed
                                       : Kind::Unsigned) {}

  std::string_view key;
  std::string_view text;  // Kind::Text only.
  uint64_t number = 0;    // The other kinds; Signed in two's complement.
  Kind kind;
};

}  // namespace sluice
