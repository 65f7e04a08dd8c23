#include "sys/tcp_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Address kAny = *Address::parse("127.0.0.1:0");

UniqueFd listen_or_die(const Address& at, const ListenOptions& options = {}) {
  absl::StatusOr<UniqueFd> fd = listen_tcp(at, options);
  EXPECT_TRUE(fd.ok()) << fd.status();
  return fd.ok() ? *std::move(fd) : UniqueFd();
}

// The two ends of a connection to a listener with these options.
struct Pair {
  UniqueFd client;
  UniqueFd server;
};
Pair connect_to(const UniqueFd& listener) {
  absl::StatusOr<UniqueFd> client = connect_tcp(local_address(listener.get()));
  EXPECT_TRUE(client.ok()) << client.status();
  // The listener does not block, and connect() came back: the newcomer is in its queue.
  return {*std::move(client), UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))};
}

int option(const UniqueFd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

TEST(TcpSocket, ListensOnAPortOfTheKernelsChoice) {
  const UniqueFd listener = listen_or_die(kAny);
  const Address at = local_address(listener.get());
  EXPECT_NE(at.port(), 0);
  EXPECT_EQ(at.with_port(0), kAny);
  EXPECT_NE(fcntl(listener.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(listener.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(TcpSocket, KnowsBothEndsOfAConnection) {
  const UniqueFd listener = listen_or_die(kAny);
  const Pair pair = connect_to(listener);
  EXPECT_EQ(peer_address(pair.client.get()), local_address(listener.get()));
  EXPECT_EQ(peer_address(pair.server.get()), local_address(pair.client.get()));
  EXPECT_EQ(local_address(pair.server.get()), local_address(listener.get()));
  EXPECT_EQ(fcntl(pair.client.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(pair.client.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(TcpSocket, KnowsNoAddressOfWhatIsNoSocket) {
  EXPECT_TRUE(local_address(-1).empty());
  EXPECT_TRUE(peer_address(-1).empty());
  const UniqueFd listener = listen_or_die(kAny);
  EXPECT_TRUE(peer_address(listener.get()).empty());
}

TEST(TcpSocket, NewcomersInheritTheListenersOptions) {
  ListenOptions options;
  options.keepalive_idle = 90s;
  options.user_timeout = 12s;
  const Pair pair = connect_to(listen_or_die(kAny, options));
  EXPECT_NE(option(pair.server, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(option(pair.server, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_KEEPIDLE), 90);
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_USER_TIMEOUT), 12'000);
}

TEST(TcpSocket, LeavesTheKernelsChoiceWhereNothingIsAsked) {
  ListenOptions options;
  options.no_delay = false;
  const Pair pair = connect_to(listen_or_die(kAny, options));
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option(pair.server, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
}

TEST(TcpSocket, TakesAKeepaliveUnderASecondForASecond) {
  ListenOptions options;
  options.keepalive_idle = 10ms;
  const Pair pair = connect_to(listen_or_die(kAny, options));
  EXPECT_EQ(option(pair.server, IPPROTO_TCP, TCP_KEEPIDLE), 1);
}

TEST(TcpSocket, SharesAPortOnlyWhereAllAskForIt) {
  ListenOptions sharing;
  sharing.reuse_port = true;
  const UniqueFd first = listen_or_die(kAny, sharing);
  const Address at = local_address(first.get());
  const UniqueFd second = listen_or_die(at, sharing);
  EXPECT_EQ(local_address(second.get()), at);
  const absl::Status refused = listen_tcp(at, {}).status();
  EXPECT_EQ(refused.message(),
            "cannot listen on " + at.to_string() +
                ": Address already in use; another program listens there: stop it or choose "
                "another port");
}

TEST(TcpSocket, SaysThatAnAddressIsNotOfThisMachine) {
  // TEST-NET-1 of RFC 5737 belongs to nobody.
  const absl::StatusOr<UniqueFd> fd = listen_tcp(*Address::parse("192.0.2.1:0"), {});
  if (fd.ok()) GTEST_SKIP() << "net.ipv4.ip_nonlocal_bind is on";
  EXPECT_THAT(std::string(fd.status().message()),
              HasSubstr("cannot listen on 192.0.2.1:0: Cannot assign requested address; no "
                        "interface of this machine has that address"));
}

TEST(TcpSocket, SaysWhereItCannotConnect) {
  Address nobody;
  {
    const UniqueFd listener = listen_or_die(kAny);
    nobody = local_address(listener.get());
  }
  const absl::Status status = connect_tcp(nobody).status();
  EXPECT_EQ(status.message(), "cannot connect to " + nobody.to_string() + ": Connection refused");
}

TEST(TcpSocket, ConnectsFromTheAddressThatIsAskedFor) {
  const UniqueFd listener = listen_or_die(kAny);
  const Address from = *Address::parse("127.0.0.9:0");
  const absl::StatusOr<UniqueFd> client = connect_tcp(local_address(listener.get()), from);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(local_address(client->get()).with_port(0), from);
}

TEST(TcpSocket, KeepsIpv6ToItself) {
  const absl::StatusOr<UniqueFd> listener = listen_tcp(*Address::parse("[::1]:0"), {});
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  const Pair pair = connect_to(*listener);
  EXPECT_EQ(local_address(pair.client.get()).family(), AF_INET6);
  // Both families on one port: the IPv6 listener takes no IPv4 newcomers.
  const UniqueFd wide = listen_or_die(*Address::parse("[::]:0"));
  const uint16_t port = local_address(wide.get()).port();
  listen_or_die(Address::parse("127.0.0.1:0")->with_port(port));
}

}  // namespace
}  // namespace sluice
