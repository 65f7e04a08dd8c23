// What a connection understands: CONNECT and its answer, framing, splits, order, deadlines.
#include "gateway/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "support/authenticators.h"
#include "support/sim_client.h"
#include "unit/codec/hex.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

// One millisecond before the simulated wall clock.
constexpr int64_t kClientTime = 1'699'999'999'999;

std::vector<std::byte> joined(const std::vector<std::vector<std::byte>>& frames) {
  std::vector<std::byte> all;
  for (const auto& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

std::string connack_hex(Framing framing, const ConnectPacket& connect) {
  SimShards shards;
  SimClient client(shards, {.framing = framing, .version = connect.version});
  client.connect(connect);
  return hex_from_bytes(client.received());
}

TEST(Connack, HasTheseBytes) {
  ConnectPacket connect = connect_as("u1");
  connect.client_timestamp_ms = kClientTime;
  const std::string body =
      "05"
      "0000000000000001"
      "01"
      "0000"
      "0000"
      "0000000000000007";
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect), "2116" + body);
  EXPECT_EQ(connack_hex(Framing::Frame6, connect), "020100000016" + body);
  connect.version = 4;
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect), "2116" + body);
  connect.version = 200;  // spoken to in our newest version
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect), "2116" + body);
}

// The difference of the clocks was once computed in signed numbers, which these overflow.
TEST(Connack, TakesAnyClockForTheClients) {
  for (const int64_t time :
       {std::numeric_limits<int64_t>::min(), int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    SimShards shards;
    SimClient client(shards);
    ConnectPacket connect = connect_as("u1");
    connect.client_timestamp_ms = time;
    client.connect(connect);
    EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success"));
  }
}

// A CONNECT with a field out of bounds once got a plain close, on which SDKs try again for ever.
TEST(Connack, GoesOutForAConnectThatCannotBeRead) {
  for (const uint8_t version : {uint8_t{3}, uint8_t{5}}) {
    SimShards shards;
    SimClient client(shards, {.version = version});
    const std::string uid(256, 'u');
    ConnectPacket connect = connect_as(uid);
    connect.version = version;
    client.connect(connect);
    EXPECT_THAT(client.heard(), ElementsAre("CONNACK AuthFail", "FIN"));
    EXPECT_EQ(shards.closed(CloseReason::AuthFailed), 1U);
  }
}

TEST(Connack, HasNeitherServerVersionNorNodeForOldClients) {
  ConnectPacket connect = connect_as("u1");
  connect.client_timestamp_ms = kClientTime;
  for (uint8_t version = 1; version <= 3; ++version) {
    connect.version = version;
    EXPECT_EQ(connack_hex(Framing::Wkproto, connect),
              "200d0000000000000001010000"
              "0000");
  }
}

TEST(Connack, RefusesInTheBytesOfTheVectors) {
  ConnectPacket connect = connect_as("a@b");
  connect.client_timestamp_ms = kClientTime;
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect),
            "2015000000000000000002000000000000000000000000");
  connect.version = 3;
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect), "200d00000000000000000200000000");
  connect.version = 0;  // has no form of its own: the oldest there is
  connect.uid = "u1";
  EXPECT_EQ(connack_hex(Framing::Wkproto, connect), "200d00000000000000000200000000");
}

TEST(Connack, TellsAClientThatWantsEncryptionThatItIsNotThere) {
  ConnectPacket connect = connect_as("u1");
  connect.client_key = "K";
  SimShards shards;
  SimClient client(shards);
  client.connect(connect);
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK SystemError", "FIN"));
  EXPECT_EQ(shards.closed(CloseReason::AuthFailed), 1U);
}

TEST(Connection, AnswersPing) {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    SimShards shards;
    SimClient client(shards, {.framing = framing});
    client.login("alice");
    const size_t before = client.received().size();
    client.ping();
    shards.settle();
    EXPECT_EQ(hex_from_bytes(client.received().subspan(before)),
              framing == Framing::Wkproto ? "80" : "080000000000");
  }
}

