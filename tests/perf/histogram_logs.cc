// Histograms for other programs to compare themselves with: what the tests in Python and JavaScript
// run to hold their readers of logs against ours.
//
//   histogram_logs        prints samples of every shape, one line of JSON each
//   histogram_logs read   reads logs, one a line, and prints the same of them; fails at a bad one
//
// A line: {"name", "count", "min", "max", "mean", "percentiles": [[percentile, value], …], "log"}
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>

#include "load/histogram.h"

namespace sluice::load {
namespace {

constexpr uint64_t kSeed = 20'261'122;

void print_percentiles(const Histogram& histogram) {
  // Every tenth of a per cent, more nines than anyone reports, and each rank of the small ones.
  std::vector<double> percentiles = {99.99, 99.999, 99.9999, 99.99999};
  for (int i = 0; i <= 1000; ++i) percentiles.push_back(i / 10.0);
  for (uint64_t rank = 1; histogram.count() < 1000 && rank <= histogram.count(); ++rank) {
    percentiles.push_back(100.0 * static_cast<double>(rank) /
                          static_cast<double>(histogram.count()));
  }
  const char* comma = "";
  for (const double percentile : percentiles) {
    std::printf("%s[%.17g,%ju]", comma, percentile,
                uintmax_t{histogram.value_at_percentile(percentile)});
    comma = ",";
  }
}

void print(const char* name, const Histogram& histogram) {
  std::printf("{\"name\":\"%s\",\"count\":%ju,\"min\":%ju,\"max\":%ju,\"mean\":%.17g,", name,
              uintmax_t{histogram.count()}, uintmax_t{histogram.min()}, uintmax_t{histogram.max()},
              histogram.mean());
  std::printf("\"percentiles\":[");
  print_percentiles(histogram);
  std::printf("],\"log\":\"%s\"}\n", histogram.encoded_log().c_str());
}

// n values up to `highest`, each power of two as likely as the next.
Histogram spread(size_t n, double highest) {
  std::mt19937_64 dice(kSeed + n);
  std::uniform_real_distribution<double> exponent(0, std::log2(highest));
  Histogram histogram;
  for (size_t i = 0; i < n; ++i) {
    histogram.record(static_cast<uint64_t>(std::exp2(exponent(dice))));
  }
  return histogram;
}

void print_samples() {
  print("empty", Histogram());
  Histogram zero;
  zero.record(0);
  print("one zero", zero);
  Histogram longest;
  longest.record(HistogramLayout::kHighestNs);
  print("the longest", longest);
  Histogram gaps;  // Between counts: no zero, one (a count of 0), two and more (runs).
  for (const unsigned value : {0U, 1U, 3U, 6U, 2047U, 2048U, 2050U, 5000U}) gaps.record(value);
  print("gaps", gaps);
  print("few", spread(997, 1e11));
  print("latencies", spread(100'000, 1e9));
  // 2^52 of one value and a few of others: counts as large as a double holds exactly.
  Histogram large = spread(1, 1e6);
  for (int i = 0; i < 52; ++i) large.add(Histogram(large));
  large.add(spread(7, 1e9));
  print("large counts", large);
}

int read_logs() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::optional<Histogram> histogram = Histogram::from_log(line);
    if (!histogram) {
      std::fprintf(stderr, "histogram_logs: this is no log of ours: %s\n", line.c_str());
      return 1;
    }
    print("read", *histogram);
  }
  return 0;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  if (argc == 1) {
    sluice::load::print_samples();
    return 0;
  }
  if (argc == 2 && std::strcmp(argv[1], "read") == 0) return sluice::load::read_logs();
  std::fprintf(stderr, "usage: histogram_logs [read]\n");
  return 2;
}
