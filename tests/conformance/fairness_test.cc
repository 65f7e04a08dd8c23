// P8 no starvation: a firehose does not delay the others, and more ready events than `out` holds
// are not lost · P11 an fd or slot used again never receives its predecessor's events.
#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "harness.h"

namespace sluice {
namespace {

// Blocks that a firehose may deliver before everybody else has had a turn. io_uring's multishot
// reads once and 32 times more before it lets others in (MULTISHOT_MAX_RETRY in net.c); three
// times that is generous.
constexpr size_t kRoundMax = 99;

// Fills the connection in the direction of the poller as far as the kernel lets it.
void open_the_hose(Link& link) {
  static const std::string water(1'000'000, 'w');
  while (write_what_fits(link.client.get(), water) > 0) {
  }
}

size_t most_recvs(const std::vector<Link*>& links) {
  size_t most = 0;
  for (const Link* link : links) most = std::max(most, link->recvs);
  return most;
}

TEST_P(Conformance, P08AFirehoseDoesNotDelayTheOthers) {
  for (const size_t size : {size_t{1}, size_t{64}}) {
    SCOPED_TRACE(testing::Message() << "out holds " << size);
    out_size = size;
    const std::vector<Link*> hoses = connect_many(4);
    const std::vector<Link*> quiet = connect_many(20);
    for (Link* hose : hoses) open_the_hose(*hose);
    for (Link* link : quiet) write_all(link->client.get(), "q");
    // The hoses come first, whatever a poller makes of the order.
    for (Link* hose : hoses) recv(*hose);
    for (Link* link : quiet) recv(*link);
    turn_until(
        [&] {
          for (Link* hose : hoses) open_the_hose(*hose);
          return std::all_of(quiet.begin(), quiet.end(),
                             [](const Link* link) { return link->recvs == 1; });
        },
        "a byte of every quiet connection");
    EXPECT_LE(most_recvs(hoses), kRoundMax) << "the quiet ones had to wait";
    for (Link* hose : hoses) close(*hose);
  }
}

TEST_P(Conformance, P08AFirehoseDoesNotDelayNewcomers) {
  const std::vector<Link*> hoses = connect_many(4);
  for (Link* hose : hoses) open_the_hose(*hose);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_client());
  for (Link* hose : hoses) recv(*hose);
  out_size = 1;
  for (UniqueFd& client : clients) link_of_client(std::move(client));
  EXPECT_LE(most_recvs(hoses), kRoundMax);
}

TEST_P(Conformance, P08MoreReadyThanOutHoldsIsNotLost) {
  for (const size_t size : {size_t{1}, size_t{3}, size_t{1'000}}) {
    SCOPED_TRACE(testing::Message() << "out holds " << size);
    const std::vector<Link*> links = connect_many(80);
    for (size_t i = 0; i < links.size(); ++i) {
      recv(*links[i]);
      write_all(links[i]->client.get(), std::to_string(i));
      if (i % 2 == 0) ::shutdown(links[i]->client.get(), SHUT_WR);
    }
    out_size = size;
    turn_until(
        [&] {
          for (size_t i = 0; i < links.size(); ++i) {
            if (links[i]->received.empty() || (i % 2 == 0 && links[i]->recv_open)) return false;
          }
          return true;
        },
        "everybody's bytes, and the ends");
    for (size_t i = 0; i < links.size(); ++i) EXPECT_EQ(links[i]->received, std::to_string(i));
    out_size = 64;
  }
}

TEST_P(Conformance, P08MoreNewcomersThanOutHoldsAreNotLost) {
  out_size = 1;
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 150; ++i) {
    absl::StatusOr<UniqueFd> client = connect_tcp(address());  // the kernel's queue takes them
    ASSERT_TRUE(client.ok()) << client.status();
    clients.push_back(*std::move(client));
  }
  for (UniqueFd& client : clients) {
    const Address peer = local_address(client.get());
    const Link& link = link_of_client(std::move(client));
    EXPECT_EQ(poller().peer(link.handle), peer);
    EXPECT_EQ(poller().local(link.handle), address());
  }
}

// A verb that finishes at once has a result without asking the kernel. If every wait() was content
// with such results, nobody else would ever be heard.
TEST_P(Conformance, P08ResultsOfVerbsDoNotKeepTheKernelWaiting) {
  constexpr int kTurnsMax = 100'000;
  Link& busy = connect();
  Link& other = connect();
  recv(other);
  for (size_t round = 1; round <= 10; ++round) {
    write_all(other.client.get(), "x");
    int turns = 0;
    for (; turns < kTurnsMax && other.received.size() < round; ++turns) {
      if (!busy.send_open) send(busy, "s");
      turn(kNever);
    }
    ASSERT_LT(turns, kTurnsMax) << "the other connection was never heard";
  }
}

TEST_P(Conformance, P08ResultsOfVerbsAreNotDelayedByTheKernel) {
  constexpr size_t kLinks = 50;
  const std::vector<Link*> links = connect_many(kLinks);
  settle();
  out_size = 1;
  for (Link* link : links) send(*link, "s");
  turn_until(
      [&] {
        return std::all_of(links.begin(), links.end(),
                           [](const Link* link) { return !link->send_open; });
      },
      "all results, one a wait");
}

TEST_P(Conformance, P11ASlotUsedAgainHearsNothingOfItsPredecessor) {
  for (int round = 0; round < 20; ++round) {
    out_size = 1;
    const std::vector<Link*> old_links = connect_many(8);
    for (Link* link : old_links) {
      recv(*link);
      write_all(link->client.get(), "old");
    }
    // One is told; the others' news waits inside the poller and the kernel.
    turn_until([&] { return most_recvs(old_links) == 1; }, "the first of them");
    for (Link* link : old_links) close(*link);
    // Descriptors and slots are free again and go to these.
    std::vector<Link*> new_links = connect_many(8);
    out_size = 64;
    for (size_t i = 0; i < new_links.size(); ++i) {
      recv(*new_links[i]);
      // The old clients still talk, and go.
      write_what_fits(old_links[i]->client.get(), "ghost");
      old_links[i]->client.reset();
      write_all(new_links[i]->client.get(), "new " + std::to_string(i));
    }
    for (size_t i = 0; i < new_links.size(); ++i) {
      const std::string own = "new " + std::to_string(i);
      turn_until([&] { return new_links[i]->received.size() >= own.size(); }, "its own bytes");
      EXPECT_EQ(new_links[i]->received, own);
      EXPECT_TRUE(new_links[i]->recv_open) << "it was told of its predecessor's end";
    }
    for (Link* link : new_links) close(*link);
  }
}

TEST_P(Conformance, P11AStuckSendOfAPredecessorNeverGoesToItsSuccessor) {
  const std::string much = pattern(kStuckBytes, 40);
  Link& old_link = connect();
  send(old_link, much);
  settle();
  ASSERT_TRUE(old_link.send_open);
  close(old_link);
  Link& new_link = connect();
  // Room for the old one's bytes would be an event for the descriptor's old owner.
  read_some(old_link.client.get(), 100'000);
  send(new_link, "only this");
  shutdown_send(new_link);
  EXPECT_EQ(client_reads_all(new_link), "only this");
}

TEST_P(Conformance, P11ChurnNeverCrossesConnections) {
  constexpr uint32_t kSeed = 41;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  struct Guest {
    Link* link;
    std::string own;
  };
  std::vector<Guest> guests;
  for (int i = 0; i < 400; ++i) {
    Link& link = connect();
    std::string own = "conn " + std::to_string(i);
    recv(link);
    write_all(link.client.get(), own);
    guests.push_back({&link, std::move(own)});
    if (guests.size() < 10) continue;
    const size_t leaver = random() % guests.size();
    Guest guest = guests[leaver];
    if (random() % 2 == 0) {
      turn_until([&] { return guest.link->received.size() >= guest.own.size(); }, "its bytes");
    }
    EXPECT_EQ(guest.link->received, guest.own.substr(0, guest.link->received.size()));
    if (random() % 2 == 0) close_with_reset(guest.link->client);
    close(*guest.link);
    guests.erase(guests.begin() + static_cast<ptrdiff_t>(leaver));
  }
  for (const Guest& guest : guests) {
    turn_until([&] { return guest.link->received.size() >= guest.own.size(); }, "its bytes");
    EXPECT_EQ(guest.link->received, guest.own);
  }
}

// Several at a time, in both directions, and whose end comes first differs: 2,000 connections pass
// through a few descriptors and slots, and each must hear its own name and nothing else.
TEST_P(Conformance, P11TwoThousandGuestsEachHearTheirOwnName) {
  constexpr uint32_t kSeed = 42;
  constexpr int kRounds = 250;
  constexpr size_t kGuests = 8;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Link*> links = connect_many(kGuests);
    std::vector<std::string> names;
    for (Link* link : links) {
      names.push_back("guest " + std::to_string(link->who.slot()) + ";");
      recv(*link);
      ASSERT_TRUE(write_all(link->client.get(), names.back()));
    }
    for (size_t i = 0; i < kGuests; ++i) {
      turn_until([&] { return links[i]->received.size() >= names[i].size(); }, "its name");
      ASSERT_EQ(links[i]->received, names[i]);
      send(*links[i], names[i]);
    }
    for (size_t i = 0; i < kGuests; ++i) {
      turn_until([&] { return !links[i]->send_open; }, "the end of the answer");
      ASSERT_EQ(read_some(links[i]->client.get(), names[i].size()), names[i]);
    }
    // Nobody waits for the end of it: the next ones come at once.
    for (Link* link : links) {
      switch (random() % 4) {
        case 0:
          close_with_reset(link->client);
          break;
        case 1:
          link->client.reset();
          turn(Instant::min());
          break;
        case 2:
          write_what_fits(link->client.get(), "unheard");
          break;
        default:
          break;
      }
      close(*link);
      link->client.reset();
    }
  }
}

TEST_P(Conformance, P11AStaleHandleNamesNothing) {
  Link& old_link = connect();
  const Handle stale = old_link.handle;
  EXPECT_EQ(poller().peer(stale), local_address(old_link.client.get()));
  close(old_link);
  Link& new_link = connect();
  EXPECT_NE(new_link.handle, stale);
  EXPECT_TRUE(poller().peer(stale).empty());
  EXPECT_TRUE(poller().local(stale).empty());
}

}  // namespace
}  // namespace sluice
