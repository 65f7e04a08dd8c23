#include "sys/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

absl::Status bad(std::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", absl_view(text), "\" is not an address: ",
                                                 why, "; write 127.0.0.1:5100 or [::1]:5100"));
}

}  // namespace

absl::StatusOr<Address> Address::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad(text, "the port is missing");
  std::string host(text.substr(0, colon));
  const std::string_view port_text = text.substr(colon + 1);
  Address address;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), address.port_);
  if (error != std::errc() || end != port_text.data() + port_text.size()) {
    return bad(text, "the port is not a number from 0 to 65535");
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), address.ip_.data()) != 1) {
      return bad(text, "what stands in brackets is not an IPv6 address");
    }
    address.family_ = 6;
    return address;
  }
  if (inet_pton(AF_INET, host.c_str(), address.ip_.data()) != 1) {
    return bad(text, host.find(':') == std::string::npos ? "the host is not an IPv4 address"
                                                         : "an IPv6 address needs brackets");
  }
  address.family_ = 4;
  return address;
}

Address Address::from_sockaddr(const sockaddr_storage& storage) {
  Address address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    std::memcpy(address.ip_.data(), &v4.sin_addr, 4);
    address.port_ = ntohs(v4.sin_port);
    address.family_ = 4;
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &storage, sizeof v6);
    address.port_ = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      std::memcpy(address.ip_.data(), v6.sin6_addr.s6_addr + 12, 4);
      address.family_ = 4;
    } else {
      std::memcpy(address.ip_.data(), v6.sin6_addr.s6_addr, 16);
      address.family_ = 6;
    }
  }
  return address;
}

socklen_t Address::to_sockaddr(sockaddr_storage* storage) const {
  *storage = sockaddr_storage{};
  if (family_ == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port_);
    std::memcpy(&v4.sin_addr, ip_.data(), 4);
    std::memcpy(storage, &v4, sizeof v4);
    return sizeof v4;
  }
  if (family_ == 6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port_);
    std::memcpy(v6.sin6_addr.s6_addr, ip_.data(), 16);
    std::memcpy(storage, &v6, sizeof v6);
    return sizeof v6;
  }
  return 0;
}

std::string Address::ip_string() const {
  if (empty()) return "-";
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family(), ip_.data(), text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  if (empty()) return "-";
  if (family_ == 6) return absl::StrCat("[", ip_string(), "]:", port_);
  return absl::StrCat(ip_string(), ":", port_);
}

bool Address::is_loopback() const {
  if (family_ == 4) return ip_[0] == 127;
  if (family_ != 6) return false;
  for (size_t i = 0; i < 15; ++i) {
    if (ip_[i] != 0) return false;
  }
  return ip_[15] == 1;
}

int Address::family() const { return family_ == 4 ? AF_INET : family_ == 6 ? AF_INET6 : AF_UNSPEC; }

Address Address::with_port(uint16_t port) const {
  Address copy = *this;
  copy.port_ = port;
  return copy;
}

}  // namespace sluice
