#include "session/session.h"

#include <algorithm>

#include "base/check.h"
#include "codec/bounds.h"
#include "session/rules.h"

namespace sluice {
namespace {

Event event_of(PacketType type) {
  switch (type) {
    case PacketType::Connect:
      return Event::Connect;
    case PacketType::Send:
      return Event::Send;
    case PacketType::Recvack:
      return Event::Recvack;
    case PacketType::Ping:
      return Event::Ping;
    case PacketType::Disconnect:
      return Event::Disconnect;
    case PacketType::Sub:
      return Event::Sub;
    default:
      return Event::Alien;
  }
}

template <typename Packet>
DecodeResult read(const Frame& frame, uint8_t version, Action& action) {
  return decode(frame, version, action.packet.emplace<Packet>());
}

DecodeResult read_body(const Frame& frame, uint8_t version, Action& action) {
  switch (action.act) {
    case Act::Authenticate:
      return read<ConnectPacket>(frame, version, action);
    case Act::Publish:
      return read<SendPacket>(frame, version, action);
    case Act::Acknowledge:
      return read<RecvackPacket>(frame, version, action);
    case Act::Subscribe:
      return read<SubPacket>(frame, version, action);
    case Act::Goodbye:
      return read<DisconnectPacket>(frame, version, action);
    default:
      return {};
  }
}

}  // namespace

// Stop 6 of 7: does the state allow it? The answer is an action.
Action Session::on_frame(const Frame& frame) {
  SLUICE_DCHECK(!waiting_, "no frame before CONNECT is answered");
  const Event event = event_of(frame.type);
  const Cell cell = step(state_, event);
  Action action;
  action.act = cell.act;
  if (cell.act == Act::Authenticate && !frame.body.empty()) {
    // First of all, as a refusal has to be worded in it too.
    version_ = std::clamp<uint8_t>(std::to_integer<uint8_t>(frame.body[0]), 1, kProtocolVersionMax);
  }
  if (cell.act == Act::Refuse) {
    action.detail = event == Event::Connect ? "a second CONNECT"
                    : event == Event::Alien ? "a packet that only servers send"
                                            : "a frame before CONNECT";
  } else if (const DecodeResult result = read_body(frame, version_, action); !result.ok()) {
    action.act = Act::Refuse;
    action.detail = result.field;
  }
  if (action.act == Act::Refuse) {
    state_ = ConnState::Closed;
    return action;
  }
  state_ = cell.next;
  if (action.act == Act::Authenticate) {
    const auto& connect = std::get<ConnectPacket>(action.packet);
    device_flag_ = connect.device_flag;
    waiting_ = true;
  }
  return action;
}

void Session::on_accepted() {
  const Cell cell = step(state_, Event::Accepted);
  SLUICE_CHECK(cell.act != Act::Impossible, "a session is accepted once");
  waiting_ = false;
  state_ = cell.next;
}

void Session::on_close() {
  waiting_ = false;
  state_ = step(state_, Event::Close).next;
}

Instant Session::deadline(Instant opened, Instant last_activity,
                          const SessionTimeouts& timeouts) const {
  if (state_ == ConnState::Connected) return opened + timeouts.auth;
  if (state_ == ConnState::Closed || timeouts.idle == Duration::zero()) return kNever;
  return last_activity + timeouts.idle;
}

ConnectCheck check_connect(const ConnectPacket& connect) {
  if (connect.version == 0) return {Reason::AuthFail, "protocol version 0 does not exist"};
  if (!is_valid_uid(connect.uid)) {
    return {Reason::AuthFail,
            "the uid is blank, not UTF-8, or holds @, #, & or a control character"};
  }
  if (!connect.client_key.empty()) {
    return {Reason::SystemError,
            "the client asks for message encryption, which this version does not have"};
  }
  return {};
}

}  // namespace sluice
