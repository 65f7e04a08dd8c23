// What a connection does with its frames: the actions of the session, one handler each, and the
// answers to them.
//
// Tested by: tests/unit/gateway/connection_test.cc, with the rest of the class
#include <algorithm>

#include "base/log.h"
#include "broker/message.h"
#include "codec/bounds.h"
#include "codec/encode.h"
#include "gateway/connection.h"
#include "gateway/frame_tax.h"
#include "gateway/group_subscription.h"
#include "gateway/shard.h"
#include "session/rules.h"

namespace sluice {

template <typename Packet>
void Connection::queue(const Packet& packet) {
  const size_t size = encoded_size(packet, framing_, session_.version());
  encode(packet, framing_, session_.version(), outbound_.append(size, shard_.pool()));
  on_queued();
}

void Connection::on_frame(const Frame& frame) {
  shard_.metrics().frames_in.add();
  if constexpr (kFrameTax > 0) pay_frame_tax(kFrameTax);
  const bool first = session_.state() == ConnState::Connected;
  const Action action = session_.on_frame(frame);
  switch (action.act) {
    case Act::Pong:
      on_ping();
      break;
    case Act::Publish:
      on_send(std::get<SendPacket>(action.packet));
      break;
    case Act::Acknowledge:
      shard_.metrics().recvacks.add();
      break;
    case Act::Authenticate:
      on_connect(std::get<ConnectPacket>(action.packet));
      break;
    case Act::Subscribe:
      on_sub(std::get<SubPacket>(action.packet));
      break;
    case Act::Goodbye:
      leaving_ = true;  // settle() ends it when nothing is owed
      break;
    default:
      // A CONNECT gets its CONNACK even if it cannot be read: a plain close is no answer to an SDK.
      if (first && frame.type == PacketType::Connect) {
        refuse(Reason::AuthFail, action.detail);
      } else {
        close(CloseReason::ProtocolError, action.detail);
      }
      break;
  }
}

void Connection::on_ping() {
  shard_.metrics().pings.add();
  const size_t size = frame_header_size(framing_, PacketType::Pong, 0);
  encode_pong(framing_, outbound_.append(size, shard_.pool()));
  on_queued();
}

void Connection::on_connect(const ConnectPacket& connect) {
  // The client may claim any time at all: unsigned, because a difference of 64 bits can overflow.
  time_diff_ms_ = static_cast<int64_t>(static_cast<uint64_t>(shard_.wall_ms()) -
                                       static_cast<uint64_t>(connect.client_timestamp_ms));
  if (const ConnectCheck check = check_connect(connect); check.reason != Reason::Success) {
    refuse(check.reason, check.why);
    return;
  }
  identity_ = Identity::make(self_, connect.uid, connect.device_id, connect.device_flag);
  const AuthRequest request{connect.uid, connect.token, connect.device_id, connect.device_flag};
  const auto answer = shard_.authenticator().authenticate(request, self_, shard_);
  if (answer.has_value()) on_auth_answer(*answer);
}

void Connection::on_auth_answer(const AuthAnswer& answer) {
  // A second answer, or one that came too late.
  if (phase_ != Phase::Open || !session_.waiting() || entered_) return;
  if (answer.reason != Reason::Success) {
    refuse(answer.reason, name_of(answer.reason));
    return;
  }
  identity_->set_level(answer.level);
  entered_ = true;
  shard_.enter(*identity_);
}

void Connection::on_entered() {
  if (phase_ != Phase::Open) return;
  session_.on_accepted();
  shard_.metrics().authenticated.add();
  ConnackPacket ack;
  if (session_.version() > 3) {
    ack.flags = kFlagHasServerVersion;
    ack.server_version = kProtocolVersionMax;
  }
  ack.time_diff_ms = time_diff_ms_;
  ack.reason = Reason::Success;
  ack.node_id = shard_.limits().node_id;
  queue(ack);
  rearm();
  if (!inbound_.empty() || eof_) shard_.add_ready(*this);
}

void Connection::refuse(Reason reason, std::string_view why, CloseReason close_reason) {
  ConnackPacket ack;
  ack.time_diff_ms = 0;
  ack.reason = reason;
  queue(ack);
  close(close_reason, why);
}

void Connection::on_send(const SendPacket& send) {
  ++messages_in_;
  const Reason reason = check_channel(send.channel_id, send.channel_type);
  if (reason != Reason::Success) {
    shard_.metrics().sends_refused.add();
    shard_.metrics().sendacks.add();
    SendackPacket ack;
    ack.flags = send.flags;
    ack.client_seq = send.client_seq;
    ack.reason = reason;
    queue(ack);
    return;
  }
  ++sends_in_flight_;
  Message& message = Message::make(send, identity_->uid(), self_, shard_.index(),
                                   session_.version(), shard_.pool());
  message.echo = !identity_->alone();
  shard_.publish(message);
}

void Connection::on_message_done(const Message& message) {
  --sends_in_flight_;
  if (phase_ != Phase::Open) return;
  SendackPacket ack;
  ack.flags = message.flags;
  ack.message_id = message.message_id;
  ack.client_seq = message.client_seq;
  ack.message_seq = message.message_seq;
  ack.reason = message.result;
  shard_.metrics().sendacks.add();
  queue(ack);
  if (eof_ || leaving_) shard_.add_ready(*this);  // it may have waited for this one only
}

void Connection::on_sub(const SubPacket& sub) {
  Reason reason = check_channel(sub.channel_id, sub.channel_type);
  if (reason == Reason::Success && sub.channel_type != ChannelType::Group) {
    reason = Reason::NotSupportChannelType;  // a person needs no subscription
  }
  auto subscription = std::make_unique<GroupSubscription>(self_, sub, identity_->uid(), reason);
  parked_ = true;
  if (reason == Reason::Success) {
    shard_.subscribe(*subscription.release());
  } else {
    on_subscribed(*subscription);
  }
}

void Connection::on_subscribed(const GroupSubscription& subscription) {
  parked_ = false;
  if (phase_ != Phase::Open) return;
  SubackPacket ack;
  ack.flags = subscription.flags;
  ack.sub_no = subscription.sub_no;
  ack.channel_id = subscription.channel_id;
  ack.channel_type = subscription.channel_type;
  ack.action = subscription.action;
  ack.reason = subscription.reason;
  queue(ack);
  shard_.add_ready(*this);
}

void Connection::on_driven_out(bool kicked) {
  if (phase_ != Phase::Open) return;
  if (kicked) {
    DisconnectPacket goodbye;
    goodbye.reason = Reason::ConnectKick;
    goodbye.text = "login in other device";
    queue(goodbye);
  }
  close(kicked ? CloseReason::Kicked : CloseReason::Replaced);
}

void Connection::drain(bool disconnect) {
  if (phase_ != Phase::Open) {
    be_patient();  // on its way out already, and perhaps still owed something
    return;
  }
  if (disconnect && session_.state() != ConnState::Connected) {
    DisconnectPacket goodbye;
    goodbye.reason = Reason::Unknown;
    goodbye.text = "the gateway is going out of service";
    queue(goodbye);
  }
  close(CloseReason::Drain);
}

}  // namespace sluice
