// Listeners of one reactor: accepts, and hands newcomers on.
//
// It decides nothing about a newcomer but takes care that running out of descriptors neither spins
// nor floods the log: accepting pauses with a doubling back-off, is reported once, and goes on by
// itself. Lives on its reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/counter.h"
#include "reactor/reactor.h"

namespace sluice {

// The tokens of listeners: slots no connection ever has.
inline constexpr uint32_t kListenerSlots = 256;
inline constexpr uint32_t kConnectionSlotsMax = (1U << 24) - kListenerSlots;
inline bool is_listener(Token who) { return who.slot() >= kConnectionSlotsMax; }

class Acceptor {
 public:
  using Newcomer = std::function<void(UniqueFd)>;
  Acceptor(Reactor& reactor, Newcomer newcomer);

  // Opens a listener; accepts from the next turn on. Returns the address in use (port 0 has become
  // a real one).
  absl::StatusOr<Address> listen(const Address& at, const ListenOptions& options);
  void on_completion(const Completion& news, Instant now);
  // No newcomers any more.
  void close();

  const Counter& accepted() const { return accepted_; }
  const Counter& exhausted() const {
    return exhausted_;
  }  // accepts refused for want of descriptors or memory

 private:
  struct Listener : Timer {  // the timer ends the back-off
    explicit Listener(Acceptor& its_acceptor) : Timer(&on_retry), acceptor(its_acceptor) {}
    Acceptor& acceptor;
    Handle handle;
    Token token;
    Address at;
    Duration pause{};       // the back-off in force; zero while accepting works
    Instant quiet_until{};  // no further line about running out before
    bool told = false;      // the log says that accepting pauses
  };
  static void on_retry(Timer& timer, Instant now);
  void back_off(Listener& listener, int error, Instant now);

  Reactor& reactor_;
  Newcomer newcomer_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool closed_ = false;
  Counter accepted_;
  Counter exhausted_;
};

}  // namespace sluice
