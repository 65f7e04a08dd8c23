#include "broker/memory_broker.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "reactor/ownership.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

PersonChannel::PersonChannel(const std::string& name)
    : low(std::string_view(name).substr(0, name.find('#'))),
      high(std::string_view(name).substr(low.size() + 1)) {}

std::string PersonChannel::name() const {
  return absl::StrCat(absl_view(low), "#", absl_view(high));
}

size_t MemoryBroker::PersonHash::operator()(const PersonChannel& channel) const {
  return absl::HashOf(absl_view(channel.low), absl_view(channel.high));
}

bool MemoryBroker::PersonEqual::operator()(const std::string& name,
                                           const PersonChannel& channel) const {
  const std::string_view text = name;
  return text.size() == channel.low.size() + 1 + channel.high.size() &&
         same_text(text.substr(0, channel.low.size()), channel.low) &&
         same_text(text.substr(channel.low.size() + 1), channel.high);
}

// Stop 7 of 7: who gets it. From here the message travels by letters to its receivers' connections.
void MemoryBroker::publish(Message& message) {
  const uint32_t owner = owner_of_channel(message);
  if (owner == reactor_.index()) {
    on_publish({&message});
  } else {
    reactor_.post(owner, make_mail<&MemoryBroker::on_publish>(*siblings_[owner], {&message}));
  }
}

uint32_t MemoryBroker::owner_of_channel(const Message& message) const {
  if (reactors() == 1) return 0;
  if (message.channel_type != ChannelType::Person) return owner_of(message.channel_id, reactors());
  // As owner_of(channel.name(), …), without writing the name down.
  const PersonChannel channel(message.from, message.channel_id);
  const uint64_t hash = fnv1a(channel.high, fnv1a("#", fnv1a(channel.low)));
  return static_cast<uint32_t>(mix_bits(hash) % reactors());
}

void MemoryBroker::on_publish(const MessageLetter& letter) {
  if (letter.message->channel_type == ChannelType::Person) {
    publish_person(*letter.message);
  } else {
    publish_group(*letter.message);
  }
}

void MemoryBroker::stamp(Message& message, uint32_t* last_sequence) {
  const WallMs now = reactor_.wall_ms();
  message.message_id = ids_.next(now);
  message.timestamp_s = static_cast<int32_t>(now / 1000);
  if (last_sequence != nullptr) message.message_seq = ++*last_sequence;
}

uint32_t& MemoryBroker::sequence_of(const PersonChannel& channel) {
  const auto it = person_sequences_.find(channel);
  return it != person_sequences_.end() ? it->second : person_sequences_[channel.name()];
}

void MemoryBroker::publish_person(Message& message) {
  const bool persist = (message.flags & kFlagNoPersist) == 0;
  stamp(message, persist ? &sequence_of({message.from, message.channel_id}) : nullptr);
  if (message.echo && message.from != message.channel_id) {
    message.hold();
    send_person(message, true);
  }
  send_person(message, false);
}

void MemoryBroker::send_person(Message& message, bool to_sender) {
  const uint32_t owner = owner_of(to_sender ? message.from : message.channel_id, reactors());
  const DeliveryLetter letter{&message, to_sender};
  if (owner == reactor_.index()) {
    on_deliver_person(letter);
  } else {
    reactor_.post(owner, make_mail<&MemoryBroker::on_deliver_person>(*siblings_[owner], letter));
  }
}

void MemoryBroker::on_deliver_person(const DeliveryLetter& letter) {
  Message& message = *letter.message;
  client_.deliver_to_uid(letter.to_sender ? message.from : message.channel_id, message);
}

void MemoryBroker::publish_group(Message& message) {
  const auto it = groups_.find(absl_view(message.channel_id));
  if (it == groups_.end() || !it->second.uids.contains(absl_view(message.from))) {
    message.result = Reason::NotAllowSend;
    client_.let_go(message);
    return;
  }
  const bool persist = (message.flags & kFlagNoPersist) == 0;
  stamp(message, persist ? &it->second.last_sequence : nullptr);
  for (uint32_t i = 0; i < reactors(); ++i) {
    if (i == reactor_.index()) continue;
    message.hold();
    reactor_.post(i, make_mail<&MemoryBroker::on_deliver_group>(*siblings_[i], {&message}));
  }
  on_deliver_group({&message});
}

void MemoryBroker::on_deliver_group(const MessageLetter& letter) {
  client_.deliver_to_group(*letter.message);
}

void MemoryBroker::apply(Subscription& subscription) { send_to_owner(subscription, true); }

void MemoryBroker::drop(std::string_view uid, std::string_view channel_id) {
  auto* subscription = new Subscription;
  subscription->uid = uid;
  subscription->channel_id = channel_id;
  subscription->subscribe = false;
  send_to_owner(*subscription, false);
}

void MemoryBroker::send_to_owner(Subscription& subscription, bool answer) {
  const uint32_t owner = owner_of(subscription.channel_id, reactors());
  const SubscriptionLetter letter{&subscription, reactor_.index(), answer};
  if (owner == reactor_.index()) {
    on_apply(letter);
  } else {
    reactor_.post(owner, make_mail<&MemoryBroker::on_apply>(*siblings_[owner], letter));
  }
}

void MemoryBroker::on_apply(const SubscriptionLetter& letter) {
  Subscription& subscription = *letter.subscription;
  if (subscription.subscribe) {
    groups_[subscription.channel_id].uids.insert(subscription.uid);
  } else if (const auto it = groups_.find(subscription.channel_id); it != groups_.end()) {
    it->second.uids.erase(subscription.uid);
    // A group that never had a message leaves nothing to remember.
    if (it->second.uids.empty() && it->second.last_sequence == 0) groups_.erase(it);
  }
  if (!letter.answer) {
    delete &subscription;
  } else if (letter.asker == reactor_.index()) {
    on_applied(letter);
  } else {
    reactor_.post(letter.asker,
                  make_mail<&MemoryBroker::on_applied>(*siblings_[letter.asker], letter));
  }
}

void MemoryBroker::on_applied(const SubscriptionLetter& letter) {
  client_.on_subscribed(*letter.subscription);
}

}  // namespace sluice
