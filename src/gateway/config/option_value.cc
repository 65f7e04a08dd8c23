#include "gateway/config/option_value.h"

#include <array>
#include <charconv>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array kByteUnits = {
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"kB", 1000},
    Unit{"MB", 1000000},
    Unit{"GB", 1000000000},
    Unit{"KiB", 1ull << 10},
    Unit{"MiB", 1ull << 20},
    Unit{"GiB", 1ull << 30},
};

// In nanoseconds.
constexpr std::array kTimeUnits = {
    Unit{"ms", 1000000},
    Unit{"s", 1000000000},
    Unit{"m", 60000000000},
    Unit{"h", 3600000000000},
};

// Sizes and times are kept in signed 64 bits somewhere downstream (a Duration is one).
constexpr uint64_t kValueMax = std::numeric_limits<int64_t>::max();

template <typename... Parts>
absl::Status refuse(std::string_view text, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("\"", absl_view(text), "\" ", parts...));
}

// The digits in front and the unit behind them.
struct Quantity {
  uint64_t number = 0;
  bool has_digits = false;
  bool overflows = false;
  std::string_view unit;
};

Quantity split_quantity(std::string_view text) {
  Quantity quantity;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, quantity.number);
  quantity.has_digits = rest != text.data();
  quantity.overflows = error == std::errc::result_out_of_range;
  quantity.unit = text.substr(static_cast<size_t>(rest - text.data()));
  while (quantity.unit.starts_with(' ')) quantity.unit.remove_prefix(1);
  return quantity;
}

bool is_decimal_fraction(const Quantity& quantity) {
  return quantity.unit.size() > 1 && quantity.unit[0] == '.' &&
         absl::ascii_isdigit(static_cast<unsigned char>(quantity.unit[1]));
}

template <size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// What to write instead of `name`. Another case of a unit is most likely that unit, but nobody
// should have to guess what "mb" was meant to be, so it is not taken.
template <size_t N>
std::string unit_fix(const std::array<Unit, N>& units, std::string_view name,
                     absl::string_view all) {
  for (const Unit& unit : units) {
    if (absl::EqualsIgnoreCase(absl_view(unit.name), absl_view(name))) {
      return absl::StrCat(": did you mean ", absl_view(unit.name), "?");
    }
  }
  return absl::StrCat("; use ", all);
}

}  // namespace

absl::StatusOr<uint64_t> parse_count(std::string_view text) {
  const Quantity quantity = split_quantity(text);
  if (quantity.overflows) return refuse(text, "is too large for a number");
  if (!quantity.has_digits || text.find_first_not_of("0123456789") != text.npos) {
    return refuse(text, "is not a whole number; write digits only, such as 64");
  }
  return quantity.number;
}

absl::StatusOr<uint64_t> parse_bytes(std::string_view text) {
  const Quantity quantity = split_quantity(text);
  if (quantity.overflows) return refuse(text, "is too large for a size");
  if (!quantity.has_digits || is_decimal_fraction(quantity)) {
    return refuse(
        text, "is not a size; write a whole number of bytes, or one with a unit, such as 64KiB");
  }
  const Unit* unit = find_unit(kByteUnits, quantity.unit);
  if (unit == nullptr) {
    return refuse(text, "has the unknown unit \"", absl_view(quantity.unit), "\"",
                  unit_fix(kByteUnits, quantity.unit, "KiB, MiB, GiB, kB, MB or GB"));
  }
  if (quantity.number > kValueMax / unit->factor) return refuse(text, "is too large for a size");
  return quantity.number * unit->factor;
}

absl::StatusOr<Duration> parse_duration(std::string_view text) {
  const Quantity quantity = split_quantity(text);
  if (quantity.overflows) return refuse(text, "is too large for a time");
  if (!quantity.has_digits || is_decimal_fraction(quantity)) {
    return refuse(text, "is not a time; write a whole number with ms, s, m or h, such as 30s");
  }
  if (quantity.unit.empty()) {
    if (quantity.number == 0) return Duration::zero();
    return refuse(text, "has no unit; write ", quantity.number, "s");
  }
  const Unit* unit = find_unit(kTimeUnits, quantity.unit);
  if (unit == nullptr) {
    return refuse(text, "has the unknown unit \"", absl_view(quantity.unit), "\"",
                  unit_fix(kTimeUnits, quantity.unit, "ms, s, m or h"));
  }
  if (quantity.number > kValueMax / unit->factor) return refuse(text, "is too large for a time");
  return Duration(static_cast<int64_t>(quantity.number * unit->factor));
}

absl::StatusOr<bool> parse_switch(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return refuse(text, "is neither true nor false; write one of them");
}

absl::StatusOr<Address> parse_listen_address(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == text.npos) {
    const bool only_that = Address::parse(text).ok();
    return refuse(text, "has no scheme; write tcp://",
                  only_that ? absl_view(text) : "127.0.0.1:5100 or tcp://[::1]:5100");
  }
  const std::string_view scheme = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 3);
  if (scheme == "ws" || scheme == "wss" || scheme == "tls") {
    return refuse(text, "uses ", absl_view(scheme),
                  ", which is not built yet in this version; use tcp://");
  }
  if (scheme != "tcp") {
    return refuse(text, "has the unknown scheme \"", absl_view(scheme), "\"; use tcp://");
  }
  const absl::StatusOr<Address> address = Address::parse(rest);
  if (address.ok()) return *address;
  return absl::InvalidArgumentError(absl::StrCat(address.status().message(), " behind tcp://"));
}

std::string show_bytes(uint64_t bytes) {
  constexpr std::array kUnits = {Unit{"GiB", 1ull << 30}, Unit{"MiB", 1ull << 20},
                                 Unit{"KiB", 1ull << 10}};
  for (const Unit& unit : kUnits) {
    if (bytes != 0 && bytes % unit.factor == 0) {
      return absl::StrCat(bytes / unit.factor, absl_view(unit.name));
    }
  }
  return absl::StrCat(bytes);
}

std::string show_duration(Duration duration) {
  const auto nanoseconds = static_cast<uint64_t>(duration.count());
  if (nanoseconds == 0) return "0s";
  for (size_t i = kTimeUnits.size(); i-- > 0;) {
    const Unit& unit = kTimeUnits[i];
    if (nanoseconds % unit.factor == 0) {
      return absl::StrCat(nanoseconds / unit.factor, absl_view(unit.name));
    }
  }
  // parse_duration knows no finer unit, and the defaults are whole seconds.
  SLUICE_CHECK(false, "a configured time is in whole milliseconds");
  return "";
}

std::string show_listen_address(const Address& address) {
  return absl::StrCat("tcp://", address.to_string());
}

}  // namespace sluice
