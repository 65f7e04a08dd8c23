// A fixed number of equal blocks in one page-aligned region: what a poller receives into
// and lends upwards.
//
// The block given back last goes out first, so that a calm reactor touches the same few cache lines
// again and again and the rest of the region is never paged in. It grows never: no free block is
// back-pressure. It owns the region; a borrower owns its block until give_back(). One thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "buffer/block_id.h"

namespace sluice {

class BlockPool {
 public:
  // Maps count × block_bytes of zeroed memory; both at least 1. Without memory the program ends.
  BlockPool(uint32_t count, uint32_t block_bytes);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block, or BlockId::None when all are lent. Fresh blocks go out in the order of their index.
  [[nodiscard]] BlockId try_lend();

  // The memory of a block, lent or not; good as long as the pool.
  [[nodiscard]] MutableBytes bytes(BlockId block) const;

  // Ends a loan. A block that is not lent is a bug of the caller and ends the program.
  void give_back(BlockId block);

  // All blocks as one piece of memory, to register it with a kernel.
  [[nodiscard]] MutableBytes region() const;

  [[nodiscard]] uint32_t lent() const { return count_ - static_cast<uint32_t>(free_.size()); }
  [[nodiscard]] uint32_t count() const { return count_; }
  [[nodiscard]] uint32_t block_bytes() const { return block_bytes_; }

 private:
  const uint32_t count_;
  const uint32_t block_bytes_;
  std::byte* region_;
  std::vector<uint32_t> free_;  // A stack; its back is the hottest.
  std::vector<bool> is_lent_;   // By index; finds a block given back twice.
};

}  // namespace sluice
