// A connection's inbound bytes that could not be handled yet: a ring of a power of two.
//
//   capacity 256, after append(200), consume(150), append(126):          size() = 176
//
//        0           70            150                 256
//        ├────────────┼─────────────┼───────────────────┤
//        │ second, 70 │    free     │     first, 106    │
//        └────────────┴─────────────┴───────────────────┘
//                                   ↑ head: the oldest byte
//
// While it is empty it owns no storage; with bytes in it, storage is lent by the reactor's
// BufferPool, which every call that may need it is given (an idle connection pays 24
// bytes). It must be empty before it is destroyed: only clear() can reach the pool. One
// thread only: the reactor's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "buffer/buffer_pool.h"

namespace sluice {

enum class RingAppend { Ok, Overflow };

class ByteRing {
 public:
  // All bytes in order: first, then second, which is empty unless they wrap.
  struct View {
    Bytes first;
    Bytes second;
  };

  ByteRing() = default;
  ~ByteRing() { SLUICE_DCHECK(storage_ == nullptr, "clear() a ByteRing before it ends"); }
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // Bytes of storage held; 0 when empty.
  [[nodiscard]] size_t capacity() const { return capacity_; }

  // Copies `in`, which is not part of this ring, behind the last byte. Storage doubles as
  // bytes arrive. Overflow, with nothing copied, where size() would pass `limit` bytes (or the
  // pool's largest class).
  [[nodiscard]] RingAppend append(Bytes in, size_t limit, BufferPool& pool);

  [[nodiscard]] View view() const;

  // The oldest n bytes (at most size()) as one span that may be written to, good until the
  // next call that takes the pool. Where they wrap, all bytes move once, into fresh storage of
  // the same class.
  [[nodiscard]] MutableBytes contiguous(size_t n, BufferPool& pool);

  // Drops the oldest n bytes, at most size(); the storage goes back with the last one.
  void consume(size_t n, BufferPool& pool);

  // Drops everything.
  void clear(BufferPool& pool);

 private:
  void move_to(size_t class_bytes, BufferPool& pool);

  std::byte* storage_ = nullptr;  // Null exactly while empty.
  uint32_t capacity_ = 0;         // Bytes, a power of two; 0 while empty.
  uint32_t head_ = 0;             // Index of the oldest byte, under capacity_.
  uint32_t size_ = 0;             // Bytes held.
};

static_assert(sizeof(ByteRing) <= 24, "every connection pays for a ring");

}  // namespace sluice
