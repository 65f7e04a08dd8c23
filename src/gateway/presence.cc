#include "gateway/presence.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/hash/hash.h"
#include "base/check.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

bool drives_out(const Identity& newcomer, const Identity& older) {
  if (newcomer.device_flag != older.device_flag) return false;
  if (newcomer.device_level() == DeviceLevel::Master) return true;
  return newcomer.device_id() == older.device_id();
}

}  // namespace

Identity* Identity::make(Token connection, std::string_view uid, std::string_view device_id,
                         DeviceFlag flag) {
  SLUICE_CHECK(uid.size() <= 255 && device_id.size() <= 255, "the codec bounds both");
  void* storage = ::operator new(sizeof(Identity) + uid.size() + device_id.size());
  auto* identity = ::new (storage) Identity(connection, flag);
  char* text = reinterpret_cast<char*>(identity + 1);
  std::memcpy(text, uid.data(), uid.size());
  if (!device_id.empty()) std::memcpy(text + uid.size(), device_id.data(), device_id.size());
  identity->uid_size_ = static_cast<uint8_t>(uid.size());
  identity->device_size_ = static_cast<uint8_t>(device_id.size());
  return identity;
}

void Identity::end(Identity* identity) {
  identity->~Identity();
  ::operator delete(identity);
}

Presence::~Presence() {
  for (Identity* identity : uids_) {
    while (identity != nullptr) Identity::end(std::exchange(identity, identity->next_));
  }
}

size_t Presence::UidHash::operator()(std::string_view uid) const {
  return absl::Hash<absl::string_view>()(absl_view(uid));
}

Identity* Presence::find(std::string_view uid) const {
  const auto it = uids_.find(uid);
  return it == uids_.end() ? nullptr : *it;
}

bool Presence::enter(Identity* identity, std::vector<DrivenOut>* driven_out) {
  Identity* const newest = find(identity->uid());
  for (const Identity* older = newest; older != nullptr; older = older->next_) {
    if (drives_out(*identity, *older)) {
      driven_out->push_back({older->connection, identity->device_level() == DeviceLevel::Master});
    }
  }
  // First in, then the others out: the uid does not go offline in between.
  if (newest != nullptr) uids_.erase(newest);
  identity->next_ = newest;
  identity->listed_ = true;
  uids_.insert(identity);
  set_alone(*identity, newest == nullptr);
  if (newest != nullptr) set_alone(*newest, false);
  for (Identity* older = newest; older != nullptr;) {
    Identity* const after = older->next_;
    if (drives_out(*identity, *older)) unlist(older);
    older = after;
  }
  return newest == nullptr;
}

bool Presence::leave(Identity* identity, std::vector<std::string>* subscriptions) {
  bool offline = false;
  if (identity->listed_) {
    unlist(identity);
    offline = !online(identity->uid());
    if (offline) {
      const auto it = subscriptions_.find(absl_view(identity->uid()));
      if (it != subscriptions_.end()) {
        *subscriptions = std::move(it->second);
        subscriptions_.erase(it);
      }
    }
  }
  Identity::end(identity);
  return offline;
}

void Presence::unlist(Identity* identity) {
  Identity* newest = find(identity->uid());
  if (newest == identity) {
    newest = identity->next_;
    uids_.erase(identity);
    if (newest != nullptr) uids_.insert(newest);
  } else {
    Identity* before = newest;
    while (before->next_ != identity) before = before->next_;
    before->next_ = identity->next_;
  }
  if (newest != nullptr && newest->next_ == nullptr) set_alone(*newest, true);
  set_alone(*identity,
            false);  // driven out, it has not heard of it yet, and those who are in count
  identity->next_ = nullptr;
  identity->listed_ = false;
}

bool Presence::subscribe(std::string_view uid, std::string_view channel_id) {
  if (!online(uid)) return false;
  std::vector<std::string>& groups = subscriptions_[std::string(uid)];
  if (std::find(groups.begin(), groups.end(), channel_id) != groups.end()) return true;
  if (groups.size() >= kSubscriptionsMax) return false;
  groups.emplace_back(channel_id);
  return true;
}

void Presence::unsubscribe(std::string_view uid, std::string_view channel_id) {
  const auto it = subscriptions_.find(absl_view(uid));
  if (it == subscriptions_.end()) return;
  std::erase(it->second, channel_id);
  if (it->second.empty()) subscriptions_.erase(it);
}

bool Presence::is_subscribed(std::string_view uid, std::string_view channel_id) const {
  const std::vector<std::string>* groups = subscriptions(uid);
  return groups != nullptr &&
         std::find(groups->begin(), groups->end(), channel_id) != groups->end();
}

const std::vector<std::string>* Presence::subscriptions(std::string_view uid) const {
  const auto it = subscriptions_.find(absl_view(uid));
  return it == subscriptions_.end() ? nullptr : &it->second;
}

}  // namespace sluice
