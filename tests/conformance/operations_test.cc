// P1 a verb never blocks and calls nobody · P2 exactly one final completion per operation · P3
// nothing after Close's completion. The harness checks P2 and P3 in every other test as well.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "harness.h"

namespace sluice {
namespace {

// A stand-in for "nobody has written here".
constexpr int32_t kUntouched = 4711;

TEST_P(Conformance, P01VerbsNeitherBlockNorTellTheirResults) {
  const std::string much = pattern(kStuckBytes, 1);
  Link& link = connect();
  Link& other = connect();
  write_all(link.client.get(), "there is news");
  fence();
  std::vector<Completion> out(16);
  EXPECT_EQ(poller().wait(Instant::min(), out), 0U);
  for (Completion& news : out) news.result = kUntouched;
  recv(link);
  send(link, much);  // Nobody reads: a blocking send would never come back.
  send(other, "goes at once");
  shutdown_send(link);
  pause(link);
  recv(link);
  close(other);
  close(link);
  const bool untouched = std::all_of(
      out.begin(), out.end(), [](const Completion& news) { return news.result == kUntouched; });
  EXPECT_TRUE(untouched) << "a verb wrote into the span of the last wait()";
}

TEST_P(Conformance, P02ASendThatGoesAtOnceEndsOnce) {
  Link& link = connect();
  send(link, "hello");
  turn_until([&] { return !link.send_open; }, "the end of a send");
  fence();
  EXPECT_EQ(link.send_ends, std::vector<int32_t>{5});
  EXPECT_EQ(client_reads(link, 5), "hello");
}

TEST_P(Conformance, P02CloseEndsWhatIsOpenFirst) {
  const std::string much = pattern(kStuckBytes, 2);
  Link& link = connect();
  recv(link);
  send(link, much);
  settle();
  ASSERT_TRUE(link.send_open) << "a send of this size was to get stuck";
  close(link);
  turn_until([&] { return link.closed; }, "Close");
  EXPECT_EQ(link.recv_ends, std::vector<int32_t>{-ECANCELED});
  EXPECT_EQ(link.send_ends, std::vector<int32_t>{-ECANCELED});
}

TEST_P(Conformance, P02CloseWithoutOpenOperationsEndsOnlyItself) {
  Link& link = connect();
  close(link);
  turn_until([&] { return link.closed; }, "Close");
  EXPECT_EQ(link.news, 1U);
}

TEST_P(Conformance, P02ResultsStandInTheOrderOfTheVerbs) {
  out_size = 1;
  Link& link = connect();
  recv(link);
  pause(link);
  recv(link);
  send(link, "last words");
  close(link);
  turn_until([&] { return link.closed; }, "Close");
  EXPECT_EQ(link.recv_ends, (std::vector<int32_t>{-ECANCELED, -ECANCELED}));
  EXPECT_EQ(link.send_ends.size(), 1U);
}

// What one peer did in the random walk.
struct Walker {
  Link* link = nullptr;
  std::string sent_by_client;
  std::string sent_by_poller;
  std::string read_by_client;
  bool reset = false;
  bool shut = false;  // the client's sending side
  bool fin = false;   // the poller's sending side
};

TEST_P(Conformance, P02ARandomWalkEndsEveryOperationOnce) {
  constexpr uint32_t kSeed = 20'261'122;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  const std::string text = pattern(100'000, kSeed);
  std::mt19937 random(kSeed);
  const auto below = [&random](size_t limit) { return random() % limit; };
  std::vector<Walker> walkers(12);
  for (Walker& walker : walkers) walker.link = &connect();
  const auto client_reads_now = [](Walker& walker) {
    char part[50'000];
    const ssize_t n = ::recv(walker.link->client.get(), part, sizeof part, MSG_DONTWAIT);
    if (n > 0) walker.read_by_client.append(part, static_cast<size_t>(n));
  };
  for (int step = 0; step < 4'000; ++step) {
    Walker& walker = walkers[below(walkers.size())];
    Link& link = *walker.link;
    const std::string_view piece(text.data(), 1 + below(text.size() - 1));
    out_size = 1 + below(8);
    const size_t choice = below(100);
    if (choice < 25) {
      turn(Instant::min());
    } else if (choice < 45 && !walker.reset && !walker.shut) {
      const size_t size = write_what_fits(link.client.get(), piece);
      walker.sent_by_client += piece.substr(0, size);
    } else if (choice < 55 && !walker.reset) {
      client_reads_now(walker);
    } else if (choice < 70 && !link.recv_open) {
      recv(link);
    } else if (choice < 80 && !link.send_open && !walker.fin) {
      walker.sent_by_poller += piece;
      send(link, piece);
    } else if (choice < 90) {
      pause(link);
    } else if (choice < 92 && !walker.shut && !walker.reset) {
      ::shutdown(link.client.get(), SHUT_WR);
      walker.shut = true;
    } else if (choice < 94) {
      walker.fin = true;
      shutdown_send(link);
    } else if (choice < 96 && !walker.reset) {
      walker.reset = true;
      close_with_reset(link.client);
    } else if (choice < 98) {
      close(link);
      turn_until([&] { return link.closed; }, "Close");
      // Each end has a beginning of what the other one sent.
      const std::string_view up(walker.sent_by_client);
      const std::string_view down(walker.sent_by_poller);
      EXPECT_TRUE(same_bytes(link.received, up.substr(0, link.received.size())));
      EXPECT_TRUE(same_bytes(walker.read_by_client, down.substr(0, walker.read_by_client.size())));
      walker = Walker{};
      walker.link = &connect();
    }
  }
}

TEST_P(Conformance, P03NothingFollowsClose) {
  Link& reader = connect();
  Link& closer = connect();
  recv(reader);
  recv(closer);
  write_all(closer.client.get(), "unread");
  fence();
  close(closer);
  turn_until([&] { return closer.closed; }, "Close");
  const size_t news = closer.news;
  write_all(closer.client.get(), "too late");
  ::shutdown(closer.client.get(), SHUT_RDWR);
  write_all(reader.client.get(), "still here");
  turn_until([&] { return reader.received == "still here"; }, "the other connection's bytes");
  fence();
  EXPECT_EQ(closer.news, news);
}

TEST_P(Conformance, P03ClosingInTheMiddleOfABatchSilencesTheRest) {
  // Both have news; only one of them fits into `out`, then both are closed.
  Link& first = connect();
  Link& second = connect();
  write_all(first.client.get(), "one");
  write_all(second.client.get(), "two");
  fence();
  recv(first);
  recv(second);
  out_size = 1;
  turn_until([&] { return first.recvs + second.recvs == 1; }, "one of the two");
  close(first);
  close(second);
  turn_until([&] { return first.closed && second.closed; }, "both Closes");
  const size_t news = first.news + second.news;
  fence();
  EXPECT_EQ(first.news + second.news, news);
}

TEST_P(Conformance, P03ClosingAListenerEndsItsAcceptAndNothingFollows) {
  close_listener();
  turn_until([&] { return listener_closed; }, "Close of the listener");
  EXPECT_EQ(accept_ends, std::vector<int32_t>{-ECANCELED});
  EXPECT_FALSE(connect_tcp(address()).ok()) << "nobody listens there any more";
  settle();
}

}  // namespace
}  // namespace sluice
