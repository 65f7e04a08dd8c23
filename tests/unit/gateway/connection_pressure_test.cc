// What a connection may use: budgets of a turn, room for input and output, SENDs under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/connection.h"
#include "support/sim_client.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Packet>
void append(std::vector<std::byte>& all, const Packet& packet) {
  const std::vector<std::byte> frame = frame_bytes(packet, Framing::Wkproto, 5);
  all.insert(all.end(), frame.begin(), frame.end());
}

// Turns until everything is at rest; returns the most frames that one turn handled.
uint64_t most_frames_of_a_turn(SimShards& shards) {
  uint64_t most = 0;
  for (bool moved = true; moved;) {
    const uint64_t before = shards.sum(&ShardMetrics::frames_in);
    moved = shards.turn();
    most = std::max(most, shards.sum(&ShardMetrics::frames_in) - before);
  }
  return most;
}

TEST(FrameBudget, SpreadsAThousandPingsOfOneBlockOverSeveralTurns) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  client.say_raw(std::vector<std::byte>(1000, std::byte{0x70}));
  EXPECT_EQ(most_frames_of_a_turn(shards), 128U);
  const std::vector<std::string> heard = client.heard();
  EXPECT_EQ(heard.size(), 1000U);
  EXPECT_THAT(heard, Each(std::string("PONG")));
}

TEST(FrameBudget, DoesNotSleepWhileFramesWait) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  client.say_raw(std::vector<std::byte>(300, std::byte{0x70}));
  shards.turn();
  EXPECT_TRUE(shards.shard().has_ready());
  shards.turn();
  EXPECT_EQ(shards.poller().deadline(), Instant::min());
}

