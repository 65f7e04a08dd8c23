// Message ids, unique and rising: 41 bits of milliseconds, 10 bits of node, 12 bits of sequence.
//
// One source per process, asked by every reactor: an atomic, no lock. When the wall clock stands
// still, jumps back, or more than 4,096 ids fall into a millisecond, ids run ahead of the clock
// instead of repeating. (The layout is Twitter's Snowflake of 2010.)
#pragma once

#include <atomic>
#include <cstdint>

#include "time/instant.h"

namespace sluice {

class Snowflake {
 public:
  // `node` 0..1023.
  explicit Snowflake(uint16_t node) : node_(node) {}

  // A positive id, greater than every one before; any thread.
  int64_t next(WallMs now) {
    // The counter is milliseconds and sequence side by side, so that an overflowing sequence
    // borrows the next millisecond.
    // A clock before the epoch is not set yet; what it says must not become the far future.
    const auto since = static_cast<uint64_t>(now > kEpochMs ? now - kEpochMs : 0);
    const uint64_t floor = (since & kTimeMask) << kSequenceBits;
    uint64_t last = last_.load(std::memory_order_relaxed);
    uint64_t mine = 0;
    do {
      mine = floor > last ? floor : last + 1;
    } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
    const uint64_t ms = mine >> kSequenceBits;
    const uint64_t sequence = mine & ((1U << kSequenceBits) - 1);
    return static_cast<int64_t>(ms << (kNodeBits + kSequenceBits) |
                                uint64_t{node_} << kSequenceBits | sequence);
  }

 private:
  static constexpr uint32_t kNodeBits = 10;
  static constexpr uint32_t kSequenceBits = 12;
  static constexpr uint64_t kTimeMask = (uint64_t{1} << 41) - 1;
  // 2020-01-01 UTC: 41 bits of milliseconds last until 2089.
  static constexpr WallMs kEpochMs = 1'577'836'800'000;

  const uint16_t node_;
  std::atomic<uint64_t> last_{0};
};

}  // namespace sluice
