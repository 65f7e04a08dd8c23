// Sockets as the pollers need them: listeners with the options that their connections inherit, and
// the address questions.
//
// Only pollers (and test peers) call this; above the poller nobody sees a descriptor.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sys/address.h"
#include "sys/unique_fd.h"
#include "time/instant.h"

namespace sluice {

// Connections accepted from the listener inherit all of it (Linux copies these options on accept).
struct ListenOptions {
  int backlog = 4096;         // connections the kernel queues; net.core.somaxconn caps it
  bool reuse_port = false;    // SO_REUSEPORT: several listeners share the address
  bool no_delay = true;       // TCP_NODELAY
  Duration keepalive_idle{};  // silence before the first keepalive probe; 0 = off
  Duration user_timeout{};    // unacknowledged data older than this ends the connection; 0 = the
                              // kernel's choice
};

// A non-blocking, close-on-exec TCP listener. The error names the address and what to do.
absl::StatusOr<UniqueFd> listen_tcp(const Address& at, const ListenOptions& options);
// A blocking TCP connection to `to`, from `from` unless that is empty: for clients, tests and
// self-tests.
absl::StatusOr<UniqueFd> connect_tcp(const Address& to, const Address& from = {});

Address local_address(int fd);
Address peer_address(int fd);

}  // namespace sluice
