// The token file: who may connect with which token.
//
//   # uid  token  [device flag: app|web|pc|system|0..255|any]  [level: master|slave]
//   alice  s3cret
//   bob    hunter2  app  master
//
// One entry a line, words separated by blanks; a # at the start of a word starts a comment. Without
// a device flag the entry serves every device; the level is slave unless given. Tokens are compared
// in a time that depends on their lengths only. Immutable once parsed: any thread may look.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "session/authenticator.h"

namespace sluice {

class TokenTable {
 public:
  // `name` stands in front of the line number in errors, as in "tokens.txt:7: ...". The first
  // broken line makes the whole text an error.
  static absl::StatusOr<std::shared_ptr<const TokenTable>> parse(std::string_view text,
                                                                 std::string_view name);

  AuthAnswer check(const AuthRequest& request) const;
  size_t size() const { return entries_; }

 private:
  struct Entry {
    std::string token;
    int device_flag = -1;  // -1: any
    DeviceLevel level = DeviceLevel::Slave;
  };
  absl::Status add_line(std::string_view line);

  absl::flat_hash_map<std::string, std::vector<Entry>> by_uid_;
  size_t entries_ = 0;
};

// Whether two secrets are equal, without telling by its time where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// --auth=token-file. Each reactor has its own, so that a new table needs no lock: replace() runs on
// the reactor.
class TokenAuthenticator final : public Authenticator {
 public:
  explicit TokenAuthenticator(std::shared_ptr<const TokenTable> table) : table_(std::move(table)) {}
  void replace(std::shared_ptr<const TokenTable> table) { table_ = std::move(table); }
  std::optional<AuthAnswer> authenticate(const AuthRequest& request, Token, AuthAnswers&) override {
    return table_->check(request);
  }

 private:
  std::shared_ptr<const TokenTable> table_;
};

}  // namespace sluice
