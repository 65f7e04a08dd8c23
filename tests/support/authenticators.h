// Authenticators for tests: one that answers when the test says so (later, twice, or never), and
// one that reads the device's level from the token.
//
// Each shard has its own object; late ones share a list of questions, which the test holds. One
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/authenticator.h"

namespace sluice::test {

struct Question {
  std::string uid;
  std::string token;
  Token connection;
  AuthAnswers* answers;

  void answer(Reason reason, DeviceLevel level = DeviceLevel::Slave) const {
    answers->answer(connection, {reason, level});
  }
};

class LateAuthenticator final : public Authenticator {
 public:
  using Questions = std::vector<Question>;
  explicit LateAuthenticator(Questions& questions) : questions_(questions) {}

  std::optional<AuthAnswer> authenticate(const AuthRequest& request, Token connection,
                                         AuthAnswers& later) override {
    questions_.push_back(
        {std::string(request.uid), std::string(request.token), connection, &later});
    return std::nullopt;
  }

 private:
  Questions& questions_;
};

// Lets everybody in whose token is "master" or "slave", at that level; refuses the rest.
class LevelAuthenticator final : public Authenticator {
 public:
  std::optional<AuthAnswer> authenticate(const AuthRequest& request, Token, AuthAnswers&) override {
    if (request.token == "master") return AuthAnswer{Reason::Success, DeviceLevel::Master};
    if (request.token == "slave") return AuthAnswer{Reason::Success, DeviceLevel::Slave};
    return AuthAnswer{Reason::AuthFail, DeviceLevel::Slave};
  }
};

}  // namespace sluice::test
