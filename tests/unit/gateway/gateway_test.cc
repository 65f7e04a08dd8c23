// The whole gateway in this process, on real threads, the reference poller and real sockets.
#include "gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "poller/make_poller.h"
#include "support/tcp_peer.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Address loopback() { return *Address::parse("127.0.0.1:0"); }

Config small_config() {
  Config config;
  config.listen = {loopback()};
  config.reactors = 2;
  return config;
}

size_t open_descriptors() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

class GatewayTest : public ::testing::TestWithParam<AcceptMode> {
 protected:
  Config config() const {
    Config config = small_config();
    config.accept = GetParam();
    return config;
  }
  absl::StatusOr<std::unique_ptr<Gateway>> try_start(const Config& config,
                                                     uint64_t connections_max = 100) {
    return Gateway::start(
        config, connections_max, clock_, [this] { return make_epoll(); },
        [] { return std::make_unique<OpenAuthenticator>(); });
  }
  std::unique_ptr<Gateway> start(const Config& config, uint64_t connections_max = 100) {
    auto gateway = try_start(config, connections_max);
    SLUICE_CHECK(gateway.ok(), "the gateway starts");
    return *std::move(gateway);
  }
  absl::StatusOr<std::unique_ptr<Poller>> make_epoll() {
    if (++pollers_made_ == broken_poller_) return absl::UnavailableError("out of pollers");
    return make_poller(*PollerSpec::parse("epoll"), clock_);
  }

  SystemClock clock_;
  std::atomic<int> pollers_made_{0};
  int broken_poller_ = 0;  // which call of make_poller fails; 0 = none
};
INSTANTIATE_TEST_SUITE_P(Accept, GatewayTest,
                         ::testing::Values(AcceptMode::Main, AcceptMode::Reuseport),
                         [](const auto& tested) {
                           return tested.param == AcceptMode::Main ? "main" : "reuseport";
                         });

TEST_P(GatewayTest, StartsListensAndDrains) {
  const std::unique_ptr<Gateway> gateway = start(config());
  EXPECT_TRUE(gateway->ready());
  ASSERT_EQ(gateway->listening().size(), 1U);
  EXPECT_NE(gateway->listening()[0].port(), 0);
  EXPECT_EQ(gateway->shard_count(), 2U);
  const size_t lanes = GetParam() == AcceptMode::Main ? 3 : 2;
  EXPECT_EQ(gateway->reactors().size(), lanes);
  EXPECT_EQ(gateway->acceptors().size(), lanes);
  EXPECT_EQ(gateway->connections_max(), 100U);
  EXPECT_TRUE(gateway->drain());
  EXPECT_FALSE(gateway->ready());
}

TEST_P(GatewayTest, ListensOnSeveralAddresses) {
  Config config = this->config();
  config.listen = {loopback(), loopback(), *Address::parse("127.0.0.2:0")};
  const std::unique_ptr<Gateway> gateway = start(config);
  ASSERT_EQ(gateway->listening().size(), 3U);
  for (const Address& address : gateway->listening()) TcpPeer(address).login("alice");
  EXPECT_TRUE(gateway->drain());
}

TEST_P(GatewayTest, CarriesMessagesBetweenItsReactors) {
  const std::unique_ptr<Gateway> gateway = start(config());
  const Address at = gateway->listening()[0];
  TcpPeer alice(at);
  TcpPeer bob(at);
  TcpPeer carol(at);
  alice.login("alice");
  bob.login("bob");
  carol.login("carol");
  for (uint32_t i = 1; i <= 50; ++i) {
    alice.say(send_to("bob", "to bob", i));
    carol.say(send_to("bob", "to bob", i));
    const std::string seq = std::to_string(i);
    EXPECT_THAT(alice.heard(1), ElementsAre("SENDACK " + seq + " Success seq " + seq));
    EXPECT_THAT(carol.heard(1), ElementsAre("SENDACK " + seq + " Success seq " + seq));
    EXPECT_THAT(bob.heard(2),
                ::testing::UnorderedElementsAre("RECV alice in alice: to bob seq " + seq,
                                                "RECV carol in carol: to bob seq " + seq));
  }
  uint64_t sends = 0;
  for (size_t i = 0; i < gateway->shard_count(); ++i) sends += gateway->metrics(i).sends.value();
  EXPECT_EQ(sends, 100U);
}

