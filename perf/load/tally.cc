#include "load/tally.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sluice::load {
namespace {

// More than this nobody reads: the first ones tell the cause.
constexpr size_t kFaultsMax = 5;

struct Count {
  std::string_view name;
  uint64_t Tally::*field;
};
constexpr std::array kCounts = {
    Count{"opened", &Tally::opened},
    Count{"refused", &Tally::refused},
    Count{"connections_lost", &Tally::connections_lost},
    Count{"slow_closed", &Tally::slow_closed},
    Count{"sent", &Tally::sent},
    Count{"acknowledged", &Tally::acknowledged},
    Count{"expected", &Tally::expected},
    Count{"delivered", &Tally::delivered},
    Count{"lost", &Tally::lost},
    Count{"twice", &Tally::twice},
    Count{"spoilt", &Tally::spoilt},
    Count{"units", &Tally::units},
};

// Histograms by their names in the text.
template <typename T>
std::vector<std::pair<std::string, decltype(&std::declval<T&>().lateness)>> histograms(T& tally) {
  std::vector<std::pair<std::string, decltype(&tally.lateness)>> all = {
      {"lateness", &tally.lateness}};
  for (size_t i = 0; i < kWaitNames.size(); ++i) {
    const std::string name(kWaitNames[i]);
    all.emplace_back(name + "_corrected", &tally.latencies[i].corrected);
    all.emplace_back(name + "_uncorrected", &tally.latencies[i].uncorrected);
  }
  return all;
}

}  // namespace

void Tally::fault(std::string text) {
  if (faults.size() < kFaultsMax) faults.push_back(std::move(text));
}

bool Tally::correct() const {
  return faults.empty() && refused == 0 && connections_lost == 0 && lost == 0 && twice == 0 &&
         spoilt == 0;
}

void Tally::add(const Tally& other) {
  for (const Count& count : kCounts) this->*count.field += other.*count.field;
  seconds = std::max(seconds, other.seconds);
  rate_planned += other.rate_planned;
  workers.insert(workers.end(), other.workers.begin(), other.workers.end());
  const auto theirs = histograms(other);
  const auto ours = histograms(*this);
  for (size_t i = 0; i < ours.size(); ++i) ours[i].second->add(*theirs[i].second);
  for (const std::string& text : other.faults) fault(text);
}

std::string Tally::to_text() const {
  std::string text;
  for (const Count& count : kCounts) {
    absl::StrAppend(&text, std::string(count.name), " ", this->*count.field, "\n");
  }
  absl::StrAppend(&text, "seconds ", seconds, "\nrate_planned ", rate_planned, "\n");
  for (const Effort& effort : workers) {
    absl::StrAppend(&text, "worker ", effort.cpu_seconds, " ", effort.busy, "\n");
  }
  for (const auto& [name, histogram] : histograms(*this)) {
    absl::StrAppend(&text, name, " ", histogram->encoded_log(), "\n");
  }
  for (const std::string& fault : faults) absl::StrAppend(&text, "fault ", fault, "\n");
  return text;
}

std::optional<Tally> Tally::from_text(std::string_view text) {
  Tally tally;
  const auto known = histograms(tally);
  for (const absl::string_view line : absl::StrSplit(std::string(text), '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    const std::string& name = parts.first;
    const std::string& value = parts.second;
    const auto* const count = std::find_if(kCounts.begin(), kCounts.end(),
                                           [&](const Count& c) { return c.name == name; });
    const auto histogram =
        std::find_if(known.begin(), known.end(), [&](const auto& h) { return h.first == name; });
    bool good = true;
    if (count != kCounts.end()) {
      good = absl::SimpleAtoi(value, &(tally.*count->field));
    } else if (histogram != known.end()) {
      auto decoded = Histogram::from_log(value);
      good = decoded.has_value();
      if (good) *histogram->second = std::move(*decoded);
    } else if (name == "seconds") {
      good = absl::SimpleAtod(value, &tally.seconds);
    } else if (name == "rate_planned") {
      good = absl::SimpleAtod(value, &tally.rate_planned);
    } else if (name == "worker") {
      const std::pair<std::string, std::string> words = absl::StrSplit(value, ' ');
      Effort effort;
      good = absl::SimpleAtod(words.first, &effort.cpu_seconds) &&
             absl::SimpleAtod(words.second, &effort.busy);
      tally.workers.push_back(effort);
    } else if (name == "fault") {
      tally.faults.push_back(value);
    } else {
      good = false;
    }
    if (!good) return std::nullopt;
  }
  return tally;
}

}  // namespace sluice::load
