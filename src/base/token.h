// The name of an object that lives in a reactor's SlotMap, and in every completion about it.
//
//    63    56 55    48 47          24 23           0
//   ┌────────┬────────┬──────────────┬──────────────┐
//   │ poller │reactor │  generation  │     slot     │
//   └────────┴────────┴──────────────┴──────────────┘
//
// A plain value, not a pointer: a stale one finds nothing. The top 8 bits are the poller's own and
// 0 in every Token above it. Any thread may hold and compare Tokens.
#pragma once

#include <cstdint>
#include <utility>

#include "base/check.h"

namespace sluice {

struct Token {
  // Bits of each part: 256 reactors; 2^24 slots are far over the descriptors of one process; 2^24
  // generations let one slot be used again sixteen million times before a name comes back.
  static constexpr uint32_t kReactorBits = 8;
  static constexpr uint32_t kGenerationBits = 24;
  static constexpr uint32_t kSlotBits = 24;

  uint64_t value = 0;

  // Generations start at 1, so that no live Token is kNoToken.
  static constexpr Token make(uint32_t reactor, uint32_t generation, uint32_t slot) {
    SLUICE_DCHECK(reactor >> kReactorBits == 0, "a Token's reactor has 8 bits");
    SLUICE_DCHECK(generation >> kGenerationBits == 0, "a Token's generation has 24 bits");
    SLUICE_DCHECK(slot >> kSlotBits == 0, "a Token's slot has 24 bits");
    return Token{uint64_t{reactor} << (kGenerationBits + kSlotBits) |
                 uint64_t{generation} << kSlotBits | uint64_t{slot}};
  }

  constexpr uint32_t reactor() const {
    return static_cast<uint32_t>(value >> (kGenerationBits + kSlotBits)) &
           ((1U << kReactorBits) - 1);
  }
  constexpr uint32_t generation() const {
    return static_cast<uint32_t>(value >> kSlotBits) & ((1U << kGenerationBits) - 1);
  }
  constexpr uint32_t slot() const { return static_cast<uint32_t>(value) & ((1U << kSlotBits) - 1); }

  friend constexpr bool operator==(Token, Token) = default;

  template <class H>
  friend H AbslHashValue(H state, Token token) {
    return H::combine(std::move(state), token.value);
  }
};

// Names nothing, in any SlotMap.
inline constexpr Token kNoToken{};

}  // namespace sluice
