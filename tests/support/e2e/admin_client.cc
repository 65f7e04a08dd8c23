#include "support/e2e/admin_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "support/e2e/patience.h"
#include "sys/tcp_socket.h"

namespace sluice {

AdminAnswer ask_admin(const Address& admin, std::string_view path) {
  const absl::StatusOr<UniqueFd> fd = connect_tcp(admin);
  EXPECT_TRUE(fd.ok()) << fd.status();
  if (!fd.ok()) return {};
  const std::string request =
      "GET " + std::string(path) + " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string text;
  std::array<char, 16384> block;
  const auto end = patience_end();
  for (;;) {
    pollfd ready{fd->get(), POLLIN, 0};
    if (poll(&ready, 1, poll_ms_until(end)) <= 0) {
      ADD_FAILURE() << "no answer to " << path;
      return {};
    }
    const ssize_t n = ::recv(fd->get(), block.data(), block.size(), 0);
    if (n <= 0) break;
    text.append(block.data(), static_cast<size_t>(n));
  }
  const size_t body = text.find("\r\n\r\n");
  const bool sound = text.starts_with("HTTP/1.1 ") && body != text.npos;
  EXPECT_TRUE(sound) << text;
  return sound ? AdminAnswer{std::atoi(&text[9]), text.substr(body + 4)} : AdminAnswer();
}

uint64_t metric(const Address& admin, std::string_view sample) {
  const std::string text = "\n" + ask_admin(admin, "/metrics").body;
  const std::string wanted = "\n" + std::string(sample) + " ";
  const size_t at = text.find(wanted);
  EXPECT_NE(at, text.npos) << "no sample " << sample;
  return at == text.npos ? 0 : std::strtoull(&text[at + wanted.size()], nullptr, 10);
}

}  // namespace sluice
