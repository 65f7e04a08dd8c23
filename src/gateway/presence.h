// Who is online: uid → connections over all reactors, for the uids that this reactor owns.
//
// Online is told with a uid's first connection, offline with its last, exactly once each. It also
// decides which older connections a new one drives out, and remembers a uid's subscriptions, which
// end with its offline event. It moves no messages and sends no letters. One thread, the owning
// reactor's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/bytes.h"
#include "base/token.h"
#include "codec/packets.h"

namespace sluice {

// Who a connection is, in one small allocation: made on the connection's reactor, handed to
// presence with the registration, ended by presence. Until the connection posts its leave, both
// sides may read what is const here.
class Identity {
 public:
  static Identity* make(Token connection, std::string_view uid, std::string_view device_id,
                        DeviceFlag flag);
  static void end(Identity* identity);

  std::string_view uid() const { return {text(), uid_size_}; }
  std::string_view device_id() const { return {text() + uid_size_, device_size_}; }

  const Token connection;
  const DeviceFlag device_flag;
  DeviceLevel device_level() const { return level_; }
  // The authenticator's word; before presence hears of the connection.
  void set_level(DeviceLevel level) { level_ = level; }
  // Whether the uid has no other listed connection: presence says so, the connection's reactor
  // asks.
  bool alone() const { return alone_.load(std::memory_order_relaxed); }

 private:
  friend class Presence;
  Identity(Token its_connection, DeviceFlag flag) : connection(its_connection), device_flag(flag) {}
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }

  DeviceLevel level_ = DeviceLevel::Slave;
  uint8_t uid_size_ = 0;
  uint8_t device_size_ = 0;
  bool listed_ = false;  // presence's: whether it is in the chain
  std::atomic<bool> alone_{false};
  Identity* next_ = nullptr;  // presence's: the uid's connection before this one
};

class Presence {
 public:
  // A connection that has to go because of a new one.
  struct DrivenOut {
    Token connection;
    bool kicked;  // by a master; otherwise replaced by the same device
  };

  Presence() = default;
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Adds a connection. True when the uid came online with it. `driven_out` gets the connections
  // that it drives out, which are off the list.
  bool enter(Identity* identity, std::vector<DrivenOut>* driven_out);
  // Removes and ends it. True when the uid went offline; then `subscriptions` gets the groups it
  // was subscribed to.
  bool leave(Identity* identity, std::vector<std::string>* subscriptions);

  // Calls visit(const Identity&) for each listed connection of the uid.
  template <typename Visit>
  void for_each(std::string_view uid, Visit visit) const {
    for (const Identity* i = find(uid); i != nullptr; i = i->next_) visit(*i);
  }
  bool online(std::string_view uid) const { return find(uid) != nullptr; }
  size_t uids() const { return uids_.size(); }

  // Remembers or forgets a subscription of an online uid; false when it has too many or is not
  // online.
  bool subscribe(std::string_view uid, std::string_view channel_id);
  void unsubscribe(std::string_view uid, std::string_view channel_id);
  bool is_subscribed(std::string_view uid, std::string_view channel_id) const;
  // The groups of a uid; null when there are none.
  const std::vector<std::string>* subscriptions(std::string_view uid) const;

  // One uid's groups, which each of its connections joins when it comes: enough for anybody, little
  // enough to remember and to walk through in a turn.
  static constexpr size_t kSubscriptionsMax = 1000;

 private:
  // The set holds each uid's newest connection, found by its uid: 9 bytes a uid, no second copy of
  // the name.
  struct UidHash {
    using is_transparent = void;
    size_t operator()(const Identity* identity) const { return (*this)(identity->uid()); }
    size_t operator()(std::string_view uid) const;
  };
  struct UidEqual {
    using is_transparent = void;
    bool operator()(const Identity* a, const Identity* b) const { return (*this)(a, b->uid()); }
    bool operator()(const Identity* a, std::string_view b) const { return same_text(a->uid(), b); }
  };
  Identity* find(std::string_view uid) const;
  static void set_alone(Identity& identity, bool alone) {
    identity.alone_.store(alone, std::memory_order_relaxed);
  }
  void unlist(Identity* identity);

  absl::flat_hash_set<Identity*, UidHash, UidEqual> uids_;
  absl::flat_hash_map<std::string, std::vector<std::string>> subscriptions_;
};

}  // namespace sluice
