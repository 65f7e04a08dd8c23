#include "poller/lent_blocks.h"

#include <sys/mman.h>

#include <bit>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "sys/errno_status.h"

namespace sluice {
namespace {

// Zeroed, page-aligned, touched only where it is used. Without memory the program ends.
std::byte* map_memory(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SLUICE_CHECK(memory != MAP_FAILED, "memory for lent blocks");
  return static_cast<std::byte*>(memory);
}

}  // namespace

LentBlocks::LentBlocks(uint32_t hot, uint32_t overflow, uint32_t block_bytes)
    : block_bytes_(block_bytes),
      region_(map_memory(size_t{hot + overflow} * block_bytes),
              size_t{hot + overflow} * block_bytes),
      is_lent_(hot + overflow),
      position_(hot + overflow) {
  groups_[0].count = hot;
  groups_[1].first = hot;
  groups_[1].count = overflow;
  for (Group& group : groups_) {
    if (group.count == 0) continue;
    group.entries = std::bit_ceil(group.count);
    group.ring_bytes = group.entries * sizeof(io_uring_buf);
    group.ring = reinterpret_cast<io_uring_buf_ring*>(map_memory(group.ring_bytes));
    io_uring_buf_ring_init(group.ring);
    for (uint32_t i = 0; i < group.count; ++i) add(group, group.first + i);
  }
  publish();
}

LentBlocks::~LentBlocks() {
  for (const Group& group : groups_) {
    if (group.ring != nullptr) munmap(group.ring, group.ring_bytes);
  }
  munmap(region_.data(), region_.size());
}

absl::Status LentBlocks::register_with(UringRing& ring) {
  for (uint16_t id = 0; id < 2; ++id) {
    if (groups_[id].ring == nullptr) continue;
    io_uring_buf_reg reg{};
    reg.ring_addr = reinterpret_cast<uint64_t>(groups_[id].ring);
    reg.ring_entries = groups_[id].entries;
    reg.bgid = id;
    const int result = io_uring_register_buf_ring(&ring.raw(), &reg, 0);
    if (result == -EINVAL) {
      return absl::FailedPreconditionError(
          "this kernel's io_uring has no rings of provided buffers (Linux 5.19); use "
          "--poller=epoll");
    }
    if (result == -ENOMEM) {
      return errno_status(
          ENOMEM,
          absl::StrCat("no memory for the io_uring's buffers: it needs ", locked_kib(),
                       " KiB of lockable memory for them beside its queues and the other rings of "
                       "this user, and the limit is ",
                       memlock_text()),
          "raise it (ulimit -l, LimitMEMLOCK=), lower bufs, overflow or --reactors, or use "
          "--poller=epoll");
    }
    if (result < 0) {
      return errno_status(-result, "cannot register a ring of buffers", "use --poller=epoll");
    }
  }
  return absl::OkStatus();
}

size_t LentBlocks::locked_kib() const {
  constexpr size_t kPage = 4096;
  size_t kib = 0;
  for (const Group& group : groups_) kib += (group.ring_bytes + kPage - 1) / kPage * kPage / 1024;
  return kib;
}

void LentBlocks::add(Group& group, uint32_t index) {
  const uint32_t slot = group.tail & (group.entries - 1);
  // Field by field: the tail itself lies in the first entry's padding.
  io_uring_buf& entry = group.ring->bufs[slot];
  entry.addr = reinterpret_cast<uint64_t>(region_.data() + size_t{index} * block_bytes_);
  entry.len = block_bytes_;
  entry.bid = static_cast<uint16_t>(index - group.first);
  position_[index] = static_cast<uint16_t>(slot);
  ++group.tail;
  ++group.ready;
}

void LentBlocks::publish() {
  for (Group& group : groups_) {
    if (group.tail == group.published) continue;
    group.published = group.tail;
    io_uring_smp_store_release(&group.ring->tail, group.tail);
  }
}

BlockId LentBlocks::lend(Group& group, uint32_t index) {
  SLUICE_CHECK(!is_lent_[index], "the kernel filled a block that is lent");
  is_lent_[index] = true;
  --group.ready;
  return static_cast<BlockId>(index);
}

BlockId LentBlocks::take(BlockGroup group, uint16_t bid) {
  Group& from = groups_[static_cast<size_t>(group)];
  SLUICE_CHECK(bid < from.count, "the kernel names a block that does not exist");
  return lend(from, from.first + bid);
}

BlockId LentBlocks::take_next(BlockId before) {
  const auto index = static_cast<uint32_t>(before);
  Group& group = groups_[index < groups_[1].first ? 0 : 1];
  const uint32_t slot = (position_[index] + 1U) & (group.entries - 1);
  return lend(group, group.first + group.ring->bufs[slot].bid);
}

MutableBytes LentBlocks::bytes(BlockId block) const {
  return region_.subspan(static_cast<size_t>(block) * block_bytes_, block_bytes_);
}

size_t LentBlocks::kernel_room(BlockId block) const {
  const auto index = static_cast<uint32_t>(block);
  return groups_[index < groups_[1].first ? 0 : 1].ring->bufs[position_[index]].len;
}

void LentBlocks::give_back(BlockId block) {
  const auto index = static_cast<uint32_t>(block);
  SLUICE_CHECK(index < is_lent_.size() && is_lent_[index],
               "give_back() of a block that is not lent");
  is_lent_[index] = false;
  add(groups_[index < groups_[1].first ? 0 : 1], index);
}

}  // namespace sluice
