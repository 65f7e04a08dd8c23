// The floor: a bare edge-triggered epoll echo, one thread, nothing but the system calls that a
// gateway on epoll cannot do without.
//
// Prints the port it listens on (127.0.0.1, chosen by the kernel), then echoes until it is killed.
// No error handling beyond what a benchmark needs; not part of the gateway.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kEvents = 256;
constexpr size_t kBufferBytes = 32768;

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

int open_listener() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  must(fd >= 0, "socket");
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0, "bind");
  must(listen(fd, 4096) == 0, "listen");
  socklen_t size = sizeof at;
  must(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0, "getsockname");
  std::printf("%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int epoll, int fd, unsigned events) {
  epoll_event interest{};
  interest.events = events;
  interest.data.fd = fd;
  must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) == 0, "epoll_ctl");
}

// Reads until a short read, like the gateway.
void echo(int fd) {
  static std::array<char, kBufferBytes> buffer;
  for (;;) {
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) close(fd);
      return;
    }
    const ssize_t sent = send(fd, buffer.data(), static_cast<size_t>(n), MSG_NOSIGNAL);
    if (sent != n || n < static_cast<ssize_t>(buffer.size())) return;
  }
}

}  // namespace

int main() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int listener = open_listener();
  watch(epoll, listener, EPOLLIN);
  std::array<epoll_event, kEvents> events;
  for (;;) {
    const int n = epoll_wait(epoll, events.data(), kEvents, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd != listener) {
        echo(fd);
        continue;
      }
      const int newcomer = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (newcomer >= 0) watch(epoll, newcomer, EPOLLIN | EPOLLRDHUP | EPOLLET);
    }
  }
}
