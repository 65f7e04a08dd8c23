#include "poller/self_test.h"

#include <sys/socket.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "poller/make_poller.h"
#include "sys/errno_status.h"

namespace sluice {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
constexpr Token kListener{1};
constexpr Token kConnection{2};

// Waits for one completion of `op`; what else comes is not expected in so small a world.
absl::StatusOr<Completion> next(Poller& poller, const Clock& clock, Instant until, Op op) {
  std::array<Completion, 4> out;
  while (clock.now() < until) {
    const size_t n = poller.wait(until, out);
    for (size_t i = 0; i < n; ++i) {
      if (out[i].op != op) continue;
      if (out[i].result < 0) {
        return errno_status(-out[i].result, "the operation failed");
      }
      return out[i];
    }
  }
  return absl::DeadlineExceededError("no completion within two seconds");
}

absl::Status step(absl::string_view name, const absl::Status& status) {
  return status.ok() ? status
                     : absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

absl::Status echo(Poller& poller, const Clock& clock, Instant until, int client) {
  constexpr std::string_view kText = "sluice";
  if (::send(client, kText.data(), kText.size(), MSG_NOSIGNAL) != ssize_t{kText.size()}) {
    return errno_status(errno, "the client's send");
  }
  const absl::StatusOr<Completion> got = next(poller, clock, until, Op::Recv);
  if (!got.ok()) return step("recv", got.status());
  const bool same = text_of(got->bytes) == kText;
  poller.give_back(got->block);
  return same ? absl::OkStatus() : absl::DataLossError("recv: other bytes than were sent");
}

}  // namespace

absl::Status self_test(const PollerSpec& spec, const Clock& clock) {
  SLUICE_ASSIGN_OR_RETURN(const std::unique_ptr<Poller> poller, make_poller(spec, clock));
  const Instant until = clock.now() + kPatience;
  SLUICE_ASSIGN_OR_RETURN(const Address any, Address::parse("127.0.0.1:0"));
  SLUICE_ASSIGN_OR_RETURN(const Handle listener, poller->listen(any, {}));
  poller->attach(listener, kListener);
  poller->accept(listener);
  SLUICE_ASSIGN_OR_RETURN(const UniqueFd client, connect_tcp(poller->local(listener)));
  const absl::StatusOr<Completion> newcomer = next(*poller, clock, until, Op::Accept);
  if (!newcomer.ok()) return step("accept", newcomer.status());
  SLUICE_ASSIGN_OR_RETURN(const Handle handle, poller->adopt(UniqueFd(newcomer->result)));
  poller->attach(handle, kConnection);
  poller->recv(handle);
  SLUICE_RETURN_IF_ERROR(echo(*poller, clock, until, client.get()));
  const std::array<Bytes, 1> parts{bytes_of("ok")};
  poller->send(handle, parts);
  SLUICE_RETURN_IF_ERROR(step("send", next(*poller, clock, until, Op::Send).status()));
  poller->close(handle);
  return step("close", next(*poller, clock, until, Op::Close).status());
}

}  // namespace sluice
