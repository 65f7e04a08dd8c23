#include "buffer/buffer_pool.h"

#include <cstdlib>
#include <new>

namespace sluice {

BufferPool::~BufferPool() {
  SLUICE_DCHECK(lent_bytes_ == 0, "a buffer pool outlives what it lent");
  for (Cached* first : cached_) {
    while (first != nullptr) {
      Cached* next = first->next;
      std::free(first);
      first = next;
    }
  }
}

size_t BufferPool::index_of(size_t class_bytes) {
  SLUICE_DCHECK(class_of(class_bytes) == class_bytes, "storage is lent by class");
  return static_cast<size_t>(std::countr_zero(class_bytes) - std::countr_zero(kClassBytesMin));
}

std::byte* BufferPool::lend(size_t class_bytes) {
  Cached*& first = cached_[index_of(class_bytes)];
  lent_bytes_ += class_bytes;
  if (first != nullptr) {
    Cached* storage = first;
    first = storage->next;
    cached_bytes_ -= class_bytes;
    return reinterpret_cast<std::byte*>(storage);
  }
  void* storage = std::malloc(class_bytes);
  SLUICE_CHECK(storage != nullptr, "no memory for a connection's bytes");
  return static_cast<std::byte*>(storage);
}

void BufferPool::give_back(std::byte* storage, size_t class_bytes) {
  Cached*& first = cached_[index_of(class_bytes)];
  SLUICE_DCHECK(storage != nullptr && lent_bytes_ >= class_bytes, "only lent storage comes back");
  lent_bytes_ -= class_bytes;
  if (class_bytes > cached_bytes_max_ - cached_bytes_) {
    std::free(storage);
    return;
  }
  first = ::new (static_cast<void*>(storage)) Cached{first};
  cached_bytes_ += class_bytes;
}

}  // namespace sluice
