#include "broker/memory_broker.h"

#include <algorithm>
#include <utility>

#include "reactor/ownership.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

// The name of the channel between two people, the same from both sides. No uid holds a '#'.
void person_key(std::string_view a, std::string_view b, std::string* key) {
  if (b < a) std::swap(a, b);
  key->assign(a);
  key->push_back('#');
  key->append(b);
}

// The person channel's name is written here, not on the heap, once a thread has seen its longest.
thread_local std::string scratch_key;

}  // namespace

// Stop 7 of 7: who gets it. From here the message travels by letters to its receivers' connections.
void MemoryBroker::publish(Message& message) {
  const bool person = message.channel_type == ChannelType::Person;
  if (person) person_key(message.from, message.channel_id, &scratch_key);
  const uint32_t owner =
      owner_of(person ? std::string_view(scratch_key) : message.channel_id, reactors());
  if (owner != reactor_.index()) {
    reactor_.post(owner, make_mail<&MemoryBroker::on_publish>(*siblings_[owner], {&message}));
  } else if (person) {
    publish_person(message, scratch_key);
  } else {
    publish_group(message);
  }
}

void MemoryBroker::on_publish(const MessageLetter& letter) {
  if (letter.message->channel_type == ChannelType::Person) {
    person_key(letter.message->from, letter.message->channel_id, &scratch_key);
    publish_person(*letter.message, scratch_key);
  } else {
    publish_group(*letter.message);
  }
}

void MemoryBroker::stamp(Message& message, uint32_t* last_sequence) {
  const WallMs now = reactor_.clock().wall_ms();
  message.message_id = ids_.next(now);
  message.timestamp_s = static_cast<int32_t>(now / 1000);
  if (last_sequence != nullptr) message.message_seq = ++*last_sequence;
}

void MemoryBroker::publish_person(Message& message, const std::string& key) {
  const bool persist = (message.flags & kFlagNoPersist) == 0;
  stamp(message, persist ? &person_sequences_[key] : nullptr);
  if (message.from != message.channel_id) {
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
