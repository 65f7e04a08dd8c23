#include "poller/make_poller.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "poller/epoll_options.h"
#include "poller/epoll_poller.h"
#include "poller/self_test.h"
#if defined(SLUICE_HAVE_URING)
#include "poller/uring_options.h"
#include "poller/uring_poller.h"
#endif

namespace sluice {
namespace {

constexpr std::string_view kAuto = "auto";

// A kind, and how one of its specs is read and made.
struct Kind {
  PollerKind kind;
  absl::Status (*check)(const PollerSpec& spec);
  absl::StatusOr<std::unique_ptr<Poller>> (*make)(const PollerSpec& spec, const Clock& clock);
};

template <typename P, auto options_from>
constexpr Kind kind_of(PollerKind kind) {
  return {
      kind, [](const PollerSpec& spec) { return options_from(spec).status(); },
      [](const PollerSpec& spec, const Clock& clock) -> absl::StatusOr<std::unique_ptr<Poller>> {
        SLUICE_ASSIGN_OR_RETURN(const auto options, options_from(spec));
        return P::make(options, clock);
      }};
}

std::span<const Kind> kinds() {
  static const Kind all[] = {
#if defined(SLUICE_HAVE_URING)
    kind_of<UringPoller, uring_options_from>(
        {"uring", "completions by io_uring", uring_option_table()}),
#endif
    kind_of<EpollPoller, epoll_options_from>(
        {"epoll", "readiness by epoll, the reference", epoll_option_table()}),
  };
  return all;
}

absl::StatusOr<const Kind*> find_kind(const PollerSpec& spec) {
  std::vector<std::string_view> names{kAuto};
  for (const Kind& each : kinds()) {
    if (each.kind.name == spec.name) return &each;
    names.push_back(each.kind.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no poller \"", spec.name,
                                                 "\" in this build", there_is(spec.name, names)));
}

// Whether one works, and `count` of them can be had at the same time.
absl::Status works(const PollerSpec& spec, uint32_t count, const Clock& clock) {
  std::vector<std::unique_ptr<Poller>> others;
  for (uint32_t i = 1; i < count; ++i) {
    SLUICE_ASSIGN_OR_RETURN(others.emplace_back(), make_poller(spec, clock));
  }
  return self_test(spec, clock);
}

}  // namespace

std::span<const PollerKind> poller_kinds() {
  static const std::vector<PollerKind> all = [] {
    std::vector<PollerKind> list;
    for (const Kind& each : kinds()) list.push_back(each.kind);
    return list;
  }();
  return all;
}

absl::Status check_poller_spec(const PollerSpec& spec) {
  if (spec.name == kAuto) {
    if (spec.options.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "poller auto: takes no options, for each poller has its own; name the poller instead");
  }
  SLUICE_ASSIGN_OR_RETURN(const Kind* kind, find_kind(spec));
  return kind->check(spec);
}

absl::StatusOr<std::unique_ptr<Poller>> make_poller(const PollerSpec& spec, const Clock& clock) {
  SLUICE_ASSIGN_OR_RETURN(const Kind* kind, find_kind(spec));
  return kind->make(spec, clock);
}

absl::StatusOr<ChosenPoller> choose_poller(const PollerSpec& wanted, uint32_t count,
                                           const Clock& clock) {
  SLUICE_RETURN_IF_ERROR(check_poller_spec(wanted));
  if (wanted.name != kAuto) return ChosenPoller{wanted, ""};
  ChosenPoller chosen;
  if (kinds().size() == 1) chosen.fallback = "this build has no io_uring";
  absl::Status last;
  for (const Kind& each : kinds()) {
    chosen.spec.name = std::string(each.kind.name);
    last = works(chosen.spec, count, clock);
    if (last.ok()) return chosen;
    absl::StrAppend(&chosen.fallback, chosen.fallback.empty() ? "" : "; ", chosen.spec.name, ": ",
                    last.message());
  }
  return absl::Status(last.code(), chosen.fallback);
}

}  // namespace sluice
