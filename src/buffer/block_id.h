// The name of one lent block: its index in a BlockPool, or in a kernel's buffer ring.
//
// A plain value; it says nothing about who lent it or whether it is still out. Any thread.
#pragma once

#include <cstdint>

namespace sluice {

enum class BlockId : uint32_t { None = 0xffffffff };

}  // namespace sluice
