// P9 bytes arrive in order, whatever the splits · P10 a send is whole or fails, never interleaved.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <thread>

#include "harness.h"

namespace sluice {
namespace {

// Each write of the client leaves at once, as a segment of its own.
void send_without_delay(const Link& link) {
  const int on = 1;
  setsockopt(link.client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

TEST_P(Conformance, P09OneByteAtATimeArrivesInOrder) {
  const std::string text = pattern(2'000, 9);
  Link& link = connect();
  send_without_delay(link);
  recv(link);
  alongside([&] {
    for (const char& byte : text) write_all(link.client.get(), {&byte, 1});
  });
  turn_until([&] { return link.received.size() >= text.size(); }, "all bytes");
  EXPECT_TRUE(same_bytes(link.received, text));
}

TEST_P(Conformance, P09OneByteATurnArrivesInOrder) {
  const std::string text = pattern(200, 10);
  Link& link = connect();
  send_without_delay(link);
  recv(link);
  for (const char& byte : text) {
    const size_t before = link.received.size();
    write_all(link.client.get(), {&byte, 1});
    turn_until([&] { return link.received.size() > before; }, "one byte");
  }
  EXPECT_TRUE(same_bytes(link.received, text));
}

TEST_P(Conformance, P09RandomSplitsArriveInOrder) {
  const size_t block = poller().caps().block_bytes;
  for (const uint32_t seed : {11U, 12U, 13U}) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const std::string text = pattern(500'000, seed);
    Link& link = connect();
    send_without_delay(link);
    recv(link);
    alongside([&] {
      std::mt19937 random(seed);
      for (std::string_view rest = text; !rest.empty();) {
        const size_t size = std::min<size_t>(rest.size(), 1 + random() % (2 * block));
        write_all(link.client.get(), rest.substr(0, size));
        rest.remove_prefix(size);
      }
    });
    turn_until([&] { return link.received.size() >= text.size(); }, "all bytes");
    EXPECT_TRUE(same_bytes(link.received, text));
  }
}

TEST_P(Conformance, P09BothDirectionsAtOnceKeepTheirOrder) {
  const std::string up = pattern(4'000'000, 14);
  const std::string down = pattern(4'000'000, 15);
  Link& link = connect();
  recv(link);
  send(link, down);
  // Both sides write more than the kernel holds: the client must read while it writes.
  std::string got;
  alongside([&] {
    std::thread reader([&] { got = read_some(link.client.get(), down.size()); });
    write_all(link.client.get(), up);
    reader.join();
  });
  turn_until([&] { return link.received.size() >= up.size(); }, "all bytes");
  EXPECT_TRUE(same_bytes(link.received, up));
  EXPECT_TRUE(same_bytes(got, down));
}

// TCP's urgent mark cuts a read short although more bytes wait behind it. A poller that takes a
// short read for an empty socket left those lying until the peer sent again.
TEST_P(Conformance, P09BytesBehindAnUrgentOneAreNotLeftLying) {
  // Linux 6.18: tcp_recvmsg stops at the mark with EAGAIN as long as a signal is pending, and on
  // the submission thread of io_uring one always is. src/poller/README.md warns of it.
  if (GetParam() == "uring:sqpoll=on") GTEST_SKIP() << "the kernel's thread stops at the mark";
  Link& link = connect();
  const int client = link.client.get();
  write_all(client, "before");
  ASSERT_EQ(::send(client, "!", 1, MSG_OOB), 1);
  write_all(client, "behind");
  fence();
  recv(link);
  turn_until([&] { return link.received.size() >= 12; }, "the bytes on both sides of the mark");
  settle();
  // Whether the urgent byte itself is part of the stream, the contract leaves open.
  EXPECT_TRUE(link.received == "beforebehind" || link.received == "before!behind") << link.received;
  write_all(client, "later");
  turn_until([&] { return link.received.size() >= 17; }, "later bytes");
}

TEST_P(Conformance, P10PartsGoInOrderThroughATinySendBuffer) {
  constexpr uint32_t kSeed = 16;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  newcomer_sndbuf = 1;  // the kernel makes the least that it allows of it
  Link& link = connect();
  const uint32_t parts_max = std::min(poller().caps().send_parts_max, 1'024U);
  const std::string text = pattern(size_t{parts_max} * 20'000, kSeed);
  std::mt19937 random(kSeed);
  std::vector<Bytes> parts;
  size_t size = 0;
  for (uint32_t i = 0; i < parts_max; ++i) {
    // Some are empty: the first, the last, and others.
    const size_t length = i == 0 || i + 1 == parts_max || i % 7 == 3 ? 0 : random() % 20'000;
    parts.push_back(bytes_of(text).subspan(size, length));
    size += length;
  }
  send(link, parts);
  // The array was copied; only the bytes have to stay.
  std::fill(parts.begin(), parts.end(), bytes_of("wrong"));
  EXPECT_TRUE(same_bytes(client_reads(link, size), std::string_view(text).substr(0, size)));
  turn_until([&] { return !link.send_open; }, "the end of the send");
  EXPECT_EQ(link.send_ends, std::vector<int32_t>{static_cast<int32_t>(size)});
}

// The least that the kernel allows on both sides, and a peer that stops reading now and then.
TEST_P(Conformance, P10ThroughTheTiniestBuffersToAPeerThatStopsAndGoesOn) {
  // Seen on 6.18: the process sleeps for seconds at a time, longer each time, as TCP's timer for a
  // closed window does; a lent page counts more than this receive buffer takes.
  if (GetParam().find("zc=") != std::string_view::npos) {
    GTEST_SKIP() << "with zero copy TCP crawls through the least receive buffer";
  }
  const std::string text = pattern(40'000, 19);
  newcomer_sndbuf = 1;
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int least = 1;
  setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  sockaddr_storage to;
  const socklen_t size = address().to_sockaddr(&to);
  alongside([&] { EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), size), 0); });
  Link& link = link_of_client(std::move(client));
  recv(link);
  std::string got;
  for (const size_t part : {size_t{1}, size_t{5'000}, size_t{15'000}}) {
    if (!link.send_open) send(link, text);
    // It stops until the poller has nothing more to do.
    settle();
    EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "it spins while the peer pauses";
    EXPECT_TRUE(link.send_open);
    // The other direction is open all the time.
    client_sends(link, "still here;");
    got += client_reads(link, part);
  }
  got += client_reads(link, text.size() - got.size());
  turn_until([&] { return !link.send_open && link.received.size() == 33; }, "both directions");
  EXPECT_TRUE(same_bytes(got, text));
  EXPECT_EQ(link.send_ends, std::vector<int32_t>{static_cast<int32_t>(text.size())});
}

TEST_P(Conformance, P10SendsFollowEachOtherWhole) {
  constexpr uint32_t kSeed = 17;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  const std::string text = pattern(4'000'000, kSeed);
  newcomer_sndbuf = 100'000;
  Link& link = connect();
  std::atomic<bool> ended{false};
  std::string got;
  std::thread reader([&] {
    got = read_some(link.client.get(), text.size());
    ended.store(true);
    poller().wake();
  });
  std::mt19937 random(kSeed);
  std::string_view rest = text;
  std::vector<int32_t> sizes;
  turn_until(
      [&] {
        if (!link.send_open && !rest.empty()) {
          const size_t size = std::min<size_t>(rest.size(), 1 + random() % 300'000);
          send(link, rest.substr(0, size));
          rest.remove_prefix(size);
          sizes.push_back(static_cast<int32_t>(size));
        }
        return ended.load() && !link.send_open;
      },
      "all sends");
  reader.join();
  EXPECT_TRUE(same_bytes(got, text));
  EXPECT_EQ(link.send_ends, sizes);
}

TEST_P(Conformance, P10AStuckSendFailsWhenThePeerResets) {
  const std::string much = pattern(kStuckBytes, 18);
  Link& link = connect();
  send(link, much);
  settle();
  ASSERT_TRUE(link.send_open);
  close_with_reset(link.client);
  turn_until([&] { return !link.send_open; }, "the failure");
  fence();
  ASSERT_EQ(link.send_ends.size(), 1U);
  EXPECT_LT(link.send_ends[0], 0);
}

TEST_P(Conformance, P10ASendToAPeerThatHasGoneFails) {
  Link& link = connect();
  close_with_reset(link.client);
  fence();
  turn_until(
      [&] {
        if (!link.send_ends.empty() && link.send_ends.back() < 0) return true;
        if (!link.send_open) send(link, "anybody there?");
        return false;
      },
      "a send that fails");
}

TEST_P(Conformance, P10ASendAfterShutdownSendFails) {
  Link& link = connect();
  shutdown_send(link);
  send(link, "too late");
  turn_until([&] { return !link.send_open; }, "the failure");
  EXPECT_LT(link.send_ends.at(0), 0);
}

}  // namespace
}  // namespace sluice
