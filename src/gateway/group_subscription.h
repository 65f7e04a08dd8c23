// A SUB packet on its way: from the asking connection to the owner of its uid, to every reactor
// where the uid has connections, to the channel's owner, and back with the answer. One allocation,
// handed on by letters; rare enough for that.
#pragma once

#include <atomic>
#include <string>

#include "base/token.h"
#include "broker/broker.h"
#include "codec/packets.h"

namespace sluice {

struct GroupSubscription : Subscription {
  GroupSubscription(Token its_asker, const SubPacket& sub, std::string_view its_uid,
                    Reason its_reason)
      : asker(its_asker),
        sub_no(sub.sub_no),
        action(sub.action),
        channel_type(sub.channel_type),
        flags(sub.flags),
        reason(its_reason) {
    uid = its_uid;
    channel_id = sub.channel_id;
  }

  const Token asker;  // the connection that gets the SUBACK
  const std::string sub_no;
  const SubAction action;  // what was asked
  const ChannelType channel_type;
  const uint8_t flags;
  Reason reason;                    // of the SUBACK
  std::atomic<uint32_t> visits{0};  // reactors that have still to join or leave their connections
};

}  // namespace sluice
