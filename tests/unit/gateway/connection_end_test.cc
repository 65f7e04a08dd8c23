// How a connection ends: what is owed goes out, one reason is counted, all memory goes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/connection.h"
#include "support/authenticators.h"
#include "support/sim_client.h"
#include "unit/codec/hex.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConnectionEnd : public ::testing::Test {
 protected:
  // The connection is not open any more, for this reason and no other.
  void expect_closed(CloseReason reason) {
    EXPECT_EQ(shards_.closed(reason), 1U) << name_of(reason);
    EXPECT_EQ(shards_.closed(), 1U);
  }

  SimShards shards_;
};

TEST_F(ConnectionEnd, LingersUntilThePeerHasRead) {
  SimClient client(shards_);
  client.connect(connect_as("a@b"));
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK AuthFail", "FIN"));
  EXPECT_FALSE(client.wire().closed());
  EXPECT_EQ(shards_.connections(), 1U);
  client.leave();
  EXPECT_TRUE(client.wire().closed());
  EXPECT_FALSE(client.wire().ended_by_reset());
  EXPECT_EQ(shards_.connections(), 0U);
  expect_closed(CloseReason::AuthFailed);
}

TEST_F(ConnectionEnd, DiscardsWhatComesWhileItLingers) {
  SimClient client(shards_);
  client.connect(connect_as("a@b"));
  for (int i = 0; i < 10; ++i) {
    client.connect(connect_as("alice"));
    client.ping();
    client.say_raw(bytes_from_hex("00ff"));
  }
  shards_.settle();
  EXPECT_EQ(client.wire().unread(), 0U);
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK AuthFail", "FIN"));
  client.leave();
  EXPECT_FALSE(client.wire().ended_by_reset());
  expect_closed(CloseReason::AuthFailed);
}

TEST_F(ConnectionEnd, LingersNoLongerThanItsLimit) {
  SimClient client(shards_);
  client.connect(connect_as("a@b"));
  shards_.advance(milliseconds(1990));
  EXPECT_FALSE(client.wire().closed());
  shards_.advance(milliseconds(20));
  EXPECT_TRUE(client.wire().closed());
  expect_closed(CloseReason::AuthFailed);
}

TEST_F(ConnectionEnd, SaysFinOnlyAfterTheLastByteWent) {
  SimClient client(shards_);
  client.wire().stop_reading();
  client.connect(connect_as("a@b"));
  EXPECT_THAT(client.heard(), IsEmpty());
  client.wire().read_again();
  shards_.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK AuthFail", "FIN"));
}

TEST_F(ConnectionEnd, GivesUpAPeerThatNeverReads) {
  SimClient client(shards_);
  client.wire().stop_reading();
  client.connect(connect_as("a@b"));
  shards_.advance(seconds(10) - milliseconds(10));  // the time of any slow reader
  EXPECT_FALSE(client.wire().closed());
  shards_.advance(milliseconds(20));
  EXPECT_THAT(client.heard(), ElementsAre("RESET"));
  expect_closed(CloseReason::AuthFailed);
}

// A receiver that said FIN and read on slowly once lost what its senders had SENDACKs for: two
// seconds after its FIN the gateway gave it up.
TEST_F(ConnectionEnd, LeavesASlowReaderTheTimeToTakeWhatItIsOwed) {
  SimClient alice(shards_);
  SimClient bob(shards_);
  alice.login("alice");
  bob.login("bob");
  bob.wire().stop_reading();
  alice.say(send_to("bob", "first"));
  shards_.settle();
  alice.say(send_to("bob", "second"));
  shards_.settle();
  bob.leave();
  shards_.advance(seconds(5));
  bob.wire().read_again();
  shards_.settle();
  EXPECT_EQ(bob.all<RecvPacket>().size(), 2U);
  EXPECT_EQ(shards_.closed(CloseReason::PeerClosed), 1U);
}

TEST_F(ConnectionEnd, FlushesAllThatIsQueuedBeforeItsFin) {
  SimClient client(shards_);
  client.login("alice");
  client.wire().stop_reading();
  for (uint32_t i = 1; i <= 50; ++i) client.say(send_to("alice", std::string(1000, 'x'), i));
  client.say(DisconnectPacket{});
  shards_.settle();
  client.wire().read_again();
  shards_.settle();
  const std::vector<std::string> heard = client.heard();
  ASSERT_EQ(heard.size(), 51U);
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(heard[i],
              "SENDACK " + std::to_string(i + 1) + " Success seq " + std::to_string(i + 1));
  }
  EXPECT_EQ(heard.back(), "FIN");
  expect_closed(CloseReason::PeerClosed);
}

