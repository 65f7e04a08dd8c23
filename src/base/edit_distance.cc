#include "base/edit_distance.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sluice {

size_t edit_distance(std::string_view a, std::string_view b) {
  // One row of Wagner and Fischer's table: row[j] is the distance of the part of a seen so far to
  // the first j bytes of b.
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<const std::string_view> known) {
  size_t least = std::max(size_t{2}, word.size() / 3) + 1;
  least = std::min(least, word.size());
  std::optional<std::string> nearest;
  for (const std::string_view candidate : known) {
    const size_t distance = edit_distance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = std::string(candidate);
  }
  return nearest;
}

}  // namespace sluice
