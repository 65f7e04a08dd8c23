// A closed loop of single bytes, depth 1: N connections each send one byte (a wkproto PING) and
// wait for one byte before they send the next.
//
//   ping_load PORT CONNECTIONS MESSAGES [connect]
//
// With "connect" each connection authenticates first, as a gateway wants it; without, the peer is a
// bare echo. Prints the messages done. It measures nothing itself: the script around it does, see
// load_client.h. Loopback only.
#include <sys/epoll.h>
#include <unistd.h>

#include <vector>

#include "load_client.h"

namespace {

using namespace sluice;

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
  raise_descriptor_limit();
  const Address server = server_at(argv[1]);
  const int connections = std::atoi(argv[2]);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<UniqueFd> fds;
  for (int i = 0; i < connections; ++i) {
    fds.push_back(open_connection(server));
    if (argc > 4) authenticate(fds.back().get(), "user" + std::to_string(i));
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.fd = fds.back().get();
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, fds.back().get(), &interest) == 0, "epoll_ctl");
  }
  say_ready_and_wait();
  const char ping = 0x70;
  for (const UniqueFd& fd : fds) must(write(fd.get(), &ping, 1) == 1, "write");
  std::printf("%ld\n", drive(epoll, std::atol(argv[3])));
  wait_for_end_of_input();
  return 0;
}
