// Byte storage in power-of-two classes, 256 B to 4 MiB, for a reactor's rings and queues.
//
// What comes back is kept, up to a bound, and lent again, last in first out: a steady load
// allocates nothing. Over the bound it goes back to malloc, so that one burst does not stay
// for ever. It owns what it caches; a borrower owns what it was lent, and remembers the class.
// One thread only.
#pragma once

#include <array>
#include <bit>
#include <cstddef>

#include "base/check.h"

namespace sluice {

class BufferPool {
 public:
  // Under 256 B malloc's own overhead shows; over 4 MiB lies no frame that the limits let in.
  static constexpr size_t kClassBytesMin = size_t{256};
  static constexpr size_t kClassBytesMax = size_t{4} << 20;

  // Enough cache for the rings of some thousand cut frames or of one giant.
  static constexpr size_t kCachedBytesMaxDefault = size_t{4} << 20;

  explicit BufferPool(size_t cached_bytes_max = kCachedBytesMaxDefault)
      : cached_bytes_max_(cached_bytes_max) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // The smallest class that holds `wanted` bytes, at most kClassBytesMax of them.
  [[nodiscard]] static constexpr size_t class_of(size_t wanted) {
    SLUICE_CHECK(wanted <= kClassBytesMax, "no buffer class is that large");
    return wanted <= kClassBytesMin ? kClassBytesMin : std::bit_ceil(wanted);
  }

  // Uninitialised storage of a class (a value of class_of), aligned for anything. Never null:
  // without memory the program ends.
  [[nodiscard]] std::byte* lend(size_t class_bytes);

  // Ends a loan; `class_bytes` is what lend() was asked for.
  void give_back(std::byte* storage, size_t class_bytes);

  [[nodiscard]] size_t lent_bytes() const { return lent_bytes_; }
  [[nodiscard]] size_t cached_bytes() const { return cached_bytes_; }

 private:
  // 2^8 … 2^22.
  static constexpr size_t kClasses =
      static_cast<size_t>(std::countr_zero(kClassBytesMax) - std::countr_zero(kClassBytesMin)) + 1;

  // A cached piece of storage holds the link to the next one of its class.
  struct Cached {
    Cached* next;
  };

  static size_t index_of(size_t class_bytes);

  const size_t cached_bytes_max_;
  size_t cached_bytes_ = 0;  // Never over cached_bytes_max_.
  size_t lent_bytes_ = 0;
  std::array<Cached*, kClasses> cached_{};  // By class, the one given back last first.
};

}  // namespace sluice