TEST_P(GatewayTest, DrainsWithAFinThatClientsAnswer) {
  const std::unique_ptr<Gateway> gateway = start(config());
  std::vector<std::unique_ptr<TcpPeer>> peers;
  for (int i = 0; i < 10; ++i) {
    peers.push_back(std::make_unique<TcpPeer>(gateway->listening()[0]));
    peers.back()->login("u" + std::to_string(i));
  }
  std::thread clients([&] {
    for (const auto& peer : peers) {
      EXPECT_THAT(peer->heard_to_the_end(), ElementsAre("FIN"));
      peer->finish();
    }
  });
  EXPECT_TRUE(gateway->drain());
  clients.join();
  uint64_t drained = 0;
  for (size_t i = 0; i < gateway->shard_count(); ++i) {
    const ShardMetrics& metrics = gateway->metrics(i);
    drained += metrics.closed[static_cast<size_t>(CloseReason::Drain)].value();
    EXPECT_EQ(metrics.connections.value(), 0U);
    EXPECT_EQ(metrics.online.value(), metrics.offline.value());
  }
  EXPECT_EQ(drained, 10U);
}

TEST_P(GatewayTest, DrainsWithADisconnectIfToldTo) {
  Config config = this->config();
  config.drain_notify = DrainNotify::Disconnect;
  const std::unique_ptr<Gateway> gateway = start(config);
  TcpPeer peer(gateway->listening()[0]);
  peer.login("alice");
  std::thread client([&] {
    EXPECT_THAT(peer.heard_to_the_end(), ElementsAre("DISCONNECT Unknown", "FIN"));
    peer.finish();
  });
  EXPECT_TRUE(gateway->drain());
  client.join();
}

TEST_P(GatewayTest, EndsADrainThatAClientDoesNotAnswer) {
  Config config = this->config();
  config.drain_timeout = milliseconds(50);
  const std::unique_ptr<Gateway> gateway = start(config);
  TcpPeer peer(gateway->listening()[0]);
  peer.login("alice");
  static_cast<void>(gateway->drain());  // false, unless the linger timer was as quick as the drain
  EXPECT_EQ(gateway->list_connections(0, 10).size(), 0U);
  EXPECT_EQ(peer.heard_to_the_end().front(), "FIN");
}

