// The base-128 varint of wkproto's remaining length: seven bits a byte, least significant group
// first, bit 7 says that another byte follows, at most 4 bytes (so at most 2^28 - 1).
//
// Padded spellings (`80 00` for 0) are accepted, as the public codec does; a fourth byte that still
// has bit 7 is an error, known as soon as it is seen. Pure functions, any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"

namespace sluice {

inline constexpr size_t kVarintBytesMax = 4;
// Four groups of seven bits.
inline constexpr uint32_t kVarintMax = (uint32_t{1} << 28) - 1;

enum class VarintStatus {
  Ok,
  NeedMore,  // The input ended inside the varint; nothing is wrong so far.
  TooLong,   // The fourth byte promises a fifth.
};

struct Varint {
  VarintStatus status;
  uint32_t value;  // 0 unless Ok.
  size_t size;     // Bytes read, 1 to 4; 0 unless Ok.
};

// Reads the varint at the front of `in`; bytes behind it are not looked at.
[[nodiscard]] constexpr Varint read_varint(Bytes in) {
  uint32_t value = 0;
  const size_t limit = std::min(in.size(), kVarintBytesMax);
  for (size_t i = 0; i < limit; ++i) {
    const auto group = std::to_integer<uint32_t>(in[i]);
    value |= (group & 0x7fU) << (7 * i);
    if ((group & 0x80U) == 0) return {VarintStatus::Ok, value, i + 1};
  }
  return {limit == kVarintBytesMax ? VarintStatus::TooLong : VarintStatus::NeedMore, 0, 0};
}

// How many bytes write_varint(value, …) writes: 1 to 4.
[[nodiscard]] constexpr size_t varint_size(uint32_t value) {
  SLUICE_DCHECK(value <= kVarintMax, "a varint holds at most 28 bits");
  return value < 1U << 7 ? 1 : value < 1U << 14 ? 2 : value < 1U << 21 ? 3 : 4;
}

// Writes `value` (at most kVarintMax) in its shortest spelling and returns the bytes written; `out`
// has room for varint_size(value) bytes.
constexpr size_t write_varint(uint32_t value, std::byte* out) {
  const size_t size = varint_size(value);
  for (size_t i = 0; i + 1 < size; ++i, value >>= 7) {
    out[i] = static_cast<std::byte>((value & 0x7fU) | 0x80U);
  }
  out[size - 1] = static_cast<std::byte>(value & 0x7fU);
  return size;
}

}  // namespace sluice
