#include "load/histogram.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/escaping.h"
#include "base/bytes.h"

namespace sluice::load {
namespace {

using Layout = HistogramLayout;

constexpr uint64_t kSeed = 20'261'122;

Histogram histogram_of(const std::vector<uint64_t>& values) {
  Histogram histogram;
  for (const uint64_t value : values) histogram.record(value);
  return histogram;
}

// Values of every size: each power of two up to 100 s is as likely as the next.
std::vector<uint64_t> random_values(size_t n, uint64_t seed) {
  std::mt19937_64 dice(seed);
  std::uniform_real_distribution<double> exponent(0, std::log2(double{Layout::kHighestNs}));
  std::vector<uint64_t> values(n);
  for (uint64_t& value : values) value = static_cast<uint64_t>(std::exp2(exponent(dice)));
  return values;
}

// The value of the step that `value` is counted in: what a percentile that meets it answers.
uint64_t top_of_step(uint64_t value) { return Layout::highest_at(Layout::index_of(value)); }

TEST(HistogramLayout, StepsLieSideBySideWithoutAGap) {
  for (size_t i = 0; i < Layout::kSize; ++i) {
    ASSERT_EQ(Layout::index_of(Layout::lowest_at(i)), i);
    ASSERT_EQ(Layout::index_of(Layout::highest_at(i)), i);
    ASSERT_EQ(Layout::highest_at(i) + 1, Layout::lowest_at(i + 1));
  }
  EXPECT_EQ(Layout::lowest_at(0), 0U);
  EXPECT_EQ(Layout::lowest_at(2047), 2047U);
  EXPECT_EQ(Layout::highest_at(2047), 2047U);
  EXPECT_EQ(Layout::lowest_at(2048), 2048U);
  EXPECT_EQ(Layout::highest_at(2048), 2049U);
  EXPECT_EQ(Layout::highest_at(3071), 4095U);
  EXPECT_EQ(Layout::lowest_at(3072), 4096U);
  EXPECT_EQ(Layout::highest_at(3072), 4099U);
}

TEST(HistogramLayout, NeverErrsByMoreThanThreeDigitsAllow) {
  for (const uint64_t value : random_values(100'000, kSeed)) {
    const size_t index = Layout::index_of(value);
    ASSERT_LE(Layout::lowest_at(index), value);
    ASSERT_GE(Layout::highest_at(index), value);
    // A step is at most a 1,024th of the values in it, and less than a 1,000th is three digits.
    ASSERT_LE((Layout::highest_at(index) - Layout::lowest_at(index)) * 1000, value);
  }
}

TEST(Histogram, FindsEveryRankThatASortedListFinds) {
  for (const size_t n : {size_t{1}, size_t{2}, size_t{3}, size_t{10}, size_t{997}}) {
    SCOPED_TRACE(n);
    std::vector<uint64_t> values = random_values(n, kSeed + n);
    const Histogram histogram = histogram_of(values);
    std::sort(values.begin(), values.end());
    for (size_t rank = 1; rank <= n; ++rank) {
      // The share that ends exactly with this rank, and one that ends a little before it.
      const double share = 100.0 * static_cast<double>(rank) / static_cast<double>(n);
      const double less = 100.0 * (static_cast<double>(rank) - 0.5) / static_cast<double>(n);
      ASSERT_EQ(histogram.value_at_percentile(share), top_of_step(values[rank - 1]));
      ASSERT_EQ(histogram.value_at_percentile(less), top_of_step(values[rank - 1]));
    }
  }
}

TEST(Histogram, RanksAsTheTextbookDoes) {
  Histogram histogram;
  for (uint64_t i = 1; i <= 1000; ++i) histogram.record(i);
  EXPECT_EQ(histogram.value_at_percentile(0), 1U);
  EXPECT_EQ(histogram.value_at_percentile(0.1), 1U);
  EXPECT_EQ(histogram.value_at_percentile(0.11), 2U);
  EXPECT_EQ(histogram.value_at_percentile(50), 500U);
  EXPECT_EQ(histogram.value_at_percentile(90), 900U);
  EXPECT_EQ(histogram.value_at_percentile(99), 990U);
  EXPECT_EQ(histogram.value_at_percentile(99.9), 999U);
  EXPECT_EQ(histogram.value_at_percentile(99.99), 1000U);
  EXPECT_EQ(histogram.value_at_percentile(100), 1000U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 500.5);
}

TEST(Histogram, AnswersWithTheEndsOfSteps) {
  const Histogram histogram = histogram_of({1'000'003});  // Its step is 512 ns wide.
  EXPECT_EQ(histogram.min(), 999'936U);
  EXPECT_EQ(histogram.max(), 1'000'447U);
  EXPECT_EQ(histogram.value_at_percentile(0), histogram.min());
  EXPECT_EQ(histogram.value_at_percentile(50), histogram.max());
  EXPECT_DOUBLE_EQ(histogram.mean(), 1'000'192);
}

TEST(Histogram, IsZeroWhileItIsEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.value_at_percentile(99), 0U);
}

TEST(Histogram, RefusesAPercentileThatIsNone) {
  const Histogram histogram = histogram_of({5});
  EXPECT_DEATH((void)histogram.value_at_percentile(100.1), "from 0 to 100");
  EXPECT_DEATH((void)histogram.value_at_percentile(-1), "from 0 to 100");
  EXPECT_DEATH((void)histogram.value_at_percentile(std::nan("")), "from 0 to 100");
}

TEST(Histogram, CountsWhatIsTooLongAsTheLongestAndSaysSo) {
  Histogram histogram = histogram_of(
      {Layout::kHighestNs, Layout::kHighestNs + 1, std::numeric_limits<uint64_t>::max(), 7});
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.clamped(), 2U);
  EXPECT_EQ(histogram.max(), top_of_step(Layout::kHighestNs));
  EXPECT_EQ(histogram.value_at_percentile(25), 7U);
  EXPECT_EQ(histogram.value_at_percentile(26), top_of_step(Layout::kHighestNs));

  histogram.add(histogram_of({Layout::kHighestNs + 1}));
  EXPECT_EQ(histogram.clamped(), 3U);
}

TEST(Histogram, MergesAsIfOneHadCountedAll) {
  const std::vector<uint64_t> some = random_values(500, 1);
  const std::vector<uint64_t> more = random_values(700, 2);
  Histogram merged = histogram_of(some);
  merged.add(histogram_of(more));
  merged.add(Histogram());

  std::vector<uint64_t> all = some;
  all.insert(all.end(), more.begin(), more.end());
  const Histogram whole = histogram_of(all);
  EXPECT_TRUE(merged == whole);
  EXPECT_FALSE(merged == histogram_of(some));
  EXPECT_EQ(merged.count(), 1200U);
  EXPECT_EQ(merged.min(), whole.min());
  EXPECT_EQ(merged.max(), whole.max());
  EXPECT_EQ(merged.mean(), whole.mean());
}

// ── The log ──

// A log from outside in: `counts` behind the header that ours have, or behind a spoilt one.
struct Forgery {
  std::string counts = std::string("\x02", 1);  // One value of 0 ns.
  uint32_t cookie = 0x1c849314;
  uint32_t inner_cookie = 0x1c849313;
  uint32_t index_offset = 0;
  uint32_t digits = 3;
  uint64_t lowest = 1;
  uint64_t highest = 100'000'000'000U;
  uint64_t ratio = 0x3ff0'0000'0000'0000U;
  int32_t counts_length_error = 0;
  int32_t length_error = 0;
  std::string tail = {};
};

std::string log_of(const Forgery& forgery) {
  std::string payload(40, '\0');
  auto* header = reinterpret_cast<std::byte*>(payload.data());
  store_be32(header, forgery.inner_cookie);
  store_be32(header + 4, static_cast<uint32_t>(forgery.counts.size()) +
                             static_cast<uint32_t>(forgery.counts_length_error));
  store_be32(header + 8, forgery.index_offset);
  store_be32(header + 12, forgery.digits);
  store_be64(header + 16, forgery.lowest);
  store_be64(header + 24, forgery.highest);
  store_be64(header + 32, forgery.ratio);
  payload += forgery.counts;

  uLongf size = compressBound(payload.size());
  std::string packed(size, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(payload.data()), payload.size()),
            Z_OK);
  packed.resize(size);
  packed += forgery.tail;
  std::string outer(8, '\0');
  store_be32(reinterpret_cast<std::byte*>(outer.data()), forgery.cookie);
  store_be32(reinterpret_cast<std::byte*>(outer.data()) + 4,
             static_cast<uint32_t>(packed.size()) + static_cast<uint32_t>(forgery.length_error));
  return absl::Base64Escape(outer + packed);
}

bool is_read(const Forgery& forgery) { return Histogram::from_log(log_of(forgery)).has_value(); }

TEST(HistogramLog, BeginsAsAllOfThemDo) {
  EXPECT_TRUE(Histogram().encoded_log().starts_with("HISTFAAA"));
  EXPECT_TRUE(histogram_of(random_values(10'000, 3)).encoded_log().starts_with("HISTFAAA"));
}

TEST(HistogramLog, SurvivesARoundTrip) {
  const std::vector<std::vector<uint64_t>> samples = {
      {},
      {0},
      {1},
      {0, 2},                // A single zero between two counts is written as a count of 0.
      {0, 3},                // Two zeros are a run.
      {Layout::kHighestNs},  // A run up to the last step that can be met.
      {2047, 2048, 2049, 2050},
      random_values(10'000, 4),
  };
  for (const std::vector<uint64_t>& values : samples) {
    const Histogram histogram = histogram_of(values);
    const std::optional<Histogram> back = Histogram::from_log(histogram.encoded_log());
    ASSERT_TRUE(back.has_value());
    EXPECT_TRUE(*back == histogram);
    EXPECT_EQ(back->count(), histogram.count());
    EXPECT_EQ(back->mean(), histogram.mean());
  }
}

TEST(HistogramLog, HoldsCountsOfEverySize) {
  Histogram histogram = histogram_of({123});
  for (int doubled = 0; doubled < 62; ++doubled) {
    const std::optional<Histogram> back = Histogram::from_log(histogram.encoded_log());
    ASSERT_TRUE(back.has_value()) << doubled;
    ASSERT_TRUE(*back == histogram) << doubled;
    ASSERT_EQ(back->count(), uint64_t{1} << doubled);
    histogram.add(Histogram(histogram));
  }
}

TEST(HistogramLog, ReadsWhatTheFormatSays) {
  // 3 times 0 ns, a run of 1,000 zeros (-1,000 is 1,999 in zigzag), once 1,001 ns.
  const std::optional<Histogram> histogram =
      Histogram::from_log(log_of({.counts = "\x06\xcf\x0f\x02"}));
  ASSERT_TRUE(histogram.has_value());
  EXPECT_TRUE(*histogram == histogram_of({0, 0, 0, 1001}));
}

TEST(HistogramLog, ReadsALogOfTheReferenceImplementation) {
  // Made by HdrHistogram 2.1.11 for Java.
  const std::optional<Histogram> read = Histogram::from_log(
      "HISTFAAAADJ42pNpmSzMwMD8iQECmKE0IxCLe5S9YLD/ABVhGgWjYBQMe/B+HuME5vsdTEwAeHEQiA==");
  ASSERT_TRUE(read.has_value());
  Histogram histogram;
  for (uint64_t i = 1; i <= 1000; ++i) histogram.record(i);
  for (int i = 0; i < 200; ++i) histogram.record(1'000'003);
  histogram.record(Layout::kHighestNs);
  EXPECT_TRUE(*read == histogram);
  EXPECT_EQ(read->value_at_percentile(99.9), 1'000'447U);  // What that program says, too.
  EXPECT_EQ(read->max(), 100'059'316'223U);
  EXPECT_DOUBLE_EQ(read->mean(), 83'452'373.59866777);
}

TEST(HistogramLog, RefusesAnotherLayoutAndABrokenFrame) {
  EXPECT_TRUE(is_read({}));
  EXPECT_FALSE(is_read({.cookie = 0x1c849302}));
  EXPECT_FALSE(is_read({.inner_cookie = 0x1c849301}));
  EXPECT_FALSE(is_read({.index_offset = 1}));
  EXPECT_FALSE(is_read({.digits = 2}));
  EXPECT_FALSE(is_read({.lowest = 1000}));
  EXPECT_FALSE(is_read({.highest = 3'600'000'000'000U}));
  EXPECT_FALSE(is_read({.ratio = 0}));
  EXPECT_FALSE(is_read({.counts_length_error = 1}));
  EXPECT_FALSE(is_read({.counts_length_error = -1}));
  EXPECT_FALSE(is_read({.length_error = 1}));
  EXPECT_FALSE(is_read({.length_error = -1}));
  EXPECT_FALSE(is_read({.tail = "x"}));
}

TEST(HistogramLog, RefusesCountsThatCannotBe) {
  EXPECT_FALSE(is_read({.counts = "\x80"}));                  // Ends inside a number.
  EXPECT_TRUE(is_read({.counts = "\xff\xbf\x03"}));           // All 28,672 zeros,
  EXPECT_FALSE(is_read({.counts = "\xff\xbf\x03\x02"}));      // and one step more;
  EXPECT_FALSE(is_read({.counts = "\x81\xc0\x03"}));          // a run of 28,673.
  EXPECT_FALSE(is_read({.counts = std::string(9, '\xff')}));  // The least number there is.
  const std::string huge = std::string("\xfe") + std::string(8, '\xff');  // 2^63 - 1
  EXPECT_TRUE(is_read({.counts = huge}));
  EXPECT_FALSE(is_read({.counts = huge + "\x02"}));               // The sum would overflow.
  EXPECT_FALSE(is_read({.counts = std::string(600'000, '\0')}));  // Unpacks to too much.
}

TEST(HistogramLog, RefusesGarbageAndEveryCut) {
  EXPECT_FALSE(Histogram::from_log("").has_value());
  EXPECT_FALSE(Histogram::from_log("HISTFAAA").has_value());
  EXPECT_FALSE(Histogram::from_log("no base64: ????").has_value());
  const Histogram histogram = histogram_of(random_values(300, 5));
  const std::string log = histogram.encoded_log();
  for (size_t size = 0; size < log.size(); ++size) {
    // Padding is optional in base64, so a log without it is whole.
    if (log.find_first_not_of('=', size) == std::string::npos) continue;
    ASSERT_FALSE(Histogram::from_log(log.substr(0, size)).has_value()) << size;
  }
}

TEST(HistogramLog, NeverTakesADamagedLogForAnother) {
  const Histogram histogram = histogram_of(random_values(300, 6));
  std::string outer;
  ASSERT_TRUE(absl::Base64Unescape(histogram.encoded_log(), &outer));
  std::mt19937_64 dice(kSeed);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = outer;
    damaged[dice() % damaged.size()] ^= static_cast<char>(1 + dice() % 255);
    const std::optional<Histogram> read = Histogram::from_log(absl::Base64Escape(damaged));
    ASSERT_TRUE(!read || *read == histogram) << "damage " << i;
  }
}

}  // namespace
}  // namespace sluice::load
