// Words for raw bytes: views, and big-endian loads and stores as the wire has them.
//
// A view owns nothing; whoever makes one sees to it that the bytes outlive it. Nothing here checks
// a length: the caller has done so before. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Reads 2, 4 or 8 bytes at `from`, which need not be aligned. Written as shifts, which both
// compilers turn into one load and one byte swap.
constexpr uint16_t load_be16(const std::byte* from) {
  return static_cast<uint16_t>(std::to_integer<uint32_t>(from[0]) << 8 |
                               std::to_integer<uint32_t>(from[1]));
}

constexpr uint32_t load_be32(const std::byte* from) {
  return std::to_integer<uint32_t>(from[0]) << 24 | std::to_integer<uint32_t>(from[1]) << 16 |
         std::to_integer<uint32_t>(from[2]) << 8 | std::to_integer<uint32_t>(from[3]);
}

constexpr uint64_t load_be64(const std::byte* from) {
  return std::to_integer<uint64_t>(from[0]) << 56 | std::to_integer<uint64_t>(from[1]) << 48 |
         std::to_integer<uint64_t>(from[2]) << 40 | std::to_integer<uint64_t>(from[3]) << 32 |
         std::to_integer<uint64_t>(from[4]) << 24 | std::to_integer<uint64_t>(from[5]) << 16 |
         std::to_integer<uint64_t>(from[6]) << 8 | std::to_integer<uint64_t>(from[7]);
}

// Writes 2, 4 or 8 bytes at `to`, which need not be aligned.
constexpr void store_be16(std::byte* to, uint16_t value) {
  to[0] = static_cast<std::byte>(value >> 8);
  to[1] = static_cast<std::byte>(value);
}

constexpr void store_be32(std::byte* to, uint32_t value) {
  to[0] = static_cast<std::byte>(value >> 24);
  to[1] = static_cast<std::byte>(value >> 16);
  to[2] = static_cast<std::byte>(value >> 8);
  to[3] = static_cast<std::byte>(value);
}

constexpr void store_be64(std::byte* to, uint64_t value) {
  store_be32(to, static_cast<uint32_t>(value >> 32));
  store_be32(to + 4, static_cast<uint32_t>(value));
}

// The same memory under the other name; neither copies.
inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace sluice
