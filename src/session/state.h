// The life of a session as one table: state and event give the next state and what to do.
//
//                 accepted          first frame
//   Connected ──────────────→ Authed ──────────→ Active
//       │                        │                  │
//       └────────────────────────┴──────────────────┴──→ Closed, final
//
// Pure data; tests/unit/session/state_test.cc walks every cell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class ConnState : uint8_t {
  Connected,  // the TCP connection stands, CONNECT has not been accepted
  Authed,     // CONNECT accepted, CONNACK queued
  Active,     // a frame came after that
  Closed,     // final: nothing that arrives means anything any more
};
inline constexpr size_t kConnStates = 4;

enum class Event : uint8_t {
  Connect,  // frames of a client...
  Send,
  Recvack,
  Ping,
  Disconnect,
  Sub,
  Alien,     // ...a frame that only servers send
  Accepted,  // the authenticator said yes and presence knows the connection
  Close,     // whatever ends it
};
inline constexpr size_t kEvents = 9;

enum class Act : uint8_t {
  Ignore,        // too late to matter
  Authenticate,  // ask the authenticator; no further frame is handled before its answer
  Confirm,       // CONNACK Success
  Publish,
  Acknowledge,  // count a RECVACK
  Pong,
  Subscribe,   // or unsubscribe
  Goodbye,     // the client says DISCONNECT: orderly close
  Refuse,      // protocol error: close
  End,         // leave quietly, the reason is the event's
  Impossible,  // a bug of ours
};

struct Cell {
  ConnState next;
  Act act;
};

inline constexpr std::array<std::array<Cell, kEvents>, kConnStates> kSessionTable{{
    // Connected: CONNECT first, or nothing.
    {{{ConnState::Connected, Act::Authenticate},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Authed, Act::Confirm},
      {ConnState::Closed, Act::End}}},
    // Authed: the first frame makes it Active.
    {{{ConnState::Closed, Act::Refuse},
      {ConnState::Active, Act::Publish},
      {ConnState::Active, Act::Acknowledge},
      {ConnState::Active, Act::Pong},
      {ConnState::Closed, Act::Goodbye},
      {ConnState::Active, Act::Subscribe},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Authed, Act::Impossible},
      {ConnState::Closed, Act::End}}},
    // Active.
    {{{ConnState::Closed, Act::Refuse},
      {ConnState::Active, Act::Publish},
      {ConnState::Active, Act::Acknowledge},
      {ConnState::Active, Act::Pong},
      {ConnState::Closed, Act::Goodbye},
      {ConnState::Active, Act::Subscribe},
      {ConnState::Closed, Act::Refuse},
      {ConnState::Active, Act::Impossible},
      {ConnState::Closed, Act::End}}},
    // Closed: an answer that comes too late is ignored like all the rest.
    {{{ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore},
      {ConnState::Closed, Act::Ignore}}},
}};

constexpr Cell step(ConnState state, Event event) {
  return kSessionTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

constexpr std::string_view name_of(ConnState state) {
  constexpr std::array<std::string_view, kConnStates> kNames{"connected", "authed", "active",
                                                             "closed"};
  return kNames[static_cast<size_t>(state)];
}

}  // namespace sluice
