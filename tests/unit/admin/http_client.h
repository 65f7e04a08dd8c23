// A client that speaks HTTP by hand, so that the tests see what really goes over the wire.
//
// Blocking, no timeouts: what hangs here is a bug there, and the test runner says so.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "sys/tcp_socket.h"

namespace sluice {

struct HttpReply {
  int status = 0;
  std::string head;  // status line and headers
  std::string body;
};

inline UniqueFd dial(const Address& to) {
  auto fd = connect_tcp(to);
  EXPECT_TRUE(fd.ok()) << fd.status();
  return fd.ok() ? *std::move(fd) : UniqueFd();
}

inline void send_text(const UniqueFd& to, std::string_view text) {
  EXPECT_EQ(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// Everything until the server's FIN (or RST, which loses nothing already received).
inline std::string receive_all(const UniqueFd& from) {
  std::string text;
  char block[4096];
  for (;;) {
    const ssize_t count = ::recv(from.get(), block, sizeof block, 0);
    if (count <= 0) return text;
    text.append(block, static_cast<size_t>(count));
  }
}

inline HttpReply parse_reply(const std::string& text) {
  HttpReply reply;
  const size_t end = text.find("\r\n\r\n");
  EXPECT_NE(end, std::string::npos) << text;
  if (end == std::string::npos) return reply;
  reply.head = text.substr(0, end + 2);
  reply.body = text.substr(end + 4);
  EXPECT_EQ(reply.head.substr(0, 9), "HTTP/1.1 ");
  reply.status = std::atoi(reply.head.c_str() + 9);
  return reply;
}

// One request on a connection of its own. It asks to keep the connection, as scrapers do.
inline HttpReply ask(const Address& to, std::string_view method, std::string_view target,
                     std::string_view more_headers = {}, std::string_view body = {}) {
  const UniqueFd fd = dial(to);
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  text.append("Connection: keep-alive\r\n").append(more_headers).append("\r\n").append(body);
  send_text(fd, text);
  return parse_reply(receive_all(fd));
}

inline HttpReply get(const Address& to, std::string_view target) { return ask(to, "GET", target); }

}  // namespace sluice
