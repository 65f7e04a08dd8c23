// The blocks that an io_uring receives into: two groups lent to the kernel through rings that both
// share, and from there to the caller.
//
//        publish()                    take()                   give_back()
//   free ---------> the kernel's ring ------> the caller's hands ---------> free
//
// The kernel takes blocks in the order of the ring, first in first out, so that it walks through
// all of them: the first group is kept as small as the cache, the second stands behind it for
// bursts. Owns the memory of blocks and rings; one thread, its poller's.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "buffer/block_id.h"
#include "poller/uring_ring.h"

namespace sluice {

enum class BlockGroup : uint8_t { Hot, Overflow };

class LentBlocks {
 public:
  // `overflow` may be 0. Each group holds at most 32,768 blocks.
  LentBlocks(uint32_t hot, uint32_t overflow, uint32_t block_bytes);
  ~LentBlocks();
  LentBlocks(const LentBlocks&) = delete;
  LentBlocks& operator=(const LentBlocks&) = delete;

  // Makes the groups known to the ring, which must end before this does, and fills them.
  // RESOURCE_EXHAUSTED where the memlock limit has no room for both: with smaller queues it may.
  absl::Status register_with(UringRing& ring);

  // The kernel says that it filled block `bid` of a group: the caller's now.
  BlockId take(BlockGroup group, uint16_t bid);
  // The block that stood behind it in the ring: where a bundle goes on.
  BlockId take_next(BlockId before);
  MutableBytes bytes(BlockId block) const;
  // What the kernel held the block's size to be: a bundle that met a limit may have cut it.
  size_t kernel_room(BlockId block) const;
  // A block that is not lent is a bug of the caller and ends the program.
  void give_back(BlockId block);
  // Hands to the kernel what was given back.
  void publish();

  // Blocks that the kernel may fill, published or about to be.
  uint32_t ready(BlockGroup group) const { return groups_[static_cast<size_t>(group)].ready; }
  uint32_t count() const { return static_cast<uint32_t>(is_lent_.size()); }
  uint32_t block_bytes() const { return block_bytes_; }

 private:
  struct Group {
    io_uring_buf_ring* ring = nullptr;
    size_t ring_bytes = 0;
    uint32_t first = 0;    // index of its first block
    uint32_t count = 0;    // blocks
    uint32_t entries = 0;  // of the ring, a power of two
    uint32_t ready = 0;
    uint16_t tail = 0;       // where the next block goes
    uint16_t published = 0;  // the tail that the kernel sees
  };

  // Kilobytes that the kernel locks: the rings, not the blocks.
  size_t locked_kib() const;
  void add(Group& group, uint32_t index);
  BlockId lend(Group& group, uint32_t index);

  const uint32_t block_bytes_;
  MutableBytes region_;
  Group groups_[2];
  std::vector<bool> is_lent_;       // by index: in the caller's hands
  std::vector<uint16_t> position_;  // by index: where in the ring it stood last
};

}  // namespace sluice
