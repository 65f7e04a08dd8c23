// A hash of text that is the same in every run and on every machine: who owns a uid or a channel is
// stable_hash(name) % N.
//
// It is unkeyed: somebody who chooses names can choose their owner too. For hash tables, whose
// worst case is then quadratic, use absl's seeded hash instead. Pure functions, any thread.
//
// FNV-1a, 64 bits, constants from Fowler, Noll and Vo (the IETF draft "The FNV Non-Cryptographic
// Hash Algorithm"); then the 64-bit finaliser of MurmurHash3 (Austin Appleby, public domain),
// because the low bits of a bare FNV, which % N takes, mix poorly for short names that differ in
// their last byte.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

inline constexpr uint64_t kFnvBasis = 0xcbf29ce484222325U;  // FNV's 64-bit offset basis.

// `hash` goes on from text in front of this one.
[[nodiscard]] constexpr uint64_t fnv1a(std::string_view text, uint64_t hash = kFnvBasis) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x00000100000001b3U;  // FNV's 64-bit prime, 2^40 + 2^8 + 0xb3.
  }
  return hash;
}

// MurmurHash3's fmix64: a bijection in which every input bit reaches every output bit.
[[nodiscard]] constexpr uint64_t mix_bits(uint64_t bits) {
  bits ^= bits >> 33;
  bits *= 0xff51afd7ed558ccdU;
  bits ^= bits >> 33;
  bits *= 0xc4ceb9fe1a85ec53U;
  bits ^= bits >> 33;
  return bits;
}

[[nodiscard]] constexpr uint64_t stable_hash(std::string_view text) {
  return mix_bits(fnv1a(text));
}

}  // namespace sluice
