#include "buffer/block_pool.h"

#include <sys/mman.h>

#include <numeric>

#include "base/check.h"

namespace sluice {

BlockPool::BlockPool(uint32_t count, uint32_t block_bytes)
    : count_(count),
      block_bytes_(block_bytes),
      region_(nullptr),
      free_(count),
      is_lent_(count, false) {
  SLUICE_CHECK(count > 0 && block_bytes > 0, "a block pool has blocks, and a block has bytes");
  SLUICE_CHECK(count <= static_cast<uint32_t>(BlockId::None), "BlockId::None names no block");
  void* mapped = ::mmap(nullptr, size_t{count} * block_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SLUICE_CHECK(mapped != MAP_FAILED, "no memory for the receive blocks: ask for fewer or smaller");
  region_ = static_cast<std::byte*>(mapped);
  // Descending, so that block 0 is on top.
  std::iota(free_.rbegin(), free_.rend(), uint32_t{0});
}

BlockPool::~BlockPool() { ::munmap(region_, size_t{count_} * block_bytes_); }

BlockId BlockPool::try_lend() {
  if (free_.empty()) return BlockId::None;
  const uint32_t index = free_.back();
  free_.pop_back();
  is_lent_[index] = true;
  return static_cast<BlockId>(index);
}

MutableBytes BlockPool::bytes(BlockId block) const {
  const auto index = static_cast<uint32_t>(block);
  SLUICE_DCHECK(index < count_, "this pool has no such block");
  return {region_ + size_t{index} * block_bytes_, block_bytes_};
}

void BlockPool::give_back(BlockId block) {
  const auto index = static_cast<uint32_t>(block);
  SLUICE_CHECK(index < count_, "this pool has no such block");
  SLUICE_CHECK(is_lent_[index], "a block is given back once");
  is_lent_[index] = false;
  free_.push_back(index);
}

MutableBytes BlockPool::region() const { return {region_, size_t{count_} * block_bytes_}; }

}  // namespace sluice
