// An IP address and a port, IPv4 or IPv6, as a small value: 20 bytes, comparable, hashable.
//
// It resolves no names and keeps no IPv6 scope. An IPv4 peer of an IPv6 listener (::ffff:a.b.c.d)
// is the IPv4 address.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

class Address {
 public:
  Address() = default;

  // "127.0.0.1:5100" or "[::1]:5100"; port 0 lets the kernel choose. The error says what is wrong
  // and how to write it.
  static absl::StatusOr<Address> parse(std::string_view text);
  // An address that is neither IPv4 nor IPv6 gives the empty Address.
  static Address from_sockaddr(const sockaddr_storage& storage);

  // Fills `storage` and returns its length, 0 for the empty Address.
  socklen_t to_sockaddr(sockaddr_storage* storage) const;
  std::string to_string() const;
  // The address without its port.
  std::string ip_string() const;

  bool empty() const { return family_ == 0; }
  bool is_loopback() const;
  int family() const;
  uint16_t port() const { return port_; }
  Address with_port(uint16_t port) const;

  friend auto operator<=>(const Address&, const Address&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Address& a) {
    return H::combine(std::move(hash), a.ip_, a.port_, a.family_);
  }

 private:
  std::array<uint8_t, 16> ip_{};  // network order; an IPv4 address uses the first four
  uint16_t port_ = 0;             // host order
  uint8_t family_ = 0;            // 0 none, 4, 6
};

}  // namespace sluice
