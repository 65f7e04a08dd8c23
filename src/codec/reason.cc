#include "codec/reason.h"

namespace sluice {

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::Unknown:
      return "Unknown";
    case Reason::Success:
      return "Success";
    case Reason::AuthFail:
      return "AuthFail";
    case Reason::SubscriberNotExist:
      return "SubscriberNotExist";
    case Reason::InBlacklist:
      return "InBlacklist";
    case Reason::ChannelNotExist:
      return "ChannelNotExist";
    case Reason::UserNotOnNode:
      return "UserNotOnNode";
    case Reason::SenderOffline:
      return "SenderOffline";
    case Reason::MsgKeyError:
      return "MsgKeyError";
    case Reason::PayloadDecodeError:
      return "PayloadDecodeError";
    case Reason::ForwardSendPacketError:
      return "ForwardSendPacketError";
    case Reason::NotAllowSend:
      return "NotAllowSend";
    case Reason::ConnectKick:
      return "ConnectKick";
    case Reason::NotInWhitelist:
      return "NotInWhitelist";
    case Reason::QueryTokenError:
      return "QueryTokenError";
    case Reason::SystemError:
      return "SystemError";
    case Reason::ChannelIdError:
      return "ChannelIdError";
    case Reason::NodeMatchError:
      return "NodeMatchError";
    case Reason::NodeNotMatch:
      return "NodeNotMatch";
    case Reason::Ban:
      return "Ban";
    case Reason::NotSupportHeader:
      return "NotSupportHeader";
    case Reason::ClientKeyIsEmpty:
      return "ClientKeyIsEmpty";
    case Reason::RateLimit:
      return "RateLimit";
    case Reason::NotSupportChannelType:
      return "NotSupportChannelType";
    case Reason::Disband:
      return "Disband";
    case Reason::SendBan:
      return "SendBan";
  }
  return "Unassigned";
}

}  // namespace sluice
