// How messages and subscriptions travel between shards, and how a message becomes RECVs.
// Tested by: tests/unit/gateway/shard_test.cc, with the rest of the class
#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "broker/message.h"
#include "codec/encode.h"
#include "gateway/group_subscription.h"
#include "gateway/shard.h"
#include "reactor/ownership.h"

namespace sluice {
namespace {

// A frame up to this size is copied into each receiver's queue: cheaper than a piece of its own and
// a part of the send. Above, a fan-out shares one copy.
constexpr size_t kCopyBytesMax = 1024;

RecvPacket recv_of(const Message& message, bool to_sender) {
  RecvPacket recv;
  recv.flags = message.flags;
  recv.setting = message.setting;
  recv.msg_key = message.msg_key;
  recv.from_uid = message.from;
  // A person channel is named as its receiver sees it: by the other party.
  const bool person = message.channel_type == ChannelType::Person;
  recv.channel_id = person && !to_sender ? message.from : message.channel_id;
  recv.channel_type = message.channel_type;
  recv.expire_s = message.expire_s;
  recv.client_msg_no = message.client_msg_no;
  recv.stream_flag = StreamFlag::Ongoing;
  recv.stream_no = message.stream_no;
  recv.stream_id = static_cast<uint64_t>(message.message_id);
  recv.message_id = message.message_id;
  recv.message_seq = message.message_seq;
  recv.timestamp_s = message.timestamp_s;
  recv.topic = message.topic;
  recv.payload = message.payload;
  return recv;
}

bool is_sender(const Connection& connection, const Message& message) {
  return same_text(connection.identity()->uid(), message.from);
}

// The encodings of one message on this reactor: each form is written once, however many receive it.
class Encodings {
 public:
  Encodings(const Message& message, BufferPool& pool) : message_(message), pool_(pool) {}
  ~Encodings() {
    for (SharedFrame* frame : frames_) {
      if (frame != nullptr) frame->let_go(pool_);
    }
  }
  Encodings(const Encodings&) = delete;
  Encodings& operator=(const Encodings&) = delete;

  SharedFrame& of(Framing framing, uint8_t version, bool to_sender) {
    const auto form = static_cast<size_t>(recv_form(version, message_.setting));
    const size_t index =
        (form * 2 + (framing == Framing::Frame6 ? 1 : 0)) * 2 + (to_sender ? 1 : 0);
    if (frames_[index] == nullptr) {
      const RecvPacket recv = recv_of(message_, to_sender);
      frames_[index] = &SharedFrame::make(encoded_size(recv, framing, version), pool_);
      encode(recv, framing, version, frames_[index]->bytes());
    }
    return *frames_[index];
  }

