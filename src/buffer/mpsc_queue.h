// A bounded queue from many threads to one: a reactor's mailbox.
//
// Dmitry Vyukov's bounded queue (1024cores.net, "Bounded MPMC queue") with its consumer side
// reduced to one thread. Every cell carries a sequence number that says whose turn it is:
//
//   sequence == position                 free, for the producer that claims this position
//   sequence == position + 1             full, for the consumer
//   sequence == position + capacity      free again, one round later
//
// A producer claims a position with one compare-and-swap and never waits for another; full is
// an answer, not a wait. FIFO per producer. It owns copies of the values, nothing behind
// them; whoever pushes a pointer settles ownership. try_push() from any thread, the rest from
// the consumer's only.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/check.h"

namespace sluice {

template <class T>
class MpscQueue {
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);

 public:
  // `capacity` is a power of two, at least 2.
  explicit MpscQueue(size_t capacity)
      : mask_(capacity - 1), cells_(std::make_unique<Cell[]>(capacity)) {
    SLUICE_CHECK(capacity >= 2 && std::has_single_bit(capacity),
                 "the capacity of a queue is a power of two, at least 2");
    for (size_t i = 0; i < capacity; ++i) cells_[i].sequence.store(i, std::memory_order_relaxed);
  }
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;

  // Any thread. False when full.
  [[nodiscard]] bool try_push(const T& value) {
    size_t position = tail_.load(std::memory_order_relaxed);
    while (true) {
      Cell& cell = cells_[position & mask_];
      const size_t sequence = cell.sequence.load(std::memory_order_acquire);
      const auto ahead = static_cast<std::ptrdiff_t>(sequence - position);
      if (ahead < 0) return false;  // The consumer has not emptied this cell since the last round.
      if (ahead > 0) {              // Another producer was faster.
        position = tail_.load(std::memory_order_relaxed);
        continue;
      }
      // Sequentially consistent for maybe_empty_seq_cst(); on x86 it costs the same as any other.
      if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        cell.value = value;
        cell.sequence.store(position + 1, std::memory_order_release);
        return true;
      }
    }
  }

  // The consumer. False when empty, or when the oldest value is claimed but not written yet.
  [[nodiscard]] bool try_pop(T& value) {
    Cell& cell = cells_[head_ & mask_];
    if (cell.sequence.load(std::memory_order_acquire) != head_ + 1) return false;
    value = cell.value;
    cell.sequence.store(head_ + mask_ + 1, std::memory_order_release);
    ++head_;
    return true;
  }

  // The consumer, before it sleeps. False as soon as a producer has claimed a position, even if its
  // value is not readable yet. No push is slept through if both sides are sequentially consistent:
  //
  //   consumer: asleep = true;  if (maybe_empty_seq_cst()) sleep      producer: try_push();
  //             asleep = false; pop …                                           if (asleep) wake()
  [[nodiscard]] bool maybe_empty_seq_cst() const {
    return tail_.load(std::memory_order_seq_cst) == head_;
  }

  [[nodiscard]] size_t capacity() const { return mask_ + 1; }

 private:
  struct Cell {
    std::atomic<size_t> sequence{0};
    T value{};
  };
  // What x86 and most ARM cores move between caches at once.
  static constexpr size_t kCacheLineBytes = 64;

  const size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(kCacheLineBytes) std::atomic<size_t> tail_{0};  // Next position to claim; all producers.
  alignas(kCacheLineBytes) size_t head_ = 0;              // Next position to pop; the consumer.
};

}  // namespace sluice