TEST_P(GatewayTest, EndsInGoodOrderWithoutADrain) {
  const size_t before = open_descriptors();
  {
    std::vector<std::unique_ptr<TcpPeer>> peers;  // they outlive the gateway
    const std::unique_ptr<Gateway> gateway = start(config());
    for (int i = 0; i < 3; ++i) {
      peers.push_back(std::make_unique<TcpPeer>(gateway->listening()[0]));
    }
    peers[0]->login("alice");
    peers[0]->say(send_to("bob", "hi"));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(GatewayTest, SaysWhichPortIsTakenAndLeavesNothingRunning) {
  const std::unique_ptr<Gateway> first = start(small_config());
  const Address taken = first->listening()[0];
  const size_t before = open_descriptors();
  Config config = this->config();
  config.listen = {loopback(), taken};
  const auto second = try_start(config);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(taken.to_string()));
  EXPECT_EQ(open_descriptors(), before);
  TcpPeer(taken).login("alice");  // the first is not disturbed
}

TEST_P(GatewayTest, GivesUpCleanlyWhicheverPollerCannotBeMade) {
  const size_t before = open_descriptors();
  const int lanes = GetParam() == AcceptMode::Main ? 3 : 2;
  for (broken_poller_ = 1; broken_poller_ <= lanes; ++broken_poller_) {
    pollers_made_ = 0;
    const auto gateway = try_start(config());
    ASSERT_FALSE(gateway.ok());
    EXPECT_EQ(gateway.status().message(), "out of pollers");
    EXPECT_EQ(open_descriptors(), before);
  }
  broken_poller_ = 0;
  EXPECT_TRUE(try_start(config()).ok());
}

TEST_P(GatewayTest, TurnsAwayWhoComesOverTheLimit) {
  const std::unique_ptr<Gateway> gateway = start(config(), 2);
  const Address at = gateway->listening()[0];
  TcpPeer one(at);
  one.login("one");
  {
    TcpPeer two(at);
    two.login("two");
    TcpPeer three(at);
    EXPECT_EQ(three.heard_to_the_end().size(), 1U);  // FIN, or RST
    EXPECT_EQ(gateway->refused_over_limit(), 1U);
    two.finish();
    EXPECT_THAT(two.heard_to_the_end(), ElementsAre("FIN"));
  }
  // There is room again once the gateway has let go of the second, which a client cannot see.
  for (bool in = false; !in;) {
    TcpPeer next(at);
    next.say(connect_as("next"));
    in = next.heard(1)[0] == "CONNACK Success";
  }
}

TEST_P(GatewayTest, ListsItsConnectionsPageByPage) {
  const std::unique_ptr<Gateway> gateway = start(config());
  std::vector<std::unique_ptr<TcpPeer>> peers;
  std::vector<std::string> uids;
  for (int i = 0; i < 7; ++i) {
    uids.push_back("u" + std::to_string(i));
    peers.push_back(std::make_unique<TcpPeer>(gateway->listening()[0]));
    peers.back()->login(uids.back());
  }
  const std::vector<ConnectionRecord> all = gateway->list_connections(0, 100);
  std::vector<std::string> seen;
  for (const ConnectionRecord& record : all) {
    seen.push_back(record.uid);
    EXPECT_EQ(record.state, "authed");
    EXPECT_EQ(record.local, gateway->listening()[0].to_string());
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(uids));
  for (size_t offset = 0; offset < 7; offset += 3) {
    const std::vector<ConnectionRecord> page = gateway->list_connections(offset, 3);
    ASSERT_EQ(page.size(), std::min<size_t>(3, 7 - offset));
    for (size_t i = 0; i < page.size(); ++i) EXPECT_EQ(page[i].id, all[offset + i].id);
  }
  EXPECT_THAT(gateway->list_connections(7, 3), IsEmpty());
  EXPECT_THAT(gateway->list_connections(0, 0), IsEmpty());
}

TEST_P(GatewayTest, VisitsEveryShardOnItsOwnThread) {
  const std::unique_ptr<Gateway> gateway = start(config());
  std::vector<uint32_t> seen;
  std::vector<std::thread::id> threads;
  gateway->on_every_shard([&](Shard& shard) {
    seen.push_back(shard.index());
    threads.push_back(std::this_thread::get_id());
  });
  EXPECT_THAT(seen, ElementsAre(0, 1));
  EXPECT_NE(threads[0], threads[1]);
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST(GatewayBalance, SpreadsConnectionsEvenlyByDefault) {
  SystemClock clock;
  auto gateway = Gateway::start(
      small_config(), 100, clock,
      [&clock] { return make_poller(*PollerSpec::parse("epoll"), clock); },
      [] { return std::make_unique<OpenAuthenticator>(); });
  ASSERT_TRUE(gateway.ok());
  std::vector<std::unique_ptr<TcpPeer>> peers;
  for (int i = 0; i < 10; ++i) {
    peers.push_back(std::make_unique<TcpPeer>((*gateway)->listening()[0]));
    peers.back()->login("u" + std::to_string(i));
  }
  EXPECT_EQ((*gateway)->metrics(0).connections.value(), 5U);
  EXPECT_EQ((*gateway)->metrics(1).connections.value(), 5U);
}

}  // namespace
}  // namespace sluice::test