TEST(FrameBudget, LetsOthersHaveTheirTurn) {
  SimShards shards;
  SimClient firehose(shards);
  SimClient modest(shards);
  firehose.login("alice");
  modest.login("bob");
  firehose.say_raw(std::vector<std::byte>(100'000, std::byte{0x70}));
  modest.ping();
  shards.turn();
  shards.turn();
  EXPECT_THAT(modest.heard(), ElementsAre("PONG"));
  EXPECT_LE(shards.sum(&ShardMetrics::pings), 2U * 128 + 1);
  shards.settle();
  EXPECT_EQ(firehose.heard().size(), 100'000U);
}

// A SUB puts its connection back on the ready list; what it did was to put it there once more for
// every SUB of a turn, and each entry brought a budget of its own.
TEST(FrameBudget, IsNotMultipliedBySubscriptions) {
  SimShards shards;
  SimClient client(shards);
  client.login("alice");
  std::vector<std::byte> block;
  for (int i = 0; i < 1000; ++i) append(block, subscribe_to("room"));
  client.say_raw(block);
  EXPECT_EQ(most_frames_of_a_turn(shards), 128U);
  EXPECT_EQ(client.heard().size(), 1000U);
}

TEST(ByteBudget, EndsATurnAfterTheFrameThatSpendsIt) {
  Limits limits = default_limits();
  limits.turn_bytes_max = 1000;
  SimShards shards({.limits = limits});
  SimClient client(shards);
  client.login("alice");
  std::vector<std::byte> block;
  for (uint32_t i = 1; i <= 10; ++i) append(block, send_to("bob", std::string(600, 'x'), i));
  client.say_raw(block);
  EXPECT_EQ(most_frames_of_a_turn(shards), 2U);
  EXPECT_EQ(client.heard().size(), 10U);
}

// A client once lost its connection for sending many small frames at once: what its turn's budget
// left of the block was held against the inbound limit. Reading pauses, so there is never more of
// it.
TEST(InboundLimit, DoesNotCountTheBlockInHand) {
  Limits limits = default_limits();
  limits.inbound_bytes_max = 100;
  limits.turn_frames_max = 16;
  SimShards shards({.limits = limits});
  SimClient client(shards);
  client.login("alice");
  client.say_raw(std::vector<std::byte>(30'000, std::byte{0x70}));
  shards.settle();
  EXPECT_EQ(shards.closed(CloseReason::InboundOverflow), 0U);
  EXPECT_EQ(client.heard().size(), 30'000U);
}

TEST(InboundLimit, DoesNotCountWhatWaitsForASubInTheSameBlock) {
  // The SUB's answer comes from another reactor; the frames behind it, of the same block, wait.
  Limits limits = default_limits();
  limits.inbound_bytes_max = 100;
  SimShards shards({.shards = 2, .limits = limits});
  const std::string alice = name_owned_by(1, 2, "alice");
  SimClient client(shards);
  client.login(alice);
  std::vector<std::byte> block;
  append(block, subscribe_to("room"));
  block.insert(block.end(), 1000, std::byte{0x70});
  client.say_raw(block);
  shards.settle();
  EXPECT_EQ(shards.closed(CloseReason::InboundOverflow), 0U);
  EXPECT_EQ(client.heard().size(), 1001U);  // SUBACK and PONGs
}

TEST(InboundLimit, HoldsForAFrameThatIsNotCompleteYet) {
  Limits limits = default_limits();
  limits.frame_bytes_max = 1000;
  limits.inbound_bytes_max = 1000 + kFrameHeaderBytesMax;
  SimShards shards({.limits = limits});
  SimClient client(shards);
  client.login("alice");
  SendPacket send = send_to("alice", "");
  const std::string text(1002 - encoded_size(send, Framing::Wkproto, 5), 'x');
  send.payload = bytes_of(text);
  for (const std::byte b : frame_bytes(send, Framing::Wkproto, 5)) client.say_raw({&b, 1});
  shards.settle();
  EXPECT_THAT(client.heard(), ElementsAre("SENDACK 1 Success seq 1"));
}

// Slow consumers. Each RECV of text is about a thousand bytes.

class SlowConsumer : public ::testing::Test {
 protected:
  static Limits limits() {
    Limits limits = default_limits();
    limits.outbound_high_water = 4000;
    limits.outbound_bytes_max = 10'000;
    return limits;
  }
  SlowConsumer() {
    alice_.login("alice");
    bob_.login("bob");
    carol_.login("carol");
    bob_.wire().stop_reading();
  }
  void send_to_bob(int count) {
    for (int i = 0; i < count; ++i) alice_.say(send_to("bob", std::string(950, 'x'), 1));
    shards_.settle();
  }
  void send_to_carol() {
    alice_.say(send_to("carol", "hi", 2));
    shards_.settle();
  }

  SimShards shards_{{.limits = limits()}};
  SimClient alice_{shards_};
  SimClient bob_{shards_};
  SimClient carol_{shards_};
};

TEST_F(SlowConsumer, IsClosedOverTheOutboundLimit) {
  send_to_bob(9);
  EXPECT_EQ(shards_.closed(), 0U);
  send_to_bob(2);
  EXPECT_EQ(shards_.closed(CloseReason::SlowConsumer), 1U);
  EXPECT_EQ(shards_.closed(), 1U);
  EXPECT_THAT(bob_.heard(), ElementsAre("RESET"));
}

TEST_F(SlowConsumer, IsClosedAfterTooLongOverTheHighWaterMark) {
  send_to_bob(5);
  shards_.advance(seconds(9));
  EXPECT_EQ(shards_.closed(), 0U);
  shards_.advance(milliseconds(1010));
  EXPECT_EQ(shards_.closed(CloseReason::SlowConsumer), 1U);
  EXPECT_THAT(bob_.heard(), ElementsAre("RESET"));
}

TEST_F(SlowConsumer, MayTakeItsTimeUnderTheHighWaterMark) {
  send_to_bob(3);
  shards_.advance(seconds(200));
  EXPECT_EQ(shards_.closed(), 0U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 0U);
}

TEST_F(SlowConsumer, IsNotReadWhileItDoesNotReadItself) {
  send_to_bob(5);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 1U);
  bob_.ping();
  shards_.settle();
  EXPECT_EQ(bob_.wire().unread(), 1U);
  bob_.wire().read_again();
  shards_.settle();
  EXPECT_EQ(bob_.wire().unread(), 0U);
  EXPECT_EQ(bob_.heard().back(), "PONG");
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 0U);
  shards_.advance(seconds(20));
  EXPECT_EQ(shards_.closed(), 0U);
}

TEST_F(SlowConsumer, HandlesTheRestOfItsBlockOnceItReadsAgain) {
  // Its own SENDs to itself stall it in the middle of a block.
  std::vector<std::byte> block;
  for (uint32_t i = 1; i <= 400; ++i) append(block, send_to("bob", "note", i));
  bob_.say_raw(block);
  shards_.settle();
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 1U);
  EXPECT_LT(shards_.sum(&ShardMetrics::sends), 400U);
  EXPECT_EQ(shards_.closed(), 0U);
  bob_.wire().read_again();
  shards_.settle();
  EXPECT_EQ(bob_.heard().size(), 400U);
}

TEST_F(SlowConsumer, HarmsNobodyElse) {
  send_to_bob(5);
  send_to_carol();
  EXPECT_THAT(carol_.heard(), ElementsAre("RECV alice in alice: hi seq 1"));
  send_to_bob(20);
  send_to_carol();
  EXPECT_THAT(carol_.heard(), ElementsAre("RECV alice in alice: hi seq 2"));
  const std::vector<std::string> heard = alice_.heard();
  EXPECT_EQ(heard.size(), 27U);
  EXPECT_EQ(shards_.closed(), 1U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 0U);
}

// A busy reader that hovered between the mark and half of it was once closed for being over the
// mark.
TEST_F(SlowConsumer, IsNotOverTheMarkOnceItReadItselfBelowIt) {
  send_to_bob(1);  // under way, alone
  send_to_bob(4);
  bob_.wire().read_again();
  shards_.turn();  // that one went: about 4,000 bytes are left
  bob_.wire().stop_reading();
  shards_.advance(seconds(20));
  EXPECT_EQ(shards_.closed(), 0U);
  bob_.wire().read_again();
  shards_.settle();
  EXPECT_EQ(bob_.all<RecvPacket>().size(), 5U);
}

TEST_F(SlowConsumer, IsForgivenBelowHalfOfTheMarkOnly) {
  send_to_bob(1);  // under way, alone
  send_to_bob(4);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 1U);
  bob_.wire().read_again();
  shards_.turn();  // that one went: about 4,000 bytes are left, more than half of the mark
  bob_.wire().stop_reading();
  shards_.settle();
  EXPECT_EQ(bob_.all<RecvPacket>().size(), 1U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 1U);
  bob_.wire().read_again();
  shards_.settle();
  EXPECT_EQ(bob_.all<RecvPacket>().size(), 5U);
  EXPECT_EQ(shards_.sum(&ShardMetrics::stalled_readers), 0U);
  EXPECT_EQ(shards_.closed(), 0U);
}

TEST(OutboundQueue, KeepsItsOrderThroughSendsOfFewParts) {
  SimShards shards({.send_parts_max = 1});
  SimClient alice(shards);
  alice.login("alice");
  alice.subscribe("room");
  SimClient bob(shards);
  bob.login("bob");
  bob.subscribe("room");
  SimClient carol(shards);
  carol.login("carol");
  carol.subscribe("room");
  bob.wire().stop_reading();
  // Small ones are copied, large ones are shared between bob and carol.
  for (uint32_t i = 1; i <= 40; ++i) {
    const std::string text(i % 3 == 0 ? 5000 : 10, static_cast<char>('a' + i % 26));
    alice.say(send_to("room", text, i, ChannelType::Group));
    shards.settle();
  }
  bob.wire().read_again();
  shards.settle();
  EXPECT_EQ(bob.heard(), carol.heard());
  const std::vector<RecvPacket> recvs = bob.all<RecvPacket>();
  ASSERT_EQ(recvs.size(), 40U);
  for (uint32_t i = 1; i <= 40; ++i) {
    const RecvPacket& recv = recvs[i - 1];
    EXPECT_EQ(recv.message_seq, i);
    const std::string text(i % 3 == 0 ? 5000 : 10, static_cast<char>('a' + i % 26));
    EXPECT_EQ(text_of(recv.payload), text);
  }
}

// SENDs under way: a sender over the limit is paused, never refused.

struct Crowd {
  explicit Crowd(SimShards& shards) {
    for (uint32_t i = 0; i < 6; ++i) {
      members.push_back(std::make_unique<SimClient>(shards, ClientOptions{.shard = i % 2}));
      members.back()->login("u" + std::to_string(i));
    }
  }
  // Everybody sends `each` messages to everybody else, in one block.
  void chatter(uint32_t each) {
    for (size_t i = 0; i < members.size(); ++i) {
      std::vector<std::byte> block;
      for (uint32_t n = 1; n <= each; ++n) {
        for (size_t to = 0; to < members.size(); ++to) {
          if (to != i) append(block, send_to("u" + std::to_string(to), std::to_string(n), n));
        }
      }
      members[i]->say_raw(block);
    }
  }
  // Each heard all SENDACKs, and all messages of every other, each channel in the order of its
  // sequence.
  void expect_all_heard(uint32_t each) const {
    const size_t others = members.size() - 1;
    for (const auto& member : members) {
      EXPECT_EQ(member->all<SendackPacket>().size(), each * others);
      for (const SendackPacket& ack : member->all<SendackPacket>()) {
        EXPECT_EQ(ack.reason, Reason::Success);
      }
      const std::vector<RecvPacket> recvs = member->all<RecvPacket>();
      EXPECT_EQ(recvs.size(), each * others);
      for (size_t other = 0; other < members.size(); ++other) {
        uint32_t last_seq = 0;
        uint32_t count = 0;
        for (const RecvPacket& recv : recvs) {
          if (recv.from_uid != "u" + std::to_string(other)) continue;
          EXPECT_GT(recv.message_seq, last_seq);
          EXPECT_EQ(text_of(recv.payload), std::to_string(++count));
          last_seq = recv.message_seq;
        }
      }
    }
  }

  std::vector<std::unique_ptr<SimClient>> members;
};

TEST(SendsInFlight, PauseAndResumeSendersWithoutLoss) {
  Limits limits = default_limits();
  limits.sends_in_flight_max = 1;
  SimShards shards({.shards = 2, .limits = limits});
  Crowd crowd(shards);
  crowd.chatter(40);
  uint64_t most = 0;
  uint64_t paused = 0;
  while (shards.turn()) {
    for (uint32_t i = 0; i < 2; ++i) {
      most = std::max(most, shards.shard(i).metrics().sends_in_flight.value());
    }
    paused = std::max(paused, shards.sum(&ShardMetrics::paused_senders));
  }
  EXPECT_EQ(most, 1U);
  EXPECT_GT(paused, 0U);
  EXPECT_EQ(shards.sum(&ShardMetrics::paused_senders), 0U);
  crowd.expect_all_heard(40);
}

TEST(SendsInFlight, StopTheInputOfAPausedSenderOnly) {
  Limits limits = default_limits();
  limits.sends_in_flight_max = 1;
  SimShards shards({.shards = 2, .limits = limits});
  const std::string far = name_owned_by(1, 2, "far");
  SimClient alice(shards);
  SimClient bob(shards);
  alice.login("alice");
  bob.login("bob");
  alice.say(send_to(far, "1", 1));
  alice.say(send_to(far, "2", 2));
  alice.ping();
  bob.ping();
  shards.settle();
  EXPECT_THAT(bob.heard(), ElementsAre("PONG"));
  // Her second SEND had to wait for the first one's SENDACK, and her PING for her second SEND.
  EXPECT_THAT(alice.heard(),
              ElementsAre("SENDACK 1 Success seq 1", "PONG", "SENDACK 2 Success seq 2"));
}

TEST(SendsInFlight, ForgetASenderThatEndsWhileItWaits) {
  Limits limits = default_limits();
  limits.sends_in_flight_max = 1;
  SimShards shards({.shards = 2, .limits = limits});
  Crowd crowd(shards);
  crowd.chatter(20);
  shards.turn();
  shards.turn();
  crowd.members[0]->wire().reset();
  crowd.members[3]->wire().reset();
  shards.settle();
  EXPECT_EQ(shards.sum(&ShardMetrics::paused_senders), 0U);
  EXPECT_EQ(shards.sum(&ShardMetrics::sends_in_flight), 0U);
  EXPECT_EQ(shards.connections(), 4U);
  EXPECT_EQ(crowd.members[1]->all<SendackPacket>().size(), 100U);
}

TEST(FullMailboxes, LoseNothingAndKeepTheOrderOfEachChannel) {
  SimShards shards({.shards = 2, .mailbox_slots = 2});
  Crowd crowd(shards);
  crowd.chatter(60);
  shards.settle();
  uint64_t full = 0;
  for (uint32_t i = 0; i < 2; ++i) full += shards.reactor(i).mailbox_full().value();
  EXPECT_GT(full, 0U);
  crowd.expect_all_heard(60);
  EXPECT_EQ(shards.sum(&ShardMetrics::paused_senders), 0U);
}

TEST(FullMailboxes, PauseTheSenderInsteadOfGrowing) {
  SimShards shards({.shards = 2, .mailbox_slots = 2});
  Crowd crowd(shards);
  // Both ways at once, thousands of letters; what waits is bounded by what was already under way.
  crowd.chatter(200);
  shards.turn();
  EXPECT_GT(shards.sum(&ShardMetrics::paused_senders), 0U);
  EXPECT_LT(shards.sum(&ShardMetrics::sends_in_flight), 50U);
  shards.settle();
  crowd.expect_all_heard(200);
}

}  // namespace
}  // namespace sluice::test
