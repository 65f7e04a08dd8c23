#include "gateway/members.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void Members::join(Token connection, std::string_view channel_id) {
  Group& group = *groups_.try_emplace(std::string(channel_id)).first;
  if (joined_[connection].insert(&group).second) group.second.push_back(connection);
}

void Members::leave(Token connection, std::string_view channel_id) {
  const auto joined = joined_.find(connection);
  const auto group = groups_.find(absl_view(channel_id));
  if (joined == joined_.end() || group == groups_.end()) return;
  if (joined->second.erase(&*group) == 0) return;
  if (joined->second.empty()) joined_.erase(joined);
  remove(connection, *group);
}

void Members::leave_all(Token connection) {
  const auto joined = joined_.find(connection);
  if (joined == joined_.end()) return;
  for (Group* group : joined->second) remove(connection, *group);
  joined_.erase(joined);
}

void Members::remove(Token connection, Group& group) {
  std::erase(group.second, connection);
  if (group.second.empty()) groups_.erase(std::string(group.first));
}

std::span<const Token> Members::of(std::string_view channel_id) const {
  const auto it = groups_.find(absl_view(channel_id));
  if (it == groups_.end()) return {};
  return it->second;
}

}  // namespace sluice