TEST(Connection, HandlesFramesPipelinedBehindConnectInOrder) {
  SimShards shards;
  SimClient client(shards);
  const Framing w = Framing::Wkproto;
  client.say_raw(joined({frame_bytes(connect_as("alice"), w, 5), ping_bytes(w),
                         frame_bytes(send_to("alice", "a", 1), w, 5), ping_bytes(w),
                         frame_bytes(send_to("alice", "b", 2), w, 5)}));
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success", "PONG", "SENDACK 1 Success seq 1",
                                          "PONG", "SENDACK 2 Success seq 2"));
}

// The same bytes, whole or cut in any way, get the same bytes for an answer.
class ConnectionSplits : public ::testing::TestWithParam<Framing> {
 protected:
  std::vector<std::byte> dialogue() const {
    const Framing framing = GetParam();
    SendPacket big = send_to("alice", "", 3);
    const std::string text(3000, 'x');
    big.payload = bytes_of(text);
    return joined({frame_bytes(connect_as("alice"), framing, 5), ping_bytes(framing),
                   frame_bytes(subscribe_to("room"), framing, 5),
                   frame_bytes(send_to("bob", "hi", 1), framing, 5),
                   frame_bytes(send_to("room", "all", 2, ChannelType::Group), framing, 5),
                   frame_bytes(RecvackPacket{}, framing, 5), frame_bytes(big, framing, 5),
                   ping_bytes(framing)});
  }
  // Writes the dialogue in pieces of the given sizes, the last one repeated.
  void speak(SimClient& client, const std::vector<size_t>& sizes) {
    const std::vector<std::byte> all = dialogue();
    for (size_t at = 0, i = 0; at < all.size(); ++i) {
      const size_t size = std::min(sizes[std::min(i, sizes.size() - 1)], all.size() - at);
      client.say_raw(Bytes(all).subspan(at, size));
      at += size;
    }
    client.leave();
  }
  // The bytes of the answer.
  std::string answer(const std::vector<size_t>& sizes) {
    SimShards shards;
    SimClient client(shards, {.framing = GetParam()});
    speak(client, sizes);
    return hex_from_bytes(client.received());
  }
  // On several shards only what comes is certain, not what comes first.
  std::vector<std::string> sorted_answer(const std::vector<size_t>& sizes) {
    SimShards shards({.shards = 3});
    SimClient client(shards, {.framing = GetParam()});
    speak(client, sizes);
    std::vector<std::string> lines = client.heard();
    std::sort(lines.begin(), lines.end());
    return lines;
  }
};
INSTANTIATE_TEST_SUITE_P(Framings, ConnectionSplits,
                         ::testing::Values(Framing::Wkproto, Framing::Frame6),
                         [](const auto& tested) { return word(name_of(tested.param)); });

TEST_P(ConnectionSplits, AnswerTheSameByteByByteAsInOneBlock) {
  const std::string whole = answer({1 << 20});
  EXPECT_FALSE(whole.empty());
  EXPECT_EQ(answer({1}), whole);
  EXPECT_EQ(sorted_answer({1}), sorted_answer({1 << 20}));
  EXPECT_EQ(sorted_answer({1}).size(), 8U);  // CONNACK, SUBACK, 2 PONG, 3 SENDACK, FIN
}

TEST_P(ConnectionSplits, AnswerTheSameWhereverThereIsOneCut) {
  const std::string whole = answer({1 << 20});
  const size_t size = dialogue().size();
  // Every cut of the head; the large payload in steps.
  for (size_t cut = 1; cut < size; cut += cut < 160 || cut > size - 40 ? 1 : 97) {
    ASSERT_EQ(answer({cut, 1 << 20}), whole) << "cut at " << cut;
  }
}

