// The broker within one process: every channel belongs to one reactor, which counts its messages
// and knows its subscribers.
//
//   sender's reactor --publish--> channel's owner (id, sequence) --person--> owners of both uids
//                                                                --group---> every reactor
//
// Letters between two reactors keep their order, so a channel's messages reach each receiver in the
// order of their sequence. A channel's sequence lives as long as the process: there is no store
// that could remember it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "broker/broker.h"
#include "broker/snowflake.h"
#include "reactor/reactor.h"

namespace sluice {

// The channel between two people, by their uids in order: the same from both sides.
struct PersonChannel {
  PersonChannel(std::string_view a, std::string_view b) : low(a), high(b) {
    if (b < a) std::swap(low, high);
  }
  explicit PersonChannel(const std::string& name);
  // "low#high"; no uid holds a '#'.
  std::string name() const;

  std::string_view low;
  std::string_view high;
};

class MemoryBroker final : public Broker {
 public:
  // All brokers of the process, by the index of their sub reactor; filled before any of them runs.
  using Siblings = std::vector<MemoryBroker*>;

  MemoryBroker(Reactor& reactor, BrokerClient& client, Snowflake& ids, const Siblings& siblings)
      : reactor_(reactor), client_(client), ids_(ids), siblings_(siblings) {}

  void publish(Message& message) override;
  void apply(Subscription& subscription) override;
  void drop(std::string_view uid, std::string_view channel_id) override;

  // Channels this reactor owns that have had a message or a subscriber.
  size_t channels() const { return groups_.size() + person_sequences_.size(); }

 private:
  struct Group {
    uint32_t last_sequence = 0;
    absl::flat_hash_set<std::string> uids;
  };
  // Looks for a person channel without writing its name down.
  struct PersonHash {
    using is_transparent = void;
    size_t operator()(const PersonChannel& channel) const;
    size_t operator()(const std::string& name) const { return (*this)(PersonChannel(name)); }
  };
  struct PersonEqual {
    using is_transparent = void;
    bool operator()(const std::string& a, const std::string& b) const { return a == b; }
    bool operator()(const std::string& name, const PersonChannel& channel) const;
  };
  struct MessageLetter {
    Message* message;
  };
  struct DeliveryLetter {
    Message* message;
    bool to_sender;  // to the sender's other connections instead of the receiver's
  };
  struct SubscriptionLetter {
    Subscription* subscription;
    uint32_t asker;
    bool answer;
  };

  void on_publish(const MessageLetter& letter);
  void on_deliver_person(const DeliveryLetter& letter);
  void on_deliver_group(const MessageLetter& letter);
  void on_apply(const SubscriptionLetter& letter);
  void on_applied(const SubscriptionLetter& letter);
  void send_to_owner(Subscription& subscription, bool answer);
  void send_person(Message& message, bool to_sender);
  void publish_person(Message& message);
  void publish_group(Message& message);
  void stamp(Message& message, uint32_t* last_sequence);
  uint32_t& sequence_of(const PersonChannel& channel);
  uint32_t owner_of_channel(const Message& message) const;
  uint32_t reactors() const { return static_cast<uint32_t>(siblings_.size()); }

  Reactor& reactor_;
  BrokerClient& client_;
  Snowflake& ids_;
  const Siblings& siblings_;
  absl::flat_hash_map<std::string, Group> groups_;
  // By PersonChannel::name().
  absl::flat_hash_map<std::string, uint32_t, PersonHash, PersonEqual> person_sequences_;
};

}  // namespace sluice
