// Words for raw bytes: views, and big-endian loads and stores as the wire has them.
//
// A view owns nothing; whoever makes one sees to it that the bytes outlive it. Nothing here checks
// a length: the caller has done so before. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// Names are short and a message has many of them: up to 16 bytes are copied and compared as two
// words that may overlap, which costs a third of a call to the C library. Nothing, from nowhere, is
// fine too.
namespace bytes_detail {
template <typename Word>
Word load(const std::byte* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
template <typename Word>
void copy_ends(const std::byte* from, std::byte* to, size_t size) {
  const Word first = load<Word>(from);
  const Word last = load<Word>(from + size - sizeof(Word));
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + size - sizeof(Word), &last, sizeof last);
}
template <typename Word>
bool same_ends(const std::byte* a, const std::byte* b, size_t size) {
  const size_t last = size - sizeof(Word);
  return ((load<Word>(a) ^ load<Word>(b)) | (load<Word>(a + last) ^ load<Word>(b + last))) == 0;
}
}  // namespace bytes_detail

// `to` has room for them and is other memory.
inline void copy_bytes(Bytes from, std::byte* to) {
  const size_t size = from.size();
  if (size > 16) {
    std::memcpy(to, from.data(), size);
  } else if (size >= 8) {
    bytes_detail::copy_ends<uint64_t>(from.data(), to, size);
  } else if (size >= 4) {
    bytes_detail::copy_ends<uint32_t>(from.data(), to, size);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

inline bool same_bytes(Bytes a, Bytes b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return bytes_detail::same_ends<uint64_t>(a.data(), b.data(), size);
  if (size >= 4) return bytes_detail::same_ends<uint32_t>(a.data(), b.data(), size);
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool same_text(std::string_view a, std::string_view b) {
  return same_bytes(bytes_of(a), bytes_of(b));
}

}  // namespace sluice
