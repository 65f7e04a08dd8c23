// The pure parts of sluice-load: what a connection remembers of its messages, what a payload is
// known by, how workers share the work. What they do together is tested by load_test.py.
#include <gtest/gtest.h>

#include "load/coordinator.h"
#include "load/flow.h"
#include "load/payload.h"
#include "load/send_window.h"
#include "load/tally.h"

namespace sluice::load {
namespace {

TEST(SendWindow, RemembersWhatIsDueSentAndAnsweredWhateverTheOrder) {
  SendWindow window;
  for (uint64_t due = 100; due < 120; ++due) window.push_due(due);
  EXPECT_EQ(window.waiting(), 20u);
  EXPECT_EQ(window.start(200, 2), 1u);
  EXPECT_EQ(window.start(201, 2), 2u);
  EXPECT_EQ(window.in_flight(), 2u);
  EXPECT_EQ(window.outstanding(), 6u);
  EXPECT_EQ(window.find(3), nullptr) << "due, but not sent";
  Sent* second = window.find(2);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->due_ns, 101u);
  EXPECT_EQ(second->sent_ns, 201u);
  second->deliveries_left = 0;
  window.answer(*second);
  window.retire();
  EXPECT_NE(window.find(2), nullptr) << "the first one is not finished";
  Sent* first = window.first_unanswered();
  ASSERT_EQ(first, window.find(1));
  window.answer(*first);
  window.retire();
  EXPECT_NE(window.find(1), nullptr) << "two deliveries are to come";
  window.find(1)->deliveries_left = 0;
  window.retire();
  EXPECT_EQ(window.find(1), nullptr);
  EXPECT_EQ(window.find(2), nullptr);
  EXPECT_EQ(window.outstanding(), 0u);
  EXPECT_EQ(window.waiting(), 18u);
}

TEST(SendWindow, GrowsAroundItsEndWithoutForgetting) {
  SendWindow window;
  uint64_t due = 0;
  uint64_t expected = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 7; ++i) window.push_due(due++);
    for (int i = 0; i < 5; ++i) {
      const uint32_t seq = window.start(0, 0);
      Sent* sent = window.find(seq);
      ASSERT_NE(sent, nullptr);
      EXPECT_EQ(sent->due_ns, expected++);
      window.answer(*sent);
      window.retire();
    }
  }
  EXPECT_EQ(window.waiting(), 100u);
}

TEST(Payload, IsKnownByItsStampAndEveryByte) {
  const SendTemplate made(ChannelType::Person, 300, Framing::Wkproto);
  std::vector<std::byte> frame;
  made.append_to(frame, uid_of(7), {.sender = 6, .seq = 1234});
  std::span<std::byte> payload = std::span(frame).last(300);
  Stamp stamp;
  ASSERT_TRUE(made.is_ours(payload, stamp));
  EXPECT_EQ(stamp.sender, 6u);
  EXPECT_EQ(stamp.seq, 1234u);
  for (size_t i = 4; i < payload.size(); ++i) {  // behind the sender, which has no pattern
    payload[i] ^= std::byte{1};
    const bool known = made.is_ours(payload, stamp);
    EXPECT_TRUE(!known || stamp.seq != 1234) << "byte " << i;
    payload[i] ^= std::byte{1};
  }
  EXPECT_FALSE(made.is_ours(payload.first(299), stamp));
}

TEST(Names, HaveOneLengthAndCountInDecimal) {
  EXPECT_EQ(uid_of(42).view(), "load00000042");
  EXPECT_EQ(group_of(99'999'999).view(), "grup99999999");
}

TEST(Flow, IsDueByItsScheduleAloneAndWorkersTakeTurns) {
  Flow flow{.kind = FlowKind::Ping, .senders = {3, 1, 2}};
  flow.period_ns = 2.5;
  flow.offset_ns = 1;
  flow.start_ns = 1000;
  std::vector<uint64_t> due;
  std::vector<uint32_t> senders;
  for (; flow.moment < 5; ++flow.moment) {
    due.push_back(flow.due_ns());
    senders.push_back(flow.sender());
  }
  EXPECT_EQ(due, (std::vector<uint64_t>{1001, 1003, 1006, 1008, 1011})) << "no error adds up";
  EXPECT_EQ(senders, (std::vector<uint32_t>{3, 1, 2, 3, 1}));
}

TEST(Tally, TravelsAsTextAndAddsUp) {
  Tally one;
  one.sent = 5;
  one.lost = 1;
  one.seconds = 1.5;
  one.workers.push_back({.cpu_seconds = 0.25, .busy = 0.5});
  one.latencies[0].corrected.record(1000);
  one.lateness.record(7);
  one.fault("connection 3: two words");
  std::optional<Tally> read = Tally::from_text(one.to_text());
  ASSERT_TRUE(read.has_value());
  read->add(one);
  EXPECT_EQ(read->sent, 10u);
  EXPECT_EQ(read->lost, 2u);
  EXPECT_EQ(read->seconds, 1.5);
  ASSERT_EQ(read->workers.size(), 2u);
  EXPECT_EQ(read->workers[0].busy, 0.5);
  EXPECT_EQ(read->latencies[0].corrected.count(), 2u);
  EXPECT_EQ(read->latencies[0].uncorrected.count(), 0u);
  EXPECT_EQ(read->lateness.count(), 2u);
  EXPECT_EQ(read->faults.front(), "connection 3: two words");
  EXPECT_FALSE(read->correct());
  EXPECT_FALSE(Tally::from_text("sent many\n").has_value());
  EXPECT_FALSE(Tally::from_text("nonsense 1\n").has_value());
  EXPECT_FALSE(Tally::from_text("lateness HISTbroken\n").has_value());
}

TEST(Shares, KeepPairsAndGroupsTogetherAndLoseNobody) {
  Scenario scenario;
  scenario.kind = Kind::Fanout;
  scenario.group = 10;
  scenario.connections = 110;
  scenario.messages = 10;
  const auto shares = shares_of(scenario, 3, 20'000);
  ASSERT_TRUE(shares.ok());
  uint32_t connections = 0;
  uint64_t messages = 0;
  for (const Share& share : *shares) {
    EXPECT_EQ(share.first, connections);
    EXPECT_EQ(share.connections % 10, 0u);
    connections += share.connections;
    messages += share.messages;
  }
  EXPECT_EQ(connections, 110u);
  EXPECT_EQ(messages, 10u);
}

TEST(Shares, SayHowManyWorkersTheDescriptorsAskFor) {
  Scenario scenario;
  scenario.connections = 50'000;
  const auto refused = shares_of(scenario, 2, 20'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("--workers=3 or more"), absl::string_view::npos)
      << refused.status();
  EXPECT_TRUE(shares_of(scenario, 3, 20'000).ok());
  scenario.connections = 4;
  EXPECT_FALSE(shares_of(scenario, 5, 20'000).ok()) << "a worker without a connection";
}

}  // namespace
}  // namespace sluice::load
