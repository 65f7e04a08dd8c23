// One reactor's share of the gateway: its connections, the presence of its uids, its part of the
// groups, and all letters about them.
//
// It is the reactor's Resident (completions in), the broker's client (deliveries in) and the
// authenticator's answer box. Nothing in it is shared: what another reactor has to know, it is told
// by letter. Everything runs on the reactor's thread, except answer().
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/slot_map.h"
#include "broker/broker.h"
#include "buffer/buffer_pool.h"
#include "gateway/address_ledger.h"
#include "gateway/connection.h"
#include "gateway/connection_limits.h"
#include "gateway/connection_record.h"
#include "gateway/members.h"
#include "gateway/metrics.h"
#include "gateway/presence.h"
#include "reactor/acceptor.h"
#include "reactor/reactor.h"
#include "session/authenticator.h"

namespace sluice {

// What all shards of a gateway share; made before them, outlives them.
struct ShardCommons {
  Limits limits;
  Mailroom& mailroom;
  AddressLedger& ledger;
  std::atomic<uint64_t>& connections;  // of the process, counted up where a newcomer is let in
  std::vector<std::atomic<uint32_t>>& loads;  // per shard, counted up where it is handed out
  std::vector<class Shard*>& shards;          // by index; filled before any of them runs
};

class Shard final : public Resident, public BrokerClient, public AuthAnswers {
 public:
  Shard(Reactor& reactor, ShardCommons& commons, std::unique_ptr<Authenticator> authenticator);
  ~Shard() override;
  // The engine, before the first turn.
  void set_broker(Broker* broker) { broker_ = broker; }
  // Listeners of its own (--accept=reuseport); their completions are routed to it.
  void set_acceptor(Acceptor* acceptor) { acceptor_ = acceptor; }

  // Resident.
  void on_completion(const Completion& news, Instant now) override;
  bool has_ready() const override { return !ready_.empty(); }
  void run_ready(Instant now) override;
  void flush(Instant now) override;

  // BrokerClient.
  void deliver_to_uid(std::string_view uid, Message& message) override;
  void deliver_to_group(Message& message) override;
  void let_go(Message& message) override;
  void on_subscribed(Subscription& subscription) override;

  // AuthAnswers: any thread that is no reactor.
  void answer(Token connection, const AuthAnswer& answer) override;

  // Letters from outside.
  struct AdoptLetter {
    int fd;
  };
  void on_adopt(const AdoptLetter& letter);

  // For connections.
  Reactor& reactor() { return reactor_; }
  Poller& poller() { return reactor_.poller(); }
  Instant now() const { return reactor_.now(); }
  WallMs wall_ms() { return reactor_.wall_ms(); }
  uint32_t index() const { return reactor_.index(); }
  BufferPool& pool() { return pool_; }
  // Room for the parts of one send, as many as the poller takes.
  std::span<Bytes> send_parts() { return send_parts_; }
  const Limits& limits() const { return commons_.limits; }
  ShardMetrics& metrics() { return metrics_; }
  const ShardMetrics& metrics() const { return metrics_; }
  Authenticator& authenticator() { return *authenticator_; }
  bool draining() const { return draining_; }
  void add_ready(Connection& connection);
  void add_waiting(Connection& connection);
  void add_dirty(Connection& connection);
  // Whether a SEND may set out now: few enough are on their way, and no mailbox is full.
  bool may_send() const {
    return metrics_.sends_in_flight.value() < commons_.limits.sends_in_flight_max &&
           reactor_.outboxes_empty();
  }
  void publish(Message& message);
  void subscribe(GroupSubscription& subscription);
  // Tells the uid's owner that a connection is there; the answer is Connection::on_entered().
  void enter(Identity& identity);
  void leave(Identity& identity);

  // Before its handle is closed: the address has one connection less.
  void forget_address(const Connection& connection);

  // Drain, in this order.
  void begin_drain();
  void close_all(bool disconnect);
  // What is left without patience.
  void abandon_all();
  size_t connections() const { return connections_.size(); }
  Connection* next_connection(uint32_t& cursor) { return connections_.next_from(cursor); }
  ConnectionRecord record_of(const Connection& connection);

 private:
  struct EnterLetter {
    Identity* identity;
  };
  struct EnteredLetter {
    Token connection;
    std::vector<std::string>* groups;  // owned; null when the uid has no subscriptions
  };
  struct DrivenOutLetter {
    Token connection;
    bool kicked;
  };
  struct DeliverLetter {
    Message* message;
    uint32_t count;
    std::array<Token, 4> connections;
  };
  struct MessageLetter {
    Message* message;
  };
  struct AnswerLetter {
    Token connection;
    AuthAnswer answer;
  };
  struct SubscriptionLetter {
    GroupSubscription* subscription;
  };
  struct JoinLetter {
    GroupSubscription* subscription;
    Token connection;
    bool join;
  };

  void on_enter(const EnterLetter& letter);
  void on_entered(const EnteredLetter& letter);
  void on_driven_out(const DrivenOutLetter& letter);
  void on_leave(const EnterLetter& letter);
  void on_deliver(const DeliverLetter& letter);
  void on_message_done(const MessageLetter& letter);
  void on_answer(const AnswerLetter& letter);
  void on_subscribe(const SubscriptionLetter& letter);
  void on_join(const JoinLetter& letter);
  void on_joined(const SubscriptionLetter& letter);
  void on_subscription_done(const SubscriptionLetter& letter);

  void end_visit(GroupSubscription& subscription);
  void on_accepted_fd(UniqueFd fd);
  void end(Connection& connection);
  void deliver(Message& message, std::span<const Token> connections);
  Connection* receiver_of(Message& message, Token token);
  uint32_t shard_count() const { return static_cast<uint32_t>(commons_.shards.size()); }
  // Runs `Member` on shard `to`: at once when that is here, else by letter.
  template <auto Member, typename Letter>
  void tell(uint32_t to, const Letter& letter);

  Reactor& reactor_;
  ShardCommons& commons_;
  std::unique_ptr<Authenticator> authenticator_;
  Broker* broker_ = nullptr;
  Acceptor* acceptor_ = nullptr;
  BufferPool pool_;
  ShardMetrics metrics_;
  Presence presence_;
  Members members_;
  SlotMap<Connection> connections_;
  std::vector<Token> ready_;    // out of budget, or unblocked: to be run next turn
  std::vector<Token> running_;  // the ready ones of this turn
  std::vector<Token> waiting_;  // with a SEND that may not set out yet
  std::vector<Bytes> send_parts_;
  std::vector<Token> dirty_;  // with bytes for this turn's flush
  std::vector<Token>
      targets_;  // of the delivery in progress: closing one must not change the list it walks
  bool draining_ = false;
};

template <auto Member, typename Letter>
void Shard::tell(uint32_t to, const Letter& letter) {
  if (to == index()) {
    (this->*Member)(letter);
  } else {
    reactor_.post(to, make_mail<Member>(*commons_.shards[to], letter));
  }
}

}  // namespace sluice
