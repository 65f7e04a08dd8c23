// From a spec to a poller: the one place, beside main.cc, that knows which pollers exist.
//
// make_poller runs on the thread that will own the poller (an io_uring belongs to the task that
// made it).
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "poller/option_reader.h"
#include "poller/poller.h"
#include "poller/poller_spec.h"
#include "sys/clock.h"

namespace sluice {

struct PollerKind {
  std::string_view name;
  std::string_view summary;
  std::span<const PollerOption> options;
};

// Every poller in this build, the one that --poller=auto prefers first.
std::span<const PollerKind> poller_kinds();
// Whether the spec names a poller of this build and only options that it knows, with values in
// range; says what to write instead.
absl::Status check_poller_spec(const PollerSpec& spec);
// The clock must outlive the poller.
absl::StatusOr<std::unique_ptr<Poller>> make_poller(const PollerSpec& spec, const Clock& clock);

// What --poller=NAME comes to.
struct ChosenPoller {
  PollerSpec spec;
  std::string fallback;  // with --poller=auto: why it is not the preferred one; empty when it is
};
// "auto" becomes the first kind of which `count` work on this machine at the same time; any other
// spec stays what it is, untried. Takes milliseconds; where a kernel does not answer, a few
// seconds.
absl::StatusOr<ChosenPoller> choose_poller(const PollerSpec& wanted, uint32_t count,
                                           const Clock& clock);

}  // namespace sluice
