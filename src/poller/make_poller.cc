#include "poller/make_poller.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/edit_distance.h"
#include "base/status_macros.h"
#include "poller/epoll_poller.h"

namespace sluice {
namespace {

constexpr std::array<PollerOption, 2> kEpollOptions{{
    {"bufs", "2..65536", "64",
     "lent blocks; fewer only to save memory, more only when batches are larger than that"},
    {"buf_size", "BYTES, 512..1048576", "32768",
     "bytes of one read; smaller is fairer among bulk senders, larger means fewer calls for them"},
}};

constexpr std::array<PollerKind, 1> kKinds{{
    {"epoll", "edge-triggered epoll, the reference", kEpollOptions},
}};

// All blocks of one poller: a reactor that needs more reads too far ahead of its connections.
constexpr uint64_t kRegionBytesMax = uint64_t{1} << 30;

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

// `words` for a message, and the nearest of them to a word that is none of them.
std::string choice(std::string_view word, std::span<const std::string_view> words) {
  std::string text = absl::StrCat("; there is ", absl::StrJoin(words, ", ", [](auto* out, auto w) {
                                    absl::StrAppend(out, absl_view(w));
                                  }));
  if (const auto near = did_you_mean(word, words)) {
    absl::StrAppend(&text, "; did you mean ", *near, "?");
  }
  return text;
}

absl::Status read_number(const PollerSpec& spec, std::string_view key, uint32_t min, uint32_t max,
                         uint32_t* number) {
  for (const auto& [name, value] : spec.options) {
    if (name != key) continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
    if (error != std::errc() || end != value.data() + value.size() || *number < min ||
        *number > max) {
      return absl::InvalidArgumentError(absl::StrCat("poller ", spec.name, ": ", absl_view(key),
                                                     "=", value, " is not a whole number from ",
                                                     min, " to ", max));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<EpollOptions> epoll_options(const PollerSpec& spec) {
  EpollOptions options;
  SLUICE_RETURN_IF_ERROR(read_number(spec, "bufs", 2, 65536, &options.blocks));
  SLUICE_RETURN_IF_ERROR(read_number(spec, "buf_size", 512, 1 << 20, &options.block_bytes));
  const uint64_t region_bytes = uint64_t{options.blocks} * options.block_bytes;
  if (region_bytes > kRegionBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("poller ", spec.name,
                                                   ": bufs times buf_size is ", region_bytes,
                                                   " bytes; at most ", kRegionBytesMax));
  }
  return options;
}

}  // namespace

std::span<const PollerKind> poller_kinds() { return kKinds; }

absl::Status check_poller_spec(const PollerSpec& spec) {
  std::vector<std::string_view> names;
  for (const PollerKind& kind : kKinds) {
    names.push_back(kind.name);
    if (kind.name != spec.name) continue;
    std::vector<std::string_view> keys;
    for (const PollerOption& option : kind.options) keys.push_back(option.key);
    for (const auto& [key, value] : spec.options) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("poller ", spec.name, " has no option \"", key, "\"", choice(key, keys)));
    }
    return epoll_options(spec).status();
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no poller \"", spec.name,
                                                 "\" in this build", choice(spec.name, names)));
}

absl::StatusOr<std::unique_ptr<Poller>> make_poller(const PollerSpec& spec, const Clock& clock) {
  SLUICE_RETURN_IF_ERROR(check_poller_spec(spec));
  SLUICE_ASSIGN_OR_RETURN(const EpollOptions options, epoll_options(spec));
  SLUICE_ASSIGN_OR_RETURN(std::unique_ptr<EpollPoller> poller, EpollPoller::make(options, clock));
  return poller;
}

}  // namespace sluice
