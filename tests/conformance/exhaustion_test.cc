// P13 exhaustion (no blocks, full queues, no descriptors) delays and recovers, never loses, never
// spins.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "harness.h"
#include "support/poller_few_descriptors.h"

namespace sluice {
namespace {

using test::FewDescriptors;

TEST_P(Conformance, P13FiftySendersShareWhatBlocksThereAre) {
  const std::vector<Link*> links = connect_many(50);
  std::vector<std::string> texts;
  for (size_t i = 0; i < links.size(); ++i) {
    texts.push_back(pattern(20'000, static_cast<uint32_t>(100 + i)));
    ASSERT_EQ(write_what_fits(links[i]->client.get(), texts[i]), texts[i].size());
  }
  for (Link* link : links) recv(*link);
  turn_until(
      [&] {
        return std::all_of(links.begin(), links.end(),
                           [](const Link* link) { return link->received.size() >= 20'000; });
      },
      "everybody's bytes");
  for (size_t i = 0; i < links.size(); ++i) {
    EXPECT_TRUE(same_bytes(links[i]->received, texts[i])) << i;
    EXPECT_TRUE(links[i]->recv_open) << "a lack of blocks ended a Recv";
  }
}

// Nobody turns while they send: of a completion queue of eight, what all of them say fills many.
TEST_P(Conformance, P13TwoHundredWhoAllSendAtOnceOverflowNoQueue) {
  const std::vector<Link*> links = connect_many(200);
  std::vector<std::string> texts(links.size());
  for (Link* link : links) recv(*link);
  settle();
  for (uint32_t round = 0; round < 5; ++round) {
    for (size_t i = 0; i < links.size(); ++i) {
      const std::string more = pattern(300, static_cast<uint32_t>(1'000 * round + i));
      ASSERT_TRUE(write_all(links[i]->client.get(), more));
      texts[i] += more;
      // Each answer asks for room in both queues as well.
      if (i % 2 == round % 2) send(*links[i], "answer");
    }
    turn_until(
        [&] {
          for (size_t i = 0; i < links.size(); ++i) {
            if (links[i]->send_open || links[i]->received.size() < texts[i].size()) return false;
          }
          return true;
        },
        "everybody's bytes and the ends of the sends");
  }
  for (size_t i = 0; i < links.size(); ++i) {
    EXPECT_TRUE(same_bytes(links[i]->received, texts[i])) << i;
    EXPECT_TRUE(links[i]->recv_open) << "a full queue ended a Recv";
  }
  for (Link* link : links) link->client.reset();
  turn_until(
      [&] {
        return std::none_of(links.begin(), links.end(),
                            [](const Link* link) { return link->recv_open; });
      },
      "the end of every stream");
}

TEST_P(Conformance, P13WithoutBlocksItWaitsAndGoesOnWhenOneComesBack) {
  const std::string text = pattern(5'000, 60);
  Link& keeper = connect();
  Link& waiter = connect();
  Link& leaver = connect();
  keeper.keep_blocks = true;
  recv(keeper);
  const size_t blocks = poller().caps().blocks;
  turn_until(
      [&] {
        if (keeper.kept.size() == blocks) return true;
        write_what_fits(keeper.client.get(), std::string(2'000'000, 'k'));
        return false;
      },
      "a caller that keeps every block");
  write_all(waiter.client.get(), text);
  write_all(leaver.client.get(), text);
  leaver.client.reset();
  recv(waiter);
  recv(leaver);
  settle();
  EXPECT_EQ(waiter.recvs + leaver.recvs, 0U) << "there was a block after all";
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "without blocks it must not spin";
  pause(keeper);
  give_back_kept(keeper);
  turn_until([&] { return waiter.received.size() >= text.size() && !leaver.recv_open; },
             "the bytes that had to wait, without a new event");
  EXPECT_TRUE(same_bytes(waiter.received, text));
  EXPECT_TRUE(same_bytes(leaver.received, text));
  EXPECT_EQ(leaver.recv_ends, std::vector<int32_t>{0});
}

TEST_P(Conformance, P13WhoWaitsForABlockMayPauseOrClose) {
  Link& keeper = connect();
  Link& pauser = connect();
  Link& closer = connect();
  keeper.keep_blocks = true;
  recv(keeper);
  const size_t blocks = poller().caps().blocks;
  turn_until(
      [&] {
        if (keeper.kept.size() == blocks) return true;
        write_what_fits(keeper.client.get(), std::string(2'000'000, 'k'));
        return false;
      },
      "a caller that keeps every block");
  write_all(pauser.client.get(), "patience");
  write_all(closer.client.get(), "none");
  recv(pauser);
  recv(closer);
  settle();
  pause(pauser);
  close(closer);
  pause(keeper);
  give_back_kept(keeper);
  fence();
  EXPECT_TRUE(closer.closed);
  EXPECT_EQ(pauser.recv_ends, std::vector<int32_t>{-ECANCELED});
  EXPECT_LE(pauser.received.size(), poller().caps().pause_slack_bytes);
  recv(pauser);
  turn_until([&] { return pauser.received == "patience"; }, "the bytes");
}

TEST_P(Conformance, P13ManyResultsGoThroughANarrowOut) {
  const std::vector<Link*> links = connect_many(100);
  out_size = 1;
  for (Link* link : links) {
    recv(*link);
    send(*link, "result");
    pause(*link);
    recv(*link);
  }
  for (Link* link : links) close(*link);
  turn_until(
      [&] {
        return std::all_of(links.begin(), links.end(),
                           [](const Link* link) { return link->closed; });
      },
      "every Close");
  for (const Link* link : links) {
    EXPECT_EQ(link->recv_ends, (std::vector<int32_t>{-ECANCELED, -ECANCELED}));
    EXPECT_EQ(link->send_ends.size(), 1U);
  }
}

TEST_P(Conformance, P13WithoutDescriptorsAcceptEndsAndGoesOnWhenAskedAgain) {
  fence();  // Its connection is made while there are descriptors.
  Link& old_link = connect();
  recv(old_link);
  settle();
  std::vector<UniqueFd> clients;
  {
    // The clients' own descriptors first; the kernel completes their handshakes without us.
    constexpr size_t kClients = 6;
    constexpr size_t kRoom = 2;  // newcomers that still fit
    for (size_t i = 0; i < kClients; ++i) {
      clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    const FewDescriptors few(kRoom);
    sockaddr_storage to;
    const socklen_t size = address().to_sockaddr(&to);
    for (const UniqueFd& client : clients) {
      ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), size), 0);
    }
    turn_until([&] { return !accept_ends.empty(); }, "the end of accept()");
    EXPECT_EQ(accept_ends, std::vector<int32_t>{-EMFILE});
    settle();
    EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "it must not spin";
    // Asking again changes nothing as long as there is no descriptor.
    accept();
    turn_until([&] { return accept_ends.size() == 2; }, "the end of the second accept()");
    EXPECT_EQ(accept_ends, (std::vector<int32_t>{-EMFILE, -EMFILE}));
    // Those who are in are served meanwhile.
    write_all(old_link.client.get(), "still served");
    turn_until([&] { return old_link.received == "still served"; }, "an old connection's bytes");
  }
  accept();
  for (UniqueFd& client : clients) {
    Link& link = link_of_client(std::move(client));
    recv(link);
    write_all(link.client.get(), "in at last");
    turn_until([&] { return link.received == "in at last"; }, "a newcomer's bytes");
  }
  EXPECT_EQ(accept_ends.size(), 2U);
}

TEST_P(Conformance, P13ManyStuckSendsAllGoOnceTheyAreRead) {
  const std::string text = pattern(kStuckBytes, 61);
  const std::vector<Link*> links = connect_many(8);
  for (Link* link : links) send(*link, text);
  settle();
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "a stuck send must not spin";
  for (Link* link : links) {
    ASSERT_TRUE(link->send_open);
    EXPECT_TRUE(same_bytes(client_reads(*link, text.size()), text));
  }
  turn_until(
      [&] {
        return std::none_of(links.begin(), links.end(),
                            [](const Link* link) { return link->send_open; });
      },
      "the end of every send");
}

}  // namespace
}  // namespace sluice
