#include "gateway/members.h"

#include <algorithm>

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void Members::join(Token connection, std::string_view channel_id) {
  std::vector<std::string>& groups = joined_[connection];
  if (std::find(groups.begin(), groups.end(), channel_id) != groups.end()) return;
  groups.emplace_back(channel_id);
  groups_[groups.back()].push_back(connection);
}

void Members::leave(Token connection, std::string_view channel_id) {
  const auto it = joined_.find(connection);
  if (it == joined_.end() || std::erase(it->second, channel_id) == 0) return;
  if (it->second.empty()) joined_.erase(it);
  remove(connection, std::string(channel_id));
}

void Members::leave_all(Token connection) {
  const auto it = joined_.find(connection);
  if (it == joined_.end()) return;
  for (const std::string& channel_id : it->second) remove(connection, channel_id);
  joined_.erase(it);
}

void Members::remove(Token connection, const std::string& channel_id) {
  const auto it = groups_.find(channel_id);
  std::erase(it->second, connection);
  if (it->second.empty()) groups_.erase(it);
}

std::span<const Token> Members::of(std::string_view channel_id) const {
  const auto it = groups_.find(absl_view(channel_id));
  if (it == groups_.end()) return {};
  return it->second;
}

}  // namespace sluice
