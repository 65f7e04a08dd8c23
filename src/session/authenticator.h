// Who may connect: asked once for every CONNECT, answers at once or later.
//
// While an answer is out, the connection is parked: its further frames wait, its authentication
// deadline runs on. An answer for a connection that has gone meanwhile is dropped by the receiver.
// authenticate() is called on the connection's reactor and must not block; an implementation that
// asks somebody else does so on threads of its own.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/token.h"
#include "codec/packets.h"

namespace sluice {

struct AuthAnswer {
  Reason reason = Reason::AuthFail;  // Success lets it in; anything else goes into the CONNACK
  DeviceLevel level = DeviceLevel::Slave;
};

// Views, valid during the call only.
struct AuthRequest {
  std::string_view uid;
  std::string_view token;
  std::string_view device_id;
  DeviceFlag device_flag = DeviceFlag::App;
};

// Takes answers that come later, from any thread but a reactor's: it may have to wait.
class AuthAnswers {
 public:
  virtual ~AuthAnswers() = default;
  virtual void answer(Token connection, const AuthAnswer& answer) = 0;
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // The answer, or nullopt: it will come through `later`, exactly once, naming `connection`.
  virtual std::optional<AuthAnswer> authenticate(const AuthRequest& request, Token connection,
                                                 AuthAnswers& later) = 0;
};

// --auth=none: everybody is who they say, every device is a slave.
class OpenAuthenticator final : public Authenticator {
 public:
  std::optional<AuthAnswer> authenticate(const AuthRequest&, Token, AuthAnswers&) override {
    return AuthAnswer{Reason::Success, DeviceLevel::Slave};
  }
};

}  // namespace sluice
