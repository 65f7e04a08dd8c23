// The subscribed connections of one reactor, by group: what a group message is fanned out over.
//
// Joining twice is joining once. Leaving a group is O(members here); a connection that ends leaves
// all its groups. One thread, its reactor's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/token.h"

namespace sluice {

class Members {
 public:
  void join(Token connection, std::string_view channel_id);
  void leave(Token connection, std::string_view channel_id);
  // The connection has ended.
  void leave_all(Token connection);
  // In the order of joining.
  std::span<const Token> of(std::string_view channel_id) const;
  size_t groups() const { return groups_.size(); }

 private:
  void remove(Token connection, const std::string& channel_id);

  absl::flat_hash_map<std::string, std::vector<Token>> groups_;
  absl::flat_hash_map<Token, std::vector<std::string>> joined_;  // only connections with groups
};

}  // namespace sluice
