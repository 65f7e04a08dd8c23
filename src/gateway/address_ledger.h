// Connections per IP address over all reactors, for --max-connections-per-ip.
//
// Asked once when a connection comes and once when it goes, never per message; not at all without
// the limit. A lock is good enough for that.
#pragma once

#include <cstdint>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "sys/address.h"

namespace sluice {

class AddressLedger {
 public:
  // 0: no limit, and nothing is remembered.
  explicit AddressLedger(uint64_t limit) : limit_(limit) {}

  // False when the address has its limit already; otherwise counted until leave(). Any thread.
  bool try_enter(const Address& peer) {
    if (limit_ == 0) return true;
    const std::lock_guard lock(mutex_);
    uint64_t& count = counts_[peer.with_port(0)];
    if (count >= limit_) return false;
    ++count;
    return true;
  }
  void leave(const Address& peer) {
    if (limit_ == 0) return;
    const std::lock_guard lock(mutex_);
    const auto it = counts_.find(peer.with_port(0));
    if (it != counts_.end() && --it->second == 0) counts_.erase(it);
  }

 private:
  const uint64_t limit_;
  std::mutex mutex_;
  absl::flat_hash_map<Address, uint64_t> counts_;
};

}  // namespace sluice
