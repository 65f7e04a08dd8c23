// A number that one thread writes and any thread may read, for metrics.
//
// A relaxed load and a relaxed store instead of an atomic add: with a single writer nothing can
// come between them, and the hot path pays a plain increment (no lock prefix). A reader sees some
// recent value, never a torn one. Not for two writers.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // The writer's thread only.
  void add(uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  void sub(uint64_t n = 1) { value_.store(value() - n, std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace sluice
