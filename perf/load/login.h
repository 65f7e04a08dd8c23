// Logins: connect, CONNECT, CONNACK, FIN, the server's FIN, close.
//
// Each one is a connection of its own, under a name that no other open one has; nothing blocks. The
// one who asks hears of each CONNACK from on_event(). One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/frame.h"
#include "load/payload.h"
#include "load/tally.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice::load {

struct LoginTimes {
  uint64_t due_ns = 0;
  uint64_t sent_ns = 0;
};

class Logins {
 public:
  // Slot n takes the name first + n; its events come from `epoll` with the number `tag` + n.
  Logins(const Address& server, Framing framing, uint32_t first, int epoll, uint32_t tag,
         Tally& tally);

  // Starts one.
  void start(LoginTimes times);
  // Called with each event of a slot. Returns the times of the login that the event completed, or
  // null; valid until the next call.
  const LoginTimes* on_event(uint32_t slot, uint32_t events);
  // Those without a CONNACK, and all that are not closed. Counts what has failed as neither.
  size_t unanswered() const { return unanswered_; }
  size_t open() const { return slots_.size() - free_.size(); }

 private:
  enum class Step : uint8_t { Connecting, Waiting, Closing };
  struct Slot {
    UniqueFd fd;
    Step step = Step::Connecting;
    LoginTimes times;
  };

  bool open_socket(uint32_t number);
  void release(uint32_t number);
  void fail(uint32_t number, std::string_view what);
  void send_connect(uint32_t number);
  const LoginTimes* read_connack(uint32_t number);

  Address server_;
  Framing framing_;
  uint32_t first_;
  int epoll_;
  uint32_t tag_;
  Tally& tally_;
  uint32_t started_ = 0;
  size_t unanswered_ = 0;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<std::byte> connect_;
};

}  // namespace sluice::load
