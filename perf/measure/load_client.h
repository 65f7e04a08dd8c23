// What the loads have in common: opening connections to a server on the loopback, and the four
// steps in which the script that measures leads them.
//
// Not part of the gateway and not a client library: a load that meets an error says so and exits.
// Each load includes it once and is one thread.
//
//   load: connects all ─→ "ready" ─────────→ messages ─→ result ───────────→ closes all, exits
//   script:                        a line ─┘                   end of input ─┘
//
// The connections stay open until the end of standard input, so that whoever counts what the
// messages cost does not count what closing costs.
#pragma once

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "sys/tcp_socket.h"

namespace sluice {

// A server that says nothing for so long will not say it later either.
inline constexpr int kSilenceMaxS = 10;

inline void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

inline Address server_at(const char* port) {
  const auto server = Address::parse(std::string("127.0.0.1:") + port);
  must(server.ok(), "port");
  return *server;
}

inline UniqueFd open_connection(const Address& server) {
  auto fd = connect_tcp(server);
  must(fd.ok(), "connect");
  const timeval patience{kSilenceMaxS, 0};
  must(setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0, "timeout");
  // Closing resets: in TIME_WAIT the ports of run after run would pile up for a minute.
  const linger at_once{1, 0};
  must(setsockopt(fd->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "linger");
  return std::move(*fd);
}

// Says CONNECT as `uid` in wkproto, version 5, and waits for the CONNACK.
inline void authenticate(int fd, std::string_view uid) {
  ConnectPacket connect;
  connect.version = kProtocolVersionMax;
  connect.uid = uid;
  connect.device_id = "load";
  std::array<std::byte, 512> out{};
  const size_t size = encode(connect, Framing::Wkproto, kProtocolVersionMax, out);
  must(send(fd, out.data(), size, MSG_NOSIGNAL) == static_cast<ssize_t>(size), "send CONNECT");
  std::array<std::byte, 512> in{};
  size_t got = 0;
  FrameResult answer;
  while (answer.status == FrameStatus::NeedMore) {
    const ssize_t n = recv(fd, in.data() + got, in.size() - got, 0);
    must(n > 0, "receive CONNACK");
    got += static_cast<size_t>(n);
    answer = decode_frame(Framing::Wkproto, Bytes(in).first(got), kFrameBodyBytesMax);
  }
  ConnackPacket connack;
  if (answer.status != FrameStatus::Ok || answer.frame.type != PacketType::Connack ||
      !decode(answer.frame, kProtocolVersionMax, connack).ok() ||
      connack.reason != Reason::Success) {
    std::fputs("the server refuses CONNECT\n", stderr);
    std::exit(1);
  }
}

inline void say_ready_and_wait() {
  std::puts("ready");
  std::fflush(stdout);
  must(std::getchar() != EOF, "start signal");
}

inline void wait_for_end_of_input() {
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

}  // namespace sluice