TEST_P(ConnectionSplits, AnswerTheSameForRandomPieces) {
  constexpr uint32_t kSeed = 20231114;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const std::string whole = answer({1 << 20});
  for (size_t round = 0; round < 50; ++round) {
    std::vector<size_t> sizes;
    for (int i = 0; i < 200; ++i) {
      sizes.push_back(std::uniform_int_distribution<size_t>(1, 1 + round * 7)(random));
    }
    ASSERT_EQ(answer(sizes), whole) << "round " << round;
  }
}

TEST(Connection, OwnsNoBufferOnceEverythingIsHandled) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  client.say(send_to("bob", std::string(50'000, 'x')));
  shards.settle();
  EXPECT_EQ(shards.shard().pool().lent_bytes(), 0U);
  const std::vector<std::byte> ping = frame_bytes(send_to("bob", "hello"), Framing::Wkproto, 5);
  client.say_raw(Bytes(ping).first(5));
  shards.settle();
  EXPECT_GT(shards.shard().pool().lent_bytes(), 0U);  // a cut frame waits
  client.say_raw(Bytes(ping).subspan(5));
  shards.settle();
  EXPECT_EQ(shards.shard().pool().lent_bytes(), 0U);
  EXPECT_EQ(shards.poller().blocks_lent(), 0U);
}

// What no client of the protocol says ends the connection, and nothing behind it is handled.
void expect_protocol_error(const std::vector<std::byte>& bytes, bool in, const Limits& limits) {
  SimShards shards({.limits = limits});
  SimClient client(shards);
  if (in) client.login("alice");
  std::vector<std::byte> all = bytes;
  const std::vector<std::byte> ping = ping_bytes(Framing::Wkproto);
  all.insert(all.end(), ping.begin(), ping.end());
  client.say_raw(all);
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("FIN")) << hex_from_bytes(bytes);
  EXPECT_EQ(shards.closed(CloseReason::ProtocolError), 1U) << hex_from_bytes(bytes);
  EXPECT_EQ(shards.closed(), 1U);
}

TEST(Connection, EndsOnASecondConnect) {
  expect_protocol_error(frame_bytes(connect_as("alice"), Framing::Wkproto, 5), true,
                        default_limits());
}

TEST(Connection, EndsOnAnyFrameBeforeConnect) {
  // In wkproto no such frame can even begin: the first byte says which protocol it is.
  for (const char* hex : {"70", "80", "30", "a0", "00", "ff", "47", "50", "0d", "7b", "20"}) {
    expect_protocol_error(bytes_from_hex(hex), false, default_limits());
  }
}

TEST(Connection, EndsOnPacketsThatOnlyServersSend) {
  for (const char* hex : {"80", "2000", "4000", "5000", "b000", "c000"}) {
    expect_protocol_error(bytes_from_hex(hex), true, default_limits());
  }
}

TEST(Connection, EndsOnFramesThatCannotBe) {
  Limits limits = default_limits();
  limits.frame_bytes_max = 1000;
  for (const char* hex : {"00", "d000", "3000", "30ffffffff", "30e907",
                          "1002"
                          "0500"}) {
    expect_protocol_error(bytes_from_hex(hex), true, limits);
  }
}

TEST(Connection, TakesAFrameAsLongAsTheLimit) {
  Limits limits = default_limits();
  limits.frame_bytes_max = 1000;
  SimShards shards({.limits = limits});
  SimClient client(shards);
  client.login("alice");
  SendPacket send = send_to("alice", "");
  const size_t empty = encoded_size(send, Framing::Wkproto, 5) - 2;
  const std::string text(1000 - empty, 'x');
  send.payload = bytes_of(text);
  client.say(send);
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("SENDACK 1 Success seq 1"));
}

TEST(Connection, CountsRecvacks) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  for (int i = 0; i < 3; ++i) client.say(RecvackPacket{});
  shards.settle();
  EXPECT_THAT(client.heard(), IsEmpty());
  EXPECT_EQ(shards.sum(&ShardMetrics::recvacks), 3U);
}

// Deadlines.

