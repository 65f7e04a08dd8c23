// P12 pause stops delivery within pause_slack_bytes, resume loses nothing. A paused connection
// reports nothing, not even FIN or RST.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "harness.h"

namespace sluice {
namespace {

const std::vector<int32_t> kPausedOnce{-ECANCELED};

TEST_P(Conformance, P12PauseStopsDelivery) {
  const std::string text = pattern(200'000, 50);
  Link& link = connect();
  recv(link);
  write_all(link.client.get(), "before");
  turn_until([&] { return link.received == "before"; }, "the first bytes");
  pause(link);
  const size_t sent = write_what_fits(link.client.get(), text);
  fence();
  EXPECT_LE(link.received.size(), 6 + poller().caps().pause_slack_bytes);
  EXPECT_EQ(link.recv_ends, kPausedOnce);
  const size_t news = link.news;
  fence();
  EXPECT_EQ(link.news, news) << "after its end a paused Recv is silent";
  recv(link);
  turn_until([&] { return link.received.size() >= 6 + sent; }, "the rest");
  EXPECT_TRUE(same_bytes(link.received, "before" + text.substr(0, sent)));
}

TEST_P(Conformance, P12PauseHoldsWhatIsReadyAlready) {
  const std::string text = pattern(150'000, 51);
  Link& link = connect();
  const size_t sent = write_what_fits(link.client.get(), text);
  fence();
  recv(link);
  out_size = 1;
  turn_until([&] { return link.recvs == 1; }, "the first block");
  const size_t before = link.received.size();
  pause(link);
  fence();
  EXPECT_LE(link.received.size(), before + poller().caps().pause_slack_bytes);
  recv(link);
  turn_until([&] { return link.received.size() >= sent; }, "the rest, without a new event");
  EXPECT_TRUE(same_bytes(link.received, text.substr(0, sent)));
}

TEST_P(Conformance, P12PauseAndResumeInOneTurnLoseNothing) {
  Link& link = connect();
  recv(link);
  write_all(link.client.get(), "all of it");
  fence();
  pause(link);
  recv(link);
  pause(link);
  recv(link);
  turn_until([&] { return link.received == "all of it"; }, "the bytes");
  write_all(link.client.get(), ", and more");
  turn_until([&] { return link.received == "all of it, and more"; }, "later bytes");
  turn_until([&] { return link.recv_ends.size() == 2; }, "the ends of both pauses");
  EXPECT_EQ(link.recv_ends, (std::vector<int32_t>{-ECANCELED, -ECANCELED}));
}

TEST_P(Conformance, P12AnyRhythmOfPausesLosesNothing) {
  constexpr uint32_t kSeed = 52;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  const std::string text = pattern(600'000, kSeed);
  std::mt19937 random(kSeed);
  Link& link = connect();
  recv(link);
  std::string_view rest = text;
  bool fin = false;
  for (int step = 0; step < 2'000; ++step) {
    out_size = 1 + random() % 4;
    const size_t choice = random() % 4;
    if (choice == 0) {
      rest.remove_prefix(write_what_fits(link.client.get(), rest.substr(0, random() % 3'000)));
    } else if (choice == 1) {
      pause(link);
    } else if (choice == 2 && !link.recv_open) {
      recv(link);
    } else {
      turn(Instant::min());
    }
  }
  while (!rest.empty() || !fin) {
    rest.remove_prefix(write_what_fits(link.client.get(), rest));
    fin = rest.empty();
    if (fin) ::shutdown(link.client.get(), SHUT_WR);
    if (!link.recv_open) recv(link);
    turn(Instant::min());
  }
  turn_until([&] { return !link.recv_open && link.recv_ends.back() == 0; }, "end of stream");
  EXPECT_TRUE(same_bytes(link.received, text));
}

TEST_P(Conformance, P12APausedConnectionReportsNeitherFinNorReset) {
  const std::vector<Link*> links = connect_many(4);
  Link& fin = *links[0];
  Link& reset = *links[1];
  Link& fin_unasked = *links[2];
  Link& reset_unasked = *links[3];
  for (Link* link : {&fin, &reset}) {
    recv(*link);
    settle();
    pause(*link);
    turn_until([&] { return !link->recv_ends.empty(); }, "the end of the pause");
    settle();
    ASSERT_EQ(link->recv_ends, kPausedOnce);
  }
  fin.client.reset();
  fin_unasked.client.reset();
  close_with_reset(reset.client);
  close_with_reset(reset_unasked.client);
  fence();
  EXPECT_EQ(fin.news, 1U);
  EXPECT_EQ(reset.news, 1U);
  EXPECT_EQ(fin_unasked.news, 0U);
  EXPECT_EQ(reset_unasked.news, 0U);
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "nobody asked, so nobody is woken";
  for (Link* link : links) recv(*link);
  turn_until(
      [&] {
        return std::none_of(links.begin(), links.end(),
                            [](const Link* link) { return link->recv_open; });
      },
      "the ends, now that somebody asks");
  EXPECT_EQ(fin.recv_ends, (std::vector<int32_t>{-ECANCELED, 0}));
  EXPECT_EQ(reset.recv_ends, (std::vector<int32_t>{-ECANCELED, -ECONNRESET}));
  EXPECT_EQ(fin_unasked.recv_ends, std::vector<int32_t>{0});
  EXPECT_EQ(reset_unasked.recv_ends, std::vector<int32_t>{-ECONNRESET});
}

// epoll tells of a reset whether one asks or not: a poller that asked only for room to send must
// not hear of it in every wait.
TEST_P(Conformance, P12AResetThatNobodyHearsOfDoesNotSpin) {
  const std::string much = pattern(kStuckBytes, 54);
  Link& stuck = connect();
  write_all(stuck.client.get(), "nobody asked");
  send(stuck, much);
  Link& half_closed = connect();
  write_all(half_closed.client.get(), "nor here");
  shutdown_send(half_closed);
  fence();
  ASSERT_TRUE(stuck.send_open);
  close_with_reset(stuck.client);
  close_with_reset(half_closed.client);
  turn_until([&] { return !stuck.send_open; }, "the end of the send");
  fence();
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax);
  EXPECT_EQ(stuck.news, 1U);
  EXPECT_EQ(half_closed.news, 0U);
  for (Link* link : {&stuck, &half_closed}) recv(*link);
  turn_until([&] { return !stuck.recv_open && !half_closed.recv_open; }, "both ends");
}

TEST_P(Conformance, P12PauseWithoutARecvDoesNothing) {
  Link& link = connect();
  pause(link);
  settle();
  EXPECT_EQ(link.news, 0U);
  recv(link);
  pause(link);
  pause(link);
  turn_until([&] { return !link.recv_ends.empty(); }, "the end of the pause");
  settle();
  EXPECT_EQ(link.recv_ends, kPausedOnce);
  recv(link);
  ::shutdown(link.client.get(), SHUT_WR);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  const size_t news = link.news;
  pause(link);
  settle();
  EXPECT_EQ(link.news, news);
}

TEST_P(Conformance, P12APausedConnectionStillSends) {
  const std::string answer = pattern(kStuckBytes, 53);
  Link& link = connect();
  recv(link);
  settle();
  pause(link);
  write_all(link.client.get(), "unheard");
  send(link, answer);
  EXPECT_TRUE(same_bytes(client_reads(link, answer.size()), answer));
  turn_until([&] { return !link.send_open; }, "the end of the send");
  EXPECT_LE(link.received.size(), poller().caps().pause_slack_bytes);
}

TEST_P(Conformance, P12AFailedSendFindsOutWhatAPausedRecvDoesNotTell) {
  Link& link = connect();
  recv(link);
  settle();
  pause(link);
  settle();
  close_with_reset(link.client);
  fence();
  EXPECT_EQ(link.recv_ends, kPausedOnce);
  turn_until(
      [&] {
        if (!link.send_ends.empty() && link.send_ends.back() < 0) return true;
        if (!link.send_open) send(link, "anybody there?");
        return false;
      },
      "a send that fails");
  EXPECT_EQ(link.recv_ends, kPausedOnce);
}

}  // namespace
}  // namespace sluice