TEST_F(ConnectionEnd, FollowsADisconnectFromTheClient) {
  SimClient client(shards_);
  client.login("alice");
  client.ping();
  client.say(DisconnectPacket{});
  client.ping();  // too late
  shards_.settle();
  EXPECT_THAT(client.heard(), ElementsAre("PONG", "FIN"));
  client.leave();
  EXPECT_FALSE(client.wire().ended_by_reset());
  expect_closed(CloseReason::PeerClosed);
}

TEST_F(ConnectionEnd, FollowsTheFinOfAClient) {
  SimClient client(shards_);
  client.leave();
  EXPECT_TRUE(client.wire().closed());
  EXPECT_THAT(client.heard(), ElementsAre("FIN"));
  expect_closed(CloseReason::PeerClosed);
}

TEST_F(ConnectionEnd, FollowsAFinInTheMiddleOfAFrame) {
  SimClient client(shards_);
  client.login("alice");
  client.say_raw(bytes_from_hex("3010aa"));
  client.leave();
  EXPECT_TRUE(client.wire().closed());
  expect_closed(CloseReason::PeerClosed);
}

TEST_F(ConnectionEnd, FollowsAReset) {
  SimClient client(shards_);
  client.login("alice");
  client.wire().reset();
  shards_.settle();
  EXPECT_TRUE(client.wire().closed());
  EXPECT_EQ(shards_.connections(), 0U);
  expect_closed(CloseReason::PeerReset);
}

TEST_F(ConnectionEnd, FollowsASendThatFails) {
  SimClient client(shards_);
  client.login("alice");
  client.wire().stop_reading();
  client.ping();
  shards_.settle();
  client.wire().reset();
  shards_.settle();
  EXPECT_TRUE(client.wire().closed());
  expect_closed(CloseReason::PeerReset);
}

TEST_F(ConnectionEnd, CountsOneReasonEvenIfTheLingeringPeerResets) {
  SimClient client(shards_);
  client.connect(connect_as("a@b"));
  client.wire().reset();
  shards_.settle();
  EXPECT_TRUE(client.wire().closed());
  expect_closed(CloseReason::AuthFailed);
}

TEST_F(ConnectionEnd, StillDeliversToAClientThatHasSaidFin) {
  SimClient client(shards_);
  client.login("alice");
  client.ping();
  client.say(send_to("bob", "hi"));
  client.leave();
  EXPECT_THAT(client.heard(), ElementsAre("PONG", "SENDACK 1 Success seq 1", "FIN"));
  EXPECT_FALSE(client.wire().ended_by_reset());
  expect_closed(CloseReason::PeerClosed);
}

TEST(ConnectionHalfClose, WaitsForTheSendacksThatAreUnderWay) {
  // Over three reactors the answer takes several turns, in which the client's FIN is long known.
  SimShards shards({.shards = 3});
  SimClient client(shards);
  client.login("alice");
  for (uint32_t i = 1; i <= 20; ++i) client.say(send_to("u" + std::to_string(i), "hi", i));
  client.leave();
  std::vector<std::string> heard = client.heard();
  ASSERT_EQ(heard.size(), 21U);
  EXPECT_EQ(heard.back(), "FIN");
  EXPECT_EQ(shards.closed(CloseReason::PeerClosed), 1U);
}

// A DISCONNECT right behind a SEND once cost the SENDACK when the channel's owner was another
// reactor.
TEST(ConnectionGoodbye, WaitsForTheSendacksThatAreUnderWay) {
  SimShards shards({.shards = 2});
  SimClient alice(shards, {.shard = 0});
  SimClient bob(shards, {.shard = 1});
  alice.login(name_owned_by(1, 2, "alice"));
  const std::string to = name_owned_by(1, 2, "bob");
  bob.login(to);
  for (uint32_t i = 1; i <= 20; ++i) alice.say(send_to(to, "last words", i));
  alice.say(DisconnectPacket{});
  alice.say(send_to(to, "behind the DISCONNECT", 21));
  shards.settle();
  EXPECT_EQ(alice.all<SendackPacket>().size(), 20U);
  EXPECT_EQ(alice.heard().back(), "FIN");
  EXPECT_EQ(bob.all<RecvPacket>().size(), 20U);
  EXPECT_EQ(shards.closed(CloseReason::PeerClosed), 1U);
}