TEST(Connection, MustBeAcceptedInTime) {
  SimShards shards;
  SimClient silent(shards);
  SimClient half(shards);
  half.say_raw(bytes_from_hex("10"));
  shards.advance(seconds(29));
  half.say_raw(bytes_from_hex("1e"));  // a byte now and then does not help
  EXPECT_THAT(silent.heard(), IsEmpty());
  shards.advance(milliseconds(1010));
  EXPECT_THAT(silent.heard(), ElementsAre("FIN"));
  EXPECT_THAT(half.heard(), ElementsAre("FIN"));
  EXPECT_EQ(shards.closed(CloseReason::AuthTimeout), 2U);
  EXPECT_EQ(shards.closed(), 2U);
}

TEST(Connection, EndsWhenItIsIdle) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  shards.advance(seconds(299));
  EXPECT_THAT(client.heard(), IsEmpty());
  shards.advance(milliseconds(1010));
  EXPECT_THAT(client.heard(), ElementsAre("FIN"));
  EXPECT_EQ(shards.closed(CloseReason::Idle), 1U);
}

TEST(Connection, StaysAsLongAsBytesKeepComing) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  for (int i = 0; i < 10; ++i) {
    shards.advance(seconds(200));
    client.ping();
    shards.settle();
    ASSERT_THAT(client.heard(), ElementsAre("PONG")) << i;
  }
  shards.advance(seconds(299));
  EXPECT_EQ(shards.closed(), 0U);
  shards.advance(milliseconds(1010));
  EXPECT_EQ(shards.closed(CloseReason::Idle), 1U);
}

TEST(Connection, RefreshesItsIdleDeadlineWithoutATimerOperation) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  shards.settle();
  const Instant armed = shards.reactor().wheel().next_deadline();
  shards.advance(seconds(100));
  client.ping();
  shards.settle();
  EXPECT_EQ(shards.reactor().wheel().next_deadline(), armed);  // one look there, then it moves
  shards.advance(seconds(200) + milliseconds(10));
  EXPECT_GE(shards.reactor().wheel().next_deadline(), armed + seconds(99));
  EXPECT_EQ(shards.closed(), 0U);
}

TEST(Connection, NeverEndsForIdlenessWithoutALimit) {
  Limits limits = default_limits();
  limits.timeouts.idle = Duration::zero();
  SimShards shards({.limits = limits});
  SimClient client(shards);
  client.login("alice");
  shards.advance(std::chrono::hours(10'000));
  EXPECT_EQ(shards.closed(), 0U);
  client.ping();
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("PONG"));
}

// Authenticators that take their time.

class LateAnswers : public ::testing::Test {
 protected:
  SimOptions options() {
    SimOptions options;
    options.limits.inbound_bytes_max = 200;
    options.authenticator = [this](uint32_t) {
      return std::make_unique<LateAuthenticator>(questions_);
    };
    return options;
  }

  LateAuthenticator::Questions questions_;
  SimShards shards_{options()};
};

TEST_F(LateAnswers, ParkTheConnectionAndItsPipelinedFrames) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  client.ping();
  client.say(send_to("alice", "hi"));
  client.ping();
  shards_.settle();
  EXPECT_THAT(client.heard(), IsEmpty());
  ASSERT_EQ(questions_.size(), 1U);
  EXPECT_EQ(questions_[0].uid, "alice");
  questions_[0].answer(Reason::Success);
  shards_.settle();
  EXPECT_THAT(client.heard(),
              ElementsAre("CONNACK Success", "PONG", "SENDACK 1 Success seq 1", "PONG"));
}

TEST_F(LateAnswers, RefuseWithTheReasonOfTheAuthenticator) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  client.ping();
  shards_.settle();
  questions_[0].answer(Reason::Ban);
  shards_.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK Ban", "FIN"));
  EXPECT_EQ(shards_.closed(CloseReason::AuthFailed), 1U);
}

TEST_F(LateAnswers, CountOnce) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  questions_[0].answer(Reason::Success);
  questions_[0].answer(Reason::AuthFail);
  questions_[0].answer(Reason::Success);
  shards_.settle();
  questions_[0].answer(Reason::AuthFail);
  shards_.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success"));
  EXPECT_EQ(shards_.closed(), 0U);
}