 private:
  const Message& message_;
  BufferPool& pool_;
  std::array<SharedFrame*, kRecvForms * 4> frames_{};
};

}  // namespace

void Shard::publish(Message& message) {
  metrics_.sends.add();
  metrics_.sends_in_flight.add();
  broker_->publish(message);
}

void Shard::let_go(Message& message) {
  if (message.let_go()) tell<&Shard::on_message_done>(message.home, MessageLetter{&message});
}

void Shard::on_message_done(const MessageLetter& letter) {
  Message& message = *letter.message;
  metrics_.sends_in_flight.sub();
  if (message.result != Reason::Success) {
    metrics_.sends_refused.add();
  } else if (message.channel_type == ChannelType::Person && message.reached() == 0) {
    metrics_.undelivered.add();
  }
  if (Connection* connection = connections_.find(message.sender)) {
    connection->on_message_done(message);
  }
  Message::end(message, pool_);
}

void Shard::deliver_to_uid(std::string_view uid, Message& message) {
  targets_.clear();
  DeliverLetter letter{&message, 0, {}};
  const auto send_letter = [&] {
    message.hold();
    tell<&Shard::on_deliver>(letter.connections[0].reactor(), letter);
    letter.count = 0;
  };
  presence_.for_each(uid, [&](const Identity& identity) {
    const Token token = identity.connection;
    if (token == message.sender) return;
    if (token.reactor() == index()) {
      targets_.push_back(token);
      return;
    }
    const bool other = letter.count > 0 && letter.connections[0].reactor() != token.reactor();
    if (other || letter.count == letter.connections.size()) send_letter();
    letter.connections[letter.count++] = token;
  });
  if (letter.count > 0) send_letter();
  deliver(message, targets_);
  let_go(message);
}

void Shard::on_deliver(const DeliverLetter& letter) {
  deliver(*letter.message, std::span(letter.connections).first(letter.count));
  let_go(*letter.message);
}

void Shard::deliver_to_group(Message& message) {
  const std::span<const Token> members = members_.of(message.channel_id);
  targets_.assign(members.begin(), members.end());
  deliver(message, targets_);
  let_go(message);
}

void Shard::deliver(Message& message, std::span<const Token> connections) {
  if (connections.empty()) return;
  if (connections.size() == 1) {
    if (Connection* receiver = receiver_of(message, connections[0])) {
      const RecvPacket recv = recv_of(message, is_sender(*receiver, message));
      const Framing framing = receiver->framing();
      const size_t size = encoded_size(recv, framing, receiver->version());
      encode(recv, framing, receiver->version(), receiver->outbound().append(size, pool_));
      receiver->on_recv_queued();
    }
    return;
  }
  Encodings encodings(message, pool_);
  for (const Token token : connections) {
    Connection* receiver = receiver_of(message, token);
    if (receiver == nullptr) continue;
    SharedFrame& frame =
        encodings.of(receiver->framing(), receiver->version(), is_sender(*receiver, message));
    const MutableBytes bytes = frame.bytes();
    if (bytes.size() <= kCopyBytesMax) {
      std::copy(bytes.begin(), bytes.end(),
                receiver->outbound().append(bytes.size(), pool_).begin());
    } else {
      receiver->outbound().append_shared(frame, pool_);
    }
    receiver->on_recv_queued();
  }
}

// The connection, if it is to get the message; counts whom the message reaches.
Connection* Shard::receiver_of(Message& message, Token token) {
  Connection* connection = token == message.sender ? nullptr : connections_.find(token);
  if (connection == nullptr || !connection->receives()) return nullptr;
  // Oneself counts as a receiver only of what one sent to oneself.
  if (!is_sender(*connection, message) || message.from == message.channel_id) message.reach();
  return connection;
}

// A subscription: owner of the uid → reactors of its connections → owner of the uid → broker →
// asker.

void Shard::subscribe(GroupSubscription& subscription) {
  tell<&Shard::on_subscribe>(owner_of(subscription.uid, shard_count()),
                             SubscriptionLetter{&subscription});
}

void Shard::on_subscribe(const SubscriptionLetter& letter) {
  GroupSubscription& subscription = *letter.subscription;
  const bool join = subscription.action == SubAction::Subscribe;
  if (!join) {
    presence_.unsubscribe(subscription.uid, subscription.channel_id);
  } else if (!presence_.subscribe(subscription.uid, subscription.channel_id)) {
    subscription.reason = Reason::RateLimit;
    tell<&Shard::on_subscription_done>(subscription.asker.reactor(), letter);
    return;
  }
  std::vector<Token> connections;
  presence_.for_each(subscription.uid,
                     [&](const Identity& i) { connections.push_back(i.connection); });
  // One visit more than letters, which ends here: none of them can be the last before all are out.
  subscription.visits.store(static_cast<uint32_t>(connections.size()) + 1,
                            std::memory_order_relaxed);
  for (const Token connection : connections) {
    tell<&Shard::on_join>(connection.reactor(), JoinLetter{&subscription, connection, join});
  }
  end_visit(subscription);
}

void Shard::on_join(const JoinLetter& letter) {
  GroupSubscription& subscription = *letter.subscription;
  const Connection* connection = connections_.find(letter.connection);
  if (connection != nullptr && connection->identity() != nullptr) {
    if (letter.join) {
      members_.join(letter.connection, subscription.channel_id);
    } else {
      members_.leave(letter.connection, subscription.channel_id);
    }
  }
  end_visit(subscription);
}

void Shard::end_visit(GroupSubscription& subscription) {
  if (subscription.visits.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  tell<&Shard::on_joined>(owner_of(subscription.uid, shard_count()),
                          SubscriptionLetter{&subscription});
}

// What holds now goes to the broker, which need not be what was asked: meanwhile the uid may have
// gone offline, or another of its connections may have asked for the opposite.
void Shard::on_joined(const SubscriptionLetter& letter) {
  GroupSubscription& subscription = *letter.subscription;
  subscription.subscribe = presence_.is_subscribed(subscription.uid, subscription.channel_id);
  broker_->apply(subscription);
}

void Shard::on_subscribed(Subscription& subscription) {
  auto& group = static_cast<GroupSubscription&>(subscription);
  tell<&Shard::on_subscription_done>(group.asker.reactor(), SubscriptionLetter{&group});
}

void Shard::on_subscription_done(const SubscriptionLetter& letter) {
  const std::unique_ptr<GroupSubscription> subscription(letter.subscription);
  if (Connection* connection = connections_.find(subscription->asker)) {
    connection->on_subscribed(*subscription);
  }
}

}  // namespace sluice