TEST(ConnectionHalfClose, WaitsForASubackThatIsUnderWay) {
  SimShards shards({.shards = 3});
  for (const char* uid : {"a", "b", "c", "d", "e"}) {
    SimClient client(shards);
    client.login(uid);
    client.say(subscribe_to("room"));
    client.ping();
    client.leave();
    EXPECT_THAT(client.heard(), ElementsAre("SUBACK s1 room Success", "PONG", "FIN"));
  }
}

TEST(ConnectionHalfClose, HandlesAllThatCameBeforeTheFin) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  std::vector<std::byte> pings(1000, std::byte{0x70});
  client.say_raw(pings);
  client.leave();
  EXPECT_EQ(client.heard().size(), 1001U);
}

// Drain.

class Draining : public ::testing::Test {
 protected:
  void begin_drain() {
    for (uint32_t i = 0; i < shards_.size(); ++i) shards_.shard(i).begin_drain();
    shards_.settle();
  }
  void close_all(bool disconnect) {
    for (uint32_t i = 0; i < shards_.size(); ++i) shards_.shard(i).close_all(disconnect);
    shards_.settle();
  }

  SimShards shards_{{.shards = 2}};
};

TEST_F(Draining, StopsReceivingFirst) {
  SimClient client(shards_);
  client.login("alice");
  begin_drain();
  client.ping();
  shards_.settle();
  EXPECT_THAT(client.heard(), IsEmpty());
  EXPECT_EQ(client.wire().unread(), 1U);
}

TEST_F(Draining, EndsWithAFinByDefault) {
  SimClient client(shards_);
  SimClient stranger(shards_, {.shard = 1});
  client.login("alice");
  begin_drain();
  close_all(false);
  EXPECT_THAT(client.heard(), ElementsAre("FIN"));
  EXPECT_THAT(stranger.heard(), ElementsAre("FIN"));
  client.ping();  // read and thrown away, so that nothing is destroyed
  client.leave();
  stranger.leave();
  EXPECT_FALSE(client.wire().ended_by_reset());
  EXPECT_EQ(shards_.closed(CloseReason::Drain), 2U);
  EXPECT_EQ(shards_.closed(), 2U);
  EXPECT_EQ(shards_.connections(), 0U);
}

TEST_F(Draining, TellsThoseWhoAreInToStayAwayIfAsked) {
  SimClient client(shards_);
  SimClient stranger(shards_);
  client.login("alice");
  begin_drain();
  close_all(true);
  EXPECT_THAT(client.heard(), ElementsAre("DISCONNECT Unknown", "FIN"));
  EXPECT_THAT(stranger.heard(), ElementsAre("FIN"));
}

TEST_F(Draining, LetsWhatIsUnderWayArrive) {
  SimClient alice(shards_);
  SimClient bob(shards_, {.shard = 1});
  alice.login("alice");
  bob.login("bob");
  alice.say(send_to("bob", "hi"));
  shards_.turn();
  begin_drain();
  close_all(false);
  EXPECT_THAT(alice.heard(), ElementsAre("SENDACK 1 Success seq 1", "FIN"));
  EXPECT_THAT(bob.heard(), ElementsAre("RECV alice in alice: hi seq 1", "FIN"));
}

TEST_F(Draining, HasMorePatienceThanAnotherEnd) {
  SimClient client(shards_);
  client.login("alice");
  begin_drain();
  close_all(false);
  shards_.advance(seconds(29));
  EXPECT_FALSE(client.wire().closed());
  shards_.advance(milliseconds(1010));
  EXPECT_TRUE(client.wire().closed());
}

TEST_F(Draining, TurnsNewcomersAway) {
  begin_drain();
  SimClient late(shards_);
  late.connect(connect_as("alice"));
  EXPECT_THAT(late.heard(), ElementsAre("FIN"));
  late.leave();
  EXPECT_EQ(shards_.closed(CloseReason::Drain), 1U);
  EXPECT_EQ(shards_.connections(), 0U);
}

TEST_F(Draining, CanBeCutShort) {
  SimClient client(shards_);
  client.login("alice");
  SimClient lingering(shards_, {.shard = 1});
  lingering.connect(connect_as("a@b"));
  begin_drain();
  for (uint32_t i = 0; i < 2; ++i) shards_.shard(i).abandon_all();
  shards_.settle();
  EXPECT_TRUE(client.wire().closed());
  EXPECT_TRUE(lingering.wire().closed());
  EXPECT_EQ(shards_.connections(), 0U);
  EXPECT_EQ(shards_.closed(CloseReason::Drain), 1U);
  EXPECT_EQ(shards_.closed(CloseReason::AuthFailed), 1U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::online), shards_.sum(&ShardMetrics::offline));
}

}  // namespace
}  // namespace sluice::test
