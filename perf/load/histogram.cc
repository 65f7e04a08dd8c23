// Tested by: tests/perf/histogram_test.cc
#include "load/histogram.h"

#include <cmath>
#include <iterator>

namespace sluice::load {

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  clamped_ += other.clamped_;
}

uint64_t Histogram::min() const {
  const auto first = std::find_if(counts_.begin(), counts_.end(), [](uint64_t n) { return n > 0; });
  if (first == counts_.end()) return 0;
  return Layout::lowest_at(static_cast<size_t>(first - counts_.begin()));
}

uint64_t Histogram::max() const {
  const auto last =
      std::find_if(counts_.rbegin(), counts_.rend(), [](uint64_t n) { return n > 0; });
  if (last == counts_.rend()) return 0;
  return Layout::highest_at(static_cast<size_t>(counts_.rend() - last) - 1);
}

double Histogram::mean() const {
  if (count_ == 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const uint64_t low = Layout::lowest_at(i);
    const uint64_t middle = low + (Layout::lowest_at(i + 1) - low) / 2;
    sum += static_cast<double>(middle) * static_cast<double>(counts_[i]);
  }
  return sum / static_cast<double>(count_);
}

uint64_t Histogram::value_at_percentile(double percentile) const {
  SLUICE_CHECK(percentile >= 0 && percentile <= 100, "a percentile is from 0 to 100");
  if (count_ == 0) return 0;
  // Rounded up, so that the value covers the share asked for; but a rank that is whole must not be
  // pushed to the next by the last bit of the division (99.9 % of 1,000 is 999).
  const double rank = percentile / 100 * static_cast<double>(count_);
  const uint64_t whole =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(std::nextafter(rank, 0))));
  uint64_t passed = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    passed += counts_[i];
    if (passed >= whole) return percentile > 0 ? Layout::highest_at(i) : Layout::lowest_at(i);
  }
  SLUICE_CHECK(false, "the counts add up to count()");
}

}  // namespace sluice::load
