#include "poller/make_poller.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "poller/epoll_options.h"
#include "poller/epoll_poller.h"

namespace sluice {
namespace {

absl::Status no_such_poller(const PollerSpec& spec) {
  std::vector<std::string_view> names;
  for (const PollerKind& kind : poller_kinds()) names.push_back(kind.name);
  return absl::InvalidArgumentError(absl::StrCat("there is no poller \"", spec.name,
                                                 "\" in this build", there_is(spec.name, names)));
}

}  // namespace

std::span<const PollerKind> poller_kinds() {
  static const PollerKind kinds[] = {
      {"epoll", "readiness by epoll, the reference", epoll_option_table()},
  };
  return kinds;
}

absl::Status check_poller_spec(const PollerSpec& spec) {
  if (spec.name == "epoll") return epoll_options_from(spec).status();
  return no_such_poller(spec);
}

absl::StatusOr<std::unique_ptr<Poller>> make_poller(const PollerSpec& spec, const Clock& clock) {
  if (spec.name == "epoll") {
    SLUICE_ASSIGN_OR_RETURN(const EpollOptions options, epoll_options_from(spec));
    return EpollPoller::make(options, clock);
  }
  return no_such_poller(spec);
}

}  // namespace sluice
