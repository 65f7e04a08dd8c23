#include "gateway/shard.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/log.h"
#include "gateway/group_subscription.h"
#include "reactor/ownership.h"

namespace sluice {
namespace {

// Pieces of 4 KiB: a quarter of a megabyte in one send.
constexpr uint32_t kSendPartsMax = 64;

}  // namespace

Shard::Shard(Reactor& reactor, ShardCommons& commons, std::unique_ptr<Authenticator> authenticator)
    : reactor_(reactor),
      commons_(commons),
      authenticator_(std::move(authenticator)),
      connections_(reactor.index(), kConnectionSlotsMax),
      send_parts_(std::min(reactor.poller().caps().send_parts_max, kSendPartsMax)) {}

Shard::~Shard() { SLUICE_DCHECK(connections_.size() == 0, "a shard ends after its connections"); }

void Shard::on_completion(const Completion& news, Instant now) {
  if (is_listener(news.who)) {
    acceptor_->on_completion(news, now);
    return;
  }
  if (news.who == kNoToken) return;  // a newcomer that was turned away
  Connection* connection = connections_.find(news.who);
  SLUICE_CHECK(connection != nullptr, "Close's completion is the last for its token");
  switch (news.op) {
    case Op::Recv:
      connection->on_recv(news);
      break;
    case Op::Send:
      connection->on_sent(news);
      break;
    case Op::Close:
      end(*connection);
      break;
    case Op::Accept:
      break;
  }
}

void Shard::run_ready(Instant) {
  running_.swap(ready_);
  for (const Token token : running_) {
    Connection* connection = connections_.find(token);
    if (connection == nullptr) continue;
    connection->ready_ = false;
    connection->run_ready();
  }
  running_.clear();
}

void Shard::flush(Instant) {
  if (!waiting_.empty() && may_send()) {
    // Once round for all who wait; who finds no room again joins the end of the line.
    running_.swap(waiting_);
    metrics_.paused_senders.sub(running_.size());
    for (const Token token : running_) {
      if (Connection* connection = connections_.find(token)) connection->unblock();
    }
    running_.clear();
  }
  for (size_t i = 0; i < dirty_.size(); ++i) {
    if (Connection* connection = connections_.find(dirty_[i])) connection->flush();
  }
  dirty_.clear();
}

// Once, however many reasons there are: each entry brings a budget of its own.
void Shard::add_ready(Connection& connection) {
  if (connection.ready_) return;
  connection.ready_ = true;
  ready_.push_back(connection.self());
}

void Shard::add_waiting(Connection& connection) {
  waiting_.push_back(connection.self());
  metrics_.paused_senders.add();
}

void Shard::add_dirty(Connection& connection) {
  if (connection.dirty_) return;
  connection.dirty_ = true;
  dirty_.push_back(connection.self());
}

void Shard::on_adopt(const AdoptLetter& letter) { on_accepted_fd(UniqueFd(letter.fd)); }

void Shard::on_accepted_fd(UniqueFd fd) {
  absl::StatusOr<Handle> handle = poller().adopt(std::move(fd));
  const bool adopted = handle.ok();
  const bool welcome = adopted && commons_.ledger.try_enter(poller().peer(*handle));
  Connection* connection = welcome ? connections_.emplace(*this, *handle, now()) : nullptr;
  if (connection == nullptr) {
    if (welcome) commons_.ledger.leave(poller().peer(*handle));
    if (adopted && !welcome) {
      metrics_.refused_per_ip.add();
      log_debug("connection refused: too many from its address, see --max-connections-per-ip",
                {{"peer", poller().peer(*handle).to_string()}});
    } else {
      metrics_.closed[static_cast<size_t>(CloseReason::Internal)].add();
      log_error("cannot take a connection over",
                {{"error", adopted ? "all slots are taken" : handle.status().ToString()}});
    }
    if (adopted) poller().close(*handle);  // its completion finds no token
    commons_.connections.fetch_sub(1, std::memory_order_relaxed);
    commons_.loads[index()].fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  poller().attach(*handle, connection->self());
  metrics_.adopted.add();
  metrics_.connections.add();
  log_debug("connection accepted",
            {{"conn", connection->self().value}, {"peer", poller().peer(*handle).to_string()}});
  connection->start();
  if (draining_) connection->drain(false);
}

void Shard::end(Connection& connection) {
  connection.on_closed();
  connections_.erase(connection.self());
  metrics_.connections.sub();
  commons_.connections.fetch_sub(1, std::memory_order_relaxed);
  commons_.loads[index()].fetch_sub(1, std::memory_order_relaxed);
}

void Shard::forget_address(const Connection& connection) {
  commons_.ledger.leave(poller().peer(connection.handle()));
}

void Shard::begin_drain() {
  draining_ = true;
  uint32_t cursor = 0;
  while (Connection* connection = connections_.next_from(cursor)) connection->pause_for_drain();
}

void Shard::close_all(bool disconnect) {
  uint32_t cursor = 0;
  while (Connection* connection = connections_.next_from(cursor)) connection->drain(disconnect);
}

void Shard::abandon_all() {
  uint32_t cursor = 0;
  while (Connection* connection = connections_.next_from(cursor)) {
    connection->close_now(CloseReason::Drain);
  }
}

ConnectionRecord Shard::record_of(const Connection& connection) {
  const auto ms = [](Duration d) { return d / std::chrono::milliseconds(1); };
  const Connection::View view = connection.view();
  ConnectionRecord record;
  record.id = connection.self().value;
  if (const Identity* identity = connection.identity()) {
    record.uid = identity->uid();
    record.device_id = identity->device_id();
    record.device_flag = static_cast<int>(identity->device_flag);
  }
  record.peer = poller().peer(connection.handle()).to_string();
  record.local = poller().local(connection.handle()).to_string();
  record.state = view.state;
  record.reactor = index();
  record.uptime_ms = ms(now() - view.opened);
  record.idle_ms = ms(now() - view.last_activity);
  record.bytes_in = view.bytes_in;
  record.bytes_out = view.bytes_out;
  record.messages_in = view.messages_in;
  record.messages_out = view.messages_out;
  record.queued_bytes = view.queued_bytes;
  return record;
}

// Presence, and who is driven out by whom.

void Shard::enter(Identity& identity) {
  tell<&Shard::on_enter>(owner_of(identity.uid(), shard_count()), EnterLetter{&identity});
}

void Shard::leave(Identity& identity) {
  members_.leave_all(identity.connection);
  tell<&Shard::on_leave>(owner_of(identity.uid(), shard_count()), EnterLetter{&identity});
}

void Shard::on_enter(const EnterLetter& letter) {
  Identity& identity = *letter.identity;
  std::vector<Presence::DrivenOut> driven_out;
  if (presence_.enter(&identity, &driven_out)) {
    metrics_.online.add();
    log_info("online", {{"uid", identity.uid()}, {"conn", identity.connection.value}});
  }
  const Token connection = identity.connection;
  EnteredLetter entered{connection, nullptr};
  if (const auto* groups = presence_.subscriptions(identity.uid())) {
    entered.groups = new std::vector<std::string>(*groups);
  }
  for (const Presence::DrivenOut& older : driven_out) {
    tell<&Shard::on_driven_out>(older.connection.reactor(),
                                DrivenOutLetter{older.connection, older.kicked});
  }
  tell<&Shard::on_entered>(connection.reactor(), entered);
}

void Shard::on_entered(const EnteredLetter& letter) {
  const std::unique_ptr<std::vector<std::string>> groups(letter.groups);
  Connection* connection = connections_.find(letter.connection);
  if (connection == nullptr || connection->identity() == nullptr) return;
  if (groups != nullptr) {
    for (const std::string& group : *groups) members_.join(letter.connection, group);
  }
  connection->on_entered();
}

void Shard::on_driven_out(const DrivenOutLetter& letter) {
  if (Connection* connection = connections_.find(letter.connection)) {
    connection->on_driven_out(letter.kicked);
  }
}

void Shard::on_leave(const EnterLetter& letter) {
  const std::string uid(letter.identity->uid());
  const Token connection = letter.identity->connection;
  std::vector<std::string> groups;
  if (!presence_.leave(letter.identity, &groups)) return;
  metrics_.offline.add();
  log_info("offline", {{"uid", uid}, {"conn", connection.value}});
  for (const std::string& group : groups) broker_->drop(uid, group);
}

// Authentication's late answers.

void Shard::answer(Token connection, const AuthAnswer& answer) {
  commons_.mailroom.post_from_outside(
      index(), make_mail<&Shard::on_answer>(*this, AnswerLetter{connection, answer}));
}

void Shard::on_answer(const AnswerLetter& letter) {
  if (Connection* connection = connections_.find(letter.connection)) {
    connection->on_auth_answer(letter.answer);
  }
}

}  // namespace sluice
