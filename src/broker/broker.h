// Who gets a message: the engine behind SEND and SUB, one object per reactor, each on its own
// thread.
//
// An engine orders the messages of a channel, gives them their ids, knows who is subscribed, and
// tells the gateway of the reactors concerned to deliver. It knows no connections: that is the
// BrokerClient's part. memory_broker works within the process; a distributed engine would be a
// second implementation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/message.h"

namespace sluice {

// A subscription on its way: made by the gateway, carried by the engine, given back when it holds.
struct Subscription {
  virtual ~Subscription() = default;
  std::string uid;
  std::string channel_id;
  bool subscribe = true;  // what is to hold; false: not subscribed
};

// The gateway's side, one per reactor. Everything is called on that reactor's thread.
class BrokerClient {
 public:
  virtual ~BrokerClient() = default;
  // A person message, on the reactor that owns `uid`: to all its connections but the sending one.
  // Takes over a hold.
  virtual void deliver_to_uid(std::string_view uid, Message& message) = 0;
  // A group message, on every reactor: to the subscribed connections that live there. Takes over a
  // hold.
  virtual void deliver_to_group(Message& message) = 0;
  // Lets go of a message; the last to do so sends it home.
  virtual void let_go(Message& message) = 0;
  // A subscription made here holds now.
  virtual void on_subscribed(Subscription& subscription) = 0;
};

class Broker {
 public:
  virtual ~Broker() = default;
  // Orders and delivers the message, or sets its result to what speaks against it. Takes over the
  // caller's hold.
  virtual void publish(Message& message) = 0;
  // Carries it out and answers by on_subscribed() on this reactor.
  virtual void apply(Subscription& subscription) = 0;
  // The uid went offline, or forgot: ends its subscription to the channel, without an answer.
  virtual void drop(std::string_view uid, std::string_view channel_id) = 0;
};

}  // namespace sluice
