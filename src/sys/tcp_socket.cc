#include "sys/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "sys/errno_status.h"

namespace sluice {
namespace {

// IP_BIND_ADDRESS_NO_PORT: a chosen source address must not use up an ephemeral port for all
// destinations.
constexpr int kBindAddressNoPort = 24;
// Three unanswered probes, 10 s apart, end a connection: a dead peer is found 30 s after the first
// probe.
constexpr int kKeepaliveProbes = 3;
constexpr int kKeepaliveIntervalS = 10;

absl::Status set_option(int fd, int level, int name, int value, absl::string_view text) {
  if (setsockopt(fd, level, name, &value, sizeof value) == 0) return absl::OkStatus();
  return errno_status(errno, absl::StrCat("setsockopt ", text));
}

absl::Status set_options(int fd, const Address& at, const ListenOptions& options) {
  SLUICE_RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
  if (at.family() == AF_INET6) {
    SLUICE_RETURN_IF_ERROR(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
  }
  if (options.reuse_port) {
    SLUICE_RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
  }
  if (options.no_delay) {
    SLUICE_RETURN_IF_ERROR(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  }
  if (options.keepalive_idle > Duration::zero()) {
    const auto idle_s = std::max<int64_t>(1, options.keepalive_idle / std::chrono::seconds(1));
    SLUICE_RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"));
    SLUICE_RETURN_IF_ERROR(
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle_s), "TCP_KEEPIDLE"));
    SLUICE_RETURN_IF_ERROR(
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalS, "TCP_KEEPINTVL"));
    SLUICE_RETURN_IF_ERROR(
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes, "TCP_KEEPCNT"));
  }
  if (options.user_timeout > Duration::zero()) {
    const auto ms = options.user_timeout / std::chrono::milliseconds(1);
    SLUICE_RETURN_IF_ERROR(
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms), "TCP_USER_TIMEOUT"));
  }
  return absl::OkStatus();
}

// The sockets API wants a sockaddr*, which every sockaddr_storage may be read as.
const sockaddr* as_sockaddr(const sockaddr_storage* storage) {
  return reinterpret_cast<const sockaddr*>(storage);
}

}  // namespace

absl::StatusOr<UniqueFd> listen_tcp(const Address& at, const ListenOptions& options) {
  UniqueFd fd(socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_status(errno, "socket");
  SLUICE_RETURN_IF_ERROR(set_options(fd.get(), at, options));
  sockaddr_storage storage;
  const socklen_t size = at.to_sockaddr(&storage);
  if (bind(fd.get(), as_sockaddr(&storage), size) != 0 || listen(fd.get(), options.backlog) != 0) {
    const int error = errno;
    const char* fix = "";
    if (error == EADDRINUSE) fix = "another program listens there: stop it or choose another port";
    if (error == EACCES) fix = "ports below 1024 need CAP_NET_BIND_SERVICE";
    if (error == EADDRNOTAVAIL) fix = "no interface of this machine has that address";
    return errno_status(error, absl::StrCat("cannot listen on ", at.to_string()), fix);
  }
  return fd;
}

absl::StatusOr<UniqueFd> connect_tcp(const Address& to, const Address& from) {
  UniqueFd fd(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_status(errno, "socket");
  sockaddr_storage storage;
  if (!from.empty()) {
    SLUICE_RETURN_IF_ERROR(
        set_option(fd.get(), IPPROTO_IP, kBindAddressNoPort, 1, "IP_BIND_ADDRESS_NO_PORT"));
    const socklen_t size = from.to_sockaddr(&storage);
    if (bind(fd.get(), as_sockaddr(&storage), size) != 0) return errno_status(errno, "bind");
  }
  const socklen_t size = to.to_sockaddr(&storage);
  if (connect(fd.get(), as_sockaddr(&storage), size) != 0) {
    const int error = errno;
    return errno_status(error, absl::StrCat("cannot connect to ", to.to_string()));
  }
  return fd;
}

Address local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from_sockaddr(storage);
}

Address peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from_sockaddr(storage);
}

}  // namespace sluice
