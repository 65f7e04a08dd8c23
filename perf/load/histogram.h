// A histogram of durations in nanoseconds, of fixed size, that never loses a tail: HdrHistogram's
// layout and its log format, so that every reader of HdrHistogram V2 logs can read ours.
//
// Each power of two above 2,048 is cut into 1,024 equal steps, so a value is known to 1/1,024 of
// itself, three significant digits, from 1 ns to 100 s; below 2,048 ns each value has its own step:
//
//   value   0 ……… 1023 │ 1024 ……… 2047 │ 2048, 2050 ……… 4094 │ 4096, 4100 ……… │ … 2^37
//   step         1 ns         1 ns             2 ns                 4 ns          2^26 ns
//   index   0 ……… 1023 │ 1024 ……… 2047 │ 2048 ……………………… 3071 │ 3072 …………………… │ … 28671
//
// It is no clock and knows nothing of coordinated omission: whoever records decides from when a
// latency counts. It owns 224 KiB, taken once when it is made; a copy is a whole copy. One thread
// at a time: each worker has its own, and add() merges them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace sluice::load {

// What every log of ours says in its header; a log that says otherwise is not read.
struct HistogramLayout {
  static constexpr uint64_t kLowestNs = 1;                  // The smallest step.
  static constexpr uint64_t kHighestNs = 100'000'000'000U;  // 100 s: no run waits longer.
  static constexpr uint32_t kSignificantDigits = 3;

  // The steps of one power of two: the least power of two that keeps three digits (1,000).
  static constexpr unsigned kHalfBits = 10;
  static constexpr size_t kHalf = size_t{1} << kHalfBits;
  static constexpr uint64_t kUnitMask = 2 * kHalf - 1;  // Values up to here have steps of 1 ns.

  // kHighestNs is below 2^37; 2^11 to 2^37 are 26 powers of two, behind two halves of 1 ns steps.
  static constexpr size_t kSize = (26 + 2) * kHalf;

  // Where `value` (below 2^37) is counted. Without a branch: the power of two that it lies in, and
  // its leading eleven bits.
  [[nodiscard]] static constexpr size_t index_of(uint64_t value) {
    const unsigned power =
        static_cast<unsigned>(std::bit_width(value | kUnitMask)) - (kHalfBits + 1);
    return (size_t{power} << kHalfBits) + static_cast<size_t>(value >> power);
  }

  // The smallest and the largest value counted at `index` (below kSize).
  [[nodiscard]] static constexpr uint64_t lowest_at(size_t index) {
    return index < 2 * kHalf ? index : (kHalf + index % kHalf) << (index / kHalf - 1);
  }
  [[nodiscard]] static constexpr uint64_t highest_at(size_t index) {
    return lowest_at(index + 1) - 1;
  }
};

static_assert(HistogramLayout::index_of(HistogramLayout::kHighestNs) < HistogramLayout::kSize);
static_assert(HistogramLayout::index_of((uint64_t{1} << 37) - 1) == HistogramLayout::kSize - 1);

class Histogram {
 public:
  using Layout = HistogramLayout;

  Histogram() : counts_(Layout::kSize) {}

  // Counts one duration. Above 100 s it is counted as 100 s, and clamped() tells. For the hot path.
  void record(uint64_t value_ns) {
    clamped_ += value_ns > Layout::kHighestNs;
    ++counts_[Layout::index_of(std::min(value_ns, Layout::kHighestNs))];
    ++count_;
  }

  // Counts all that `other` has counted, too.
  void add(const Histogram& other);

  [[nodiscard]] uint64_t count() const { return count_; }
  // How many of them were above 100 s. The log has no place for it: 0 after from_log().
  [[nodiscard]] uint64_t clamped() const { return clamped_; }

  // In ns, as near as the steps are fine: the low end of the least step that was met, the high end
  // of the greatest, and the mean of the middles of all. 0 while nothing is counted. Each walks
  // over all steps: for the end of a run.
  [[nodiscard]] uint64_t min() const;
  [[nodiscard]] uint64_t max() const;
  [[nodiscard]] double mean() const;

  // The least value, in ns, that at least `percentile` (0 to 100) per cent of all that was counted
  // do not exceed: the nearest rank, at the high end of its step (the low end for 0), as
  // HdrHistogram has it. 0 while nothing is counted.
  [[nodiscard]] uint64_t value_at_percentile(double percentile) const;

  // HdrHistogram's V2 log: counts as zigzag LEB128 with runs of zeros, deflated, in base64. It
  // begins with "HISTFAAA".
  [[nodiscard]] std::string encoded_log() const;
  // Reads such a log. Nothing where it is damaged, cut, has a tail, or has another layout than
  // ours.
  [[nodiscard]] static std::optional<Histogram> from_log(std::string_view log);

  // Whether both counted the same; how much of it was clamped is not asked.
  friend bool operator==(const Histogram& left, const Histogram& right) {
    return left.counts_ == right.counts_;
  }

 private:
  std::vector<uint64_t> counts_;  // By index, kSize of them.
  uint64_t count_ = 0;            // Their sum.
  uint64_t clamped_ = 0;          // Values above kHighestNs; part of count_.
};

}  // namespace sluice::load
