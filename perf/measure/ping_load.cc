// A closed loop of single bytes, depth 1: N connections each send one byte (a wkproto PING) and
// wait for one byte before they send the next.
//
//   ping_load PORT CONNECTIONS MESSAGES [connect]
// With "connect" each connection authenticates first, as a gateway wants it; without, the peer is a
// bare echo. Prints the messages done. It measures nothing itself: ping_against_echo.py reads the
// server's CPU time around it. Loopback only.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "codec/encode.h"
#include "sys/tcp_socket.h"

namespace {

using namespace sluice;

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

UniqueFd open_connection(const Address& server, int number, bool authenticate) {
  auto fd = connect_tcp(server);
  must(fd.ok(), "connect");
  if (!authenticate) return std::move(*fd);
  const std::string uid = "user" + std::to_string(number);
  ConnectPacket connect;
  connect.version = 5;
  connect.uid = uid;
  connect.device_id = "ping_load";
  std::array<std::byte, 256> out;
  const size_t size = encode(connect, Framing::Wkproto, 5, out);
  must(write(fd->get(), out.data(), size) == static_cast<ssize_t>(size), "write");
  // CONNACK, version 5, Success, no key and no salt: two bytes of header and 23 of body.
  std::array<char, 64> in;
  size_t got = 0;
  while (got < 24) {
    const ssize_t n = read(fd->get(), in.data() + got, in.size() - got);
    must(n > 0, "read CONNACK");
    got += static_cast<size_t>(n);
  }
  return std::move(*fd);
}

long drive(int epoll, long messages) {
  const char ping = 0x70;
  char pong = 0;
  std::array<epoll_event, 1024> events;
  for (long done = 0;;) {
    const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      must(read(fd, &pong, 1) == 1, "read");
      if (++done >= messages) return done;
      must(write(fd, &ping, 1) == 1, "write");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: ping_load PORT CONNECTIONS MESSAGES [connect]\n", stderr);
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto server = Address::parse(std::string("127.0.0.1:") + argv[1]);
  must(server.ok(), "port");
  const int connections = std::atoi(argv[2]);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<UniqueFd> fds;
  for (int i = 0; i < connections; ++i) {
    fds.push_back(open_connection(*server, i, argc > 4));
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.fd = fds.back().get();
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fds.back().get(), &interest) == 0, "epoll_ctl");
  }
  std::puts("ready");
  std::fflush(stdout);
  must(std::getchar() != EOF, "start signal");
  const char ping = 0x70;
  for (const UniqueFd& fd : fds) must(write(fd.get(), &ping, 1) == 1, "write");
  std::printf("%ld\n", drive(epoll, std::atol(argv[3])));
  return 0;
}
