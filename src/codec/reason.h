// The reason codes that CONNACK, SENDACK, SUBACK and DISCONNECT carry, with the numbers of the
// wire.
//
// Not the CloseReason of a connection, which is ours and stays inside the process. A decoded Reason
// may hold a number outside this list (a newer peer): compare it, print it, never index with it.
// Pure values, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// One byte on the wire. Success is 1; 0 says that the sender did not know.
enum class Reason : uint8_t {
  Unknown = 0,
  Success = 1,
  AuthFail = 2,
  SubscriberNotExist = 3,
  InBlacklist = 4,
  ChannelNotExist = 5,
  UserNotOnNode = 6,
  SenderOffline = 7,
  MsgKeyError = 8,
  PayloadDecodeError = 9,
  ForwardSendPacketError = 10,
  NotAllowSend = 11,
  ConnectKick = 12,
  NotInWhitelist = 13,
  QueryTokenError = 14,
  SystemError = 15,
  ChannelIdError = 16,
  NodeMatchError = 17,
  NodeNotMatch = 18,
  Ban = 19,
  NotSupportHeader = 20,
  ClientKeyIsEmpty = 21,
  RateLimit = 22,
  NotSupportChannelType = 23,
  Disband = 24,
  SendBan = 25,
};

// The enumerator's name for logs and metrics, "Unassigned" for a number without one.
std::string_view name_of(Reason reason);

}  // namespace sluice
