// How a value is written: sizes with KiB, times with ms, plain counts, switches; and back again.
//
// What show_x writes, parse_x reads as the same value. Nothing here knows a key or a bound: that is
// option_table.h's. An error tells what is wrong and, after a semicolon, how to write it; the
// caller puts the place in front. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sys/address.h"
#include "time/instant.h"

namespace sluice {

// A whole number in decimal digits: no sign, no point, no separators.
absl::StatusOr<uint64_t> parse_count(std::string_view text);

// Bytes: a whole number, alone or with B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB (of 1024).
absl::StatusOr<uint64_t> parse_bytes(std::string_view text);

// A whole number with ms, s, m or h. A bare number is refused, since nobody remembers which unit a
// program meant; only 0 needs none.
absl::StatusOr<Duration> parse_duration(std::string_view text);

// "true" or "false".
absl::StatusOr<bool> parse_switch(std::string_view text);

// "tcp://127.0.0.1:5100" or "tcp://[::1]:5100".
absl::StatusOr<Address> parse_listen_address(std::string_view text);

// The largest unit of 1024 that divides the number: "2MiB", "1048582".
std::string show_bytes(uint64_t bytes);

// The largest unit that divides the time: "5m", "90s", "1500ms". Whole milliseconds only.
std::string show_duration(Duration duration);

// The address as parse_listen_address reads it.
std::string show_listen_address(const Address& address);

}  // namespace sluice
