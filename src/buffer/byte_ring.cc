#include "buffer/byte_ring.h"

#include <algorithm>
#include <cstring>

namespace sluice {

RingAppend ByteRing::append(Bytes in, size_t limit, BufferPool& pool) {
  if (in.empty()) return RingAppend::Ok;
  limit = std::min(limit, BufferPool::kClassBytesMax);
  if (size_ > limit || in.size() > limit - size_) return RingAppend::Overflow;
  const size_t wanted = size_ + in.size();
  if (wanted > capacity_) move_to(BufferPool::class_of(wanted), pool);

  const size_t tail = (head_ + size_) & (capacity_ - 1);
  const size_t until_end = std::min(in.size(), capacity_ - tail);
  std::memcpy(storage_ + tail, in.data(), until_end);
  if (until_end < in.size()) {
    std::memcpy(storage_, in.data() + until_end, in.size() - until_end);
  }
  size_ = static_cast<uint32_t>(wanted);
  return RingAppend::Ok;
}

ByteRing::View ByteRing::view() const {
  const size_t until_end = std::min<size_t>(size_, capacity_ - head_);
  return {Bytes(storage_ + head_, until_end), Bytes(storage_, size_ - until_end)};
}

MutableBytes ByteRing::contiguous(size_t n, BufferPool& pool) {
  SLUICE_CHECK(n <= size_, "a ring has no more bytes than its size");
  if (n > capacity_ - head_) move_to(capacity_, pool);
  return {storage_ + head_, n};
}

void ByteRing::consume(size_t n, BufferPool& pool) {
  SLUICE_CHECK(n <= size_, "a ring has no more bytes than its size");
  if (n == size_) {
    clear(pool);
    return;
  }
  head_ = static_cast<uint32_t>((head_ + n) & (capacity_ - 1));
  size_ -= static_cast<uint32_t>(n);
}

void ByteRing::clear(BufferPool& pool) {
  if (storage_ != nullptr) pool.give_back(storage_, capacity_);
  storage_ = nullptr;
  capacity_ = 0;
  head_ = 0;
  size_ = 0;
}

// Lends the storage of a class and moves all bytes to its front, in order.
void ByteRing::move_to(size_t class_bytes, BufferPool& pool) {
  std::byte* fresh = pool.lend(class_bytes);
  if (storage_ != nullptr) {
    const View old = view();
    std::memcpy(fresh, old.first.data(), old.first.size());
    if (!old.second.empty()) {
      std::memcpy(fresh + old.first.size(), old.second.data(), old.second.size());
    }
    pool.give_back(storage_, capacity_);
  }
  storage_ = fresh;
  capacity_ = static_cast<uint32_t>(class_bytes);
  head_ = 0;
}

}  // namespace sluice
