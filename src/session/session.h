// One client's session: which frames are legal when, what they ask for, and which deadline holds.
//
// Pure: a frame and the state give an Action; the connection carries it out. No system call, no
// clock (the time is a parameter), no thread of its own. It owns no bytes: the packets of an Action
// are views into the frame.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "codec/decode.h"
#include "codec/frame.h"
#include "codec/packets.h"
#include "session/close_reason.h"
#include "session/state.h"
#include "time/instant.h"

namespace sluice {

// What a frame asks for. `packet` holds the one that the act is about.
struct Action {
  // Not `= default`: that would zero the room of the largest packet, also for a PING.
  Action() {}
  Act act = Act::Ignore;
  std::string_view detail;  // Refuse: what was wrong, static text for the log
  std::variant<std::monostate, ConnectPacket, SendPacket, RecvackPacket, SubPacket,
               DisconnectPacket>
      packet;
};

struct SessionTimeouts {
  Duration auth{};  // from the accept to a CONNACK
  Duration idle{};  // from the last byte received; 0 = never
};

class Session {
 public:
  ConnState state() const { return state_; }
  uint8_t version() const { return version_; }
  DeviceFlag device_flag() const { return device_flag_; }
  // CONNECT was seen and its answer is due: no frame may be handled.
  bool waiting() const { return waiting_; }

  // A whole frame. Not while waiting().
  Action on_frame(const Frame& frame);
  // The authenticator and presence said yes.
  void on_accepted();
  // Whatever ends the session.
  void on_close();

  // When to give up: CONNECT must be accepted in time, then bytes must keep coming. kNever when
  // closed.
  Instant deadline(Instant opened, Instant last_activity, const SessionTimeouts& timeouts) const;
  // Why, once the deadline has passed.
  CloseReason overdue_reason() const {
    return state_ == ConnState::Connected ? CloseReason::AuthTimeout : CloseReason::Idle;
  }

 private:
  ConnState state_ = ConnState::Connected;
  uint8_t version_ = 1;  // min(client's, ours) once CONNECT was seen
  DeviceFlag device_flag_ = DeviceFlag::App;
  bool waiting_ = false;
};

// Why a CONNECT is refused before any authenticator is asked, and a sentence for the log;
// Reason::Success when nothing speaks against it.
struct ConnectCheck {
  Reason reason = Reason::Success;
  std::string_view why;
};
ConnectCheck check_connect(const ConnectPacket& connect);

}  // namespace sluice