TEST(LateAnswersOnTwoShards, CountOnceWhilePresenceIsBeingTold) {
  LateAuthenticator::Questions questions;
  SimOptions options{.shards = 2};
  options.authenticator = [&](uint32_t) { return std::make_unique<LateAuthenticator>(questions); };
  SimShards shards(options);
  SimClient client(shards);
  client.connect(connect_as(name_owned_by(1, 2, "alice")));
  questions[0].answer(Reason::Success);
  questions[0].answer(Reason::Success);
  questions[0].answer(Reason::AuthFail);
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success"));
  client.leave();
  EXPECT_EQ(shards.sum(&ShardMetrics::online), 1U);
  EXPECT_EQ(shards.sum(&ShardMetrics::offline), 1U);
}

TEST_F(LateAnswers, MeanNothingForAConnectionThatHasGone) {
  SimClient gone(shards_);
  gone.connect(connect_as("alice"));
  gone.wire().reset();
  shards_.settle();
  EXPECT_EQ(shards_.shard().connections(), 0U);
  SimClient next(shards_);  // in the same slot
  next.connect(connect_as("bob"));
  questions_[0].answer(Reason::Success);
  shards_.settle();
  EXPECT_THAT(next.heard(), IsEmpty());
  EXPECT_EQ(shards_.sum(&ShardMetrics::authenticated), 0U);
  questions_[1].answer(Reason::Success);
  shards_.settle();
  EXPECT_THAT(next.heard(), ElementsAre("CONNACK Success"));
}

TEST_F(LateAnswers, MeanNothingForAConnectionThatLingers) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  shards_.advance(seconds(30) + milliseconds(10));
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK SystemError", "FIN"));
  questions_[0].answer(Reason::Success);
  shards_.settle();
  EXPECT_THAT(client.heard(), IsEmpty());
  EXPECT_EQ(shards_.sum(&ShardMetrics::online), 0U);
}

TEST_F(LateAnswers, ThatNeverComeEndInTheAuthTimeout) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  shards_.advance(seconds(29));
  EXPECT_EQ(shards_.closed(), 0U);
  shards_.advance(milliseconds(1010));
  EXPECT_EQ(shards_.closed(CloseReason::AuthTimeout), 1U);
  EXPECT_EQ(shards_.closed(), 1U);
}

TEST_F(LateAnswers, StopTheAuthClockAndStartTheIdleOne) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  shards_.advance(seconds(29));
  questions_[0].answer(Reason::Success);
  shards_.settle();
  shards_.advance(seconds(270));
  EXPECT_EQ(shards_.closed(), 0U);
  shards_.advance(seconds(2));
  EXPECT_EQ(shards_.closed(CloseReason::Idle), 1U);
}

TEST_F(LateAnswers, DoNotLetMoreWaitThanTheInboundLimit) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  for (int i = 0; i < 200; ++i) client.ping();
  shards_.settle();
  EXPECT_EQ(shards_.closed(), 0U);
  client.ping();
  shards_.settle();
  EXPECT_EQ(shards_.closed(CloseReason::InboundOverflow), 1U);
  EXPECT_THAT(client.heard(), ElementsAre("FIN"));
  questions_[0].answer(Reason::Success);
}

TEST_F(LateAnswers, FindAHalfClosedClientStillListening) {
  SimClient client(shards_);
  client.connect(connect_as("alice"));
  client.say(send_to("alice", "hi"));
  client.leave();
  EXPECT_EQ(shards_.closed(), 0U);
  questions_[0].answer(Reason::Success);
  shards_.settle();
  EXPECT_THAT(client.heard(), ElementsAre("CONNACK Success", "SENDACK 1 Success seq 1", "FIN"));
  EXPECT_EQ(shards_.closed(CloseReason::PeerClosed), 1U);
}

}  // namespace
}  // namespace sluice::test
