#include "reactor/acceptor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace sluice {
namespace {

// Half a second at most: the oldest pending newcomer is served within one second after a descriptor
// came free.
constexpr Duration kPauseMin = std::chrono::milliseconds(20);
constexpr Duration kPauseMax = std::chrono::milliseconds(500);

// At the limit with clients that come and go, running out and recovering alternate many times a
// second: one pair of lines in this time says it.
constexpr Duration kQuiet = std::chrono::seconds(10);

}  // namespace

Acceptor::Acceptor(Reactor& reactor, Newcomer newcomer)
    : reactor_(reactor), newcomer_(std::move(newcomer)) {}

absl::StatusOr<Address> Acceptor::listen(const Address& at, const ListenOptions& options) {
  if (listeners_.size() == kListenerSlots) {
    return absl::ResourceExhaustedError("at most 256 addresses to listen on");
  }
  SLUICE_ASSIGN_OR_RETURN(const Handle handle, reactor_.poller().listen(at, options));
  auto listener = std::make_unique<Listener>(*this);
  listener->handle = handle;
  listener->at = reactor_.poller().local(handle);
  listener->token = Token::make(reactor_.index(), 1,
                                kConnectionSlotsMax + static_cast<uint32_t>(listeners_.size()));
  reactor_.poller().attach(handle, listener->token);
  reactor_.poller().accept(handle);
  listeners_.push_back(std::move(listener));
  return listeners_.back()->at;
}

void Acceptor::on_completion(const Completion& news, Instant now) {
  if (news.op != Op::Accept) return;  // Close's own: nothing is left to do
  Listener& listener = *listeners_[news.who.slot() - kConnectionSlotsMax];
  if (news.result >= 0) {
    UniqueFd newcomer(news.result);
    if (closed_) return;  // it was under way when close() came: its descriptor ends here
    listener.pause = Duration::zero();
    if (listener.told) {
      listener.told = false;
      log_info("accepting again", {{"listen", listener.at.to_string()}});
    }
    accepted_.add();
    newcomer_(std::move(newcomer));
  }
  if (!news.more && !closed_) back_off(listener, -std::min(news.result, 0), now);
}

void Acceptor::back_off(Listener& listener, int error, Instant now) {
  exhausted_.add();
  if (!listener.told && now >= listener.quiet_until) {
    listener.told = true;
    listener.quiet_until = now + kQuiet;
    log_error(
        "cannot accept, pausing; raise the descriptor limit (ulimit -n) or lower --max-connections",
        {{"listen", listener.at.to_string()}, {"error", std::strerror(error)}});
  }
  listener.pause = std::clamp(listener.pause * 2, kPauseMin, kPauseMax);
  reactor_.wheel().arm(listener, now + listener.pause);
}

void Acceptor::on_retry(Timer& timer, Instant) {
  auto& listener = static_cast<Listener&>(timer);
  listener.acceptor.reactor_.poller().accept(listener.handle);
}

void Acceptor::close() {
  if (closed_) return;
  closed_ = true;
  for (const auto& listener : listeners_) {
    reactor_.wheel().cancel(*listener);
    reactor_.poller().close(listener->handle);
  }
}

}  // namespace sluice
