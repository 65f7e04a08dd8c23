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
#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
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
  // Nodes, so that a connection can point to its groups instead of remembering their names.
  using Groups = absl::node_hash_map<std::string, std::vector<Token>>;
  using Group = Groups::value_type;
  void remove(Token connection, Group& group);

  Groups groups_;
  absl::flat_hash_map<Token, absl::flat_hash_set<Group*>> joined_;  // connections with groups
};

}  // namespace sluice
