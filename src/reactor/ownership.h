// Who owns what crosses threads: a uid's presence and a channel's sequence live on one reactor
// each, and only that thread touches them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace sluice {

// Sub reactors of one process: a full mailbox keeps its waiting writers as a mask of 64 bits, one
// of them the main reactor's.
inline constexpr uint32_t kReactorsMax = 63;

// The index of the sub reactor that owns `name`, of `reactors` many.
inline uint32_t owner_of(std::string_view name, uint32_t reactors) {
  return reactors == 1 ? 0 : static_cast<uint32_t>(stable_hash(name) % reactors);
}

}  // namespace sluice
