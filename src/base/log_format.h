// How a log line looks, as text for eyes and as JSON for machines.
//
// Values come from strangers (a uid, a close reason): whatever they hold, a record stays one line
// and its fields stay apart. It knows no logger and no clock. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/log_field.h"

namespace sluice {

// `unix_ms` is milliseconds since the Unix epoch, written in UTC; what is before it counts as 0.
// Neither line has its line feed yet.

// 2026-11-22T09:31:48.123Z info  connection closed conn=12 uid=alice reason="read timeout"
// A value is quoted when it is empty or holds a blank, a quote, a backslash, '=', a control
// character or a byte that is not UTF-8. Control characters of the message are escaped too.
[[nodiscard]] std::string format_text(LogLevel level, int64_t unix_ms, std::string_view message,
                                      std::span<const LogField> fields);

// {"ts":"2026-11-22T09:31:48.123Z","level":"info","msg":"connection
// closed","conn":12,"uid":"alice"} Escaped as RFC 8259 wants it; ill-formed UTF-8 becomes U+FFFD.
[[nodiscard]] std::string format_json(LogLevel level, int64_t unix_ms, std::string_view message,
                                      std::span<const LogField> fields);

}  // namespace sluice
