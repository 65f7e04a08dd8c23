// "Did you mean …?" for a mistyped flag, poller name or configuration key.
//
// For set-up and its error messages only: the cost is the product of the lengths, in time. Pure
// functions, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// Levenshtein's distance: the least number of bytes inserted, deleted or replaced to make a into b.
[[nodiscard]] size_t edit_distance(std::string_view a, std::string_view b);

// The known word nearest to `word` (the first of equals), if it is near enough to be meant: at most
// 2 edits or a third of the word's length away, whichever is more, and less than the whole word.
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view word,
                                                      std::span<const std::string_view> known);

}  // namespace sluice
