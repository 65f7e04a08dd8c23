#include "broker/memory_broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reactor/ownership.h"
#include "support/manual_clock.h"
#include "support/sim_poller.h"

namespace sluice {
namespace {

using test::ManualClock;
using test::SimPoller;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What the engine did with a message: where, for whom, and as what.
struct Event {
  uint32_t reactor;
  std::string what;  // "to alice", "to group room", "done"
  std::string text;
  uint32_t sequence;
  int64_t id;
  Reason result;
};

// Nobody lives here: letters are all that happens.
class EmptyResident final : public Resident {
 public:
  void on_completion(const Completion&, Instant) override {}
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}
};

// Writes down what it is asked, and lets every message go at once.
class ScribeClient final : public BrokerClient {
 public:
  ScribeClient(uint32_t reactor, std::vector<Event>& events, BufferPool& pool)
      : reactor_(reactor), events_(events), pool_(pool) {}
  void deliver_to_uid(std::string_view uid, Message& message) override {
    note("to " + std::string(uid), message);
    let_go(message);
  }
  void deliver_to_group(Message& message) override {
    note("to group " + std::string(message.channel_id), message);
    let_go(message);
  }
  void let_go(Message& message) override {
    if (!message.let_go()) return;
    note("done", message);
    Message::end(message, pool_);
  }
  void on_subscribed(Subscription& subscription) override {
    const std::unique_ptr<Subscription> mine(&subscription);
    subscribed.push_back(mine->uid + (mine->subscribe ? " joined " : " left ") + mine->channel_id);
  }

  std::vector<std::string> subscribed;

 private:
  void note(const std::string& what, const Message& message) {
    events_.push_back({reactor_, what, std::string(text_of(message.payload)), message.message_seq,
                       message.message_id, message.result});
  }

  const uint32_t reactor_;
  std::vector<Event>& events_;
  BufferPool& pool_;
};

// N brokers on N reactors, turned by hand.
class Brokers {
 public:
  explicit Brokers(uint32_t count, uint32_t mailbox_slots = 64) : mailroom_(count, mailbox_slots) {
    for (uint32_t i = 0; i < count; ++i) {
      pollers_.push_back(std::make_unique<SimPoller>());
      reactors_.push_back(std::make_unique<Reactor>(i, *pollers_[i], clock_, mailroom_));
      reactors_[i]->set_resident(&resident_);
      clients_.push_back(std::make_unique<ScribeClient>(i, events, pool_));
      brokers_.push_back(
          std::make_unique<MemoryBroker>(*reactors_[i], *clients_[i], ids_, siblings_));
      siblings_.push_back(brokers_[i].get());
    }
  }
  ~Brokers() { EXPECT_EQ(pool_.lent_bytes(), 0U) << "a message was lost"; }

  // Without turning: what the channel's owner has to do waits in its mailbox.
  void publish(uint32_t home, std::string_view from, std::string_view to, std::string_view text,
               ChannelType type = ChannelType::Person, uint8_t flags = 0, bool echo = true) {
    SendPacket send;
    send.flags = flags;
    send.channel_id = to;
    send.channel_type = type;
    send.payload = bytes_of(text);
    Message& message = Message::make(send, from, Token::make(home, 1, 1), home, 5, pool_);
    message.echo = echo;
    brokers_[home]->publish(message);
  }
  void apply(uint32_t asker, std::string_view uid, std::string_view group, bool subscribe) {
    auto* subscription = new Subscription;
    subscription->uid = uid;
    subscription->channel_id = group;
    subscription->subscribe = subscribe;
    brokers_[asker]->apply(*subscription);
    settle();
  }
  void drop(uint32_t from, std::string_view uid, std::string_view group) {
    brokers_[from]->drop(uid, group);
    settle();
  }
  void settle() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (auto& reactor : reactors_) {
        const uint64_t before = reactor->letters_run().value();
        reactor->turn();
        moved |= reactor->letters_run().value() != before || !reactor->outboxes_empty();
      }
      for (auto& poller : pollers_) moved |= !poller->idle();
    }
  }

  uint32_t size() const { return static_cast<uint32_t>(reactors_.size()); }
  uint32_t owner(std::string_view name) const { return owner_of(name, size()); }
  std::vector<std::string>& subscribed(uint32_t reactor) { return clients_[reactor]->subscribed; }
  size_t channels() const {
    size_t sum = 0;
    for (const auto& broker : brokers_) sum += broker->channels();
    return sum;
  }
  uint64_t mailbox_full() const {
    uint64_t sum = 0;
    for (const auto& reactor : reactors_) sum += reactor->mailbox_full().value();
    return sum;
  }
  ManualClock& clock() { return clock_; }

  // All of one kind, as "text/sequence".
  std::vector<std::string> seen(std::string_view what) const {
    std::vector<std::string> lines;
    for (const Event& event : events) {
      if (event.what == what) lines.push_back(absl::StrCat(event.text, "/", event.sequence));
    }
    return lines;
  }

  std::vector<Event> events;

 private:
  ManualClock clock_;
  Mailroom mailroom_;
  BufferPool pool_;
  Snowflake ids_{7};
  EmptyResident resident_;
  MemoryBroker::Siblings siblings_;
  std::vector<std::unique_ptr<SimPoller>> pollers_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::vector<std::unique_ptr<ScribeClient>> clients_;
  std::vector<std::unique_ptr<MemoryBroker>> brokers_;
};

// Every rule holds on one reactor, where all is a call, and on several, where all is letters.
class MemoryBrokerOn : public ::testing::TestWithParam<uint32_t> {
 protected:
  Brokers brokers_{GetParam()};
  const uint32_t last_ = GetParam() - 1;
};
INSTANTIATE_TEST_SUITE_P(Reactors, MemoryBrokerOn, ::testing::Values(1, 2, 3, 8));

TEST_P(MemoryBrokerOn, DeliversAPersonMessageToBothSidesAndThenIsDone) {
  brokers_.publish(0, "alice", "bob", "hi");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("to bob"), ElementsAre("hi/1"));
  EXPECT_THAT(brokers_.seen("to alice"), ElementsAre("hi/1"));
  EXPECT_THAT(brokers_.seen("done"), ElementsAre("hi/1"));
  EXPECT_EQ(brokers_.events.back().what, "done");
}

TEST_P(MemoryBrokerOn, DeliversToTheReceiverOnlyWhereTheSenderIsAlone) {
  brokers_.publish(0, "alice", "bob", "hi", ChannelType::Person, 0, false);
  brokers_.publish(0, "alice", "alice", "note", ChannelType::Person, 0, false);
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("to bob"), ElementsAre("hi/1"));
  EXPECT_THAT(brokers_.seen("to alice"), ElementsAre("note/1")) << "she wrote to herself";
  EXPECT_THAT(brokers_.seen("done"), UnorderedElementsAre("hi/1", "note/1"));
}

TEST_P(MemoryBrokerOn, DeliversOnTheReactorThatOwnsTheUid) {
  for (int i = 0; i < 20; ++i) {
    brokers_.publish(0, absl::StrCat("a", i), absl::StrCat("b", i), "hi");
  }
  brokers_.settle();
  size_t deliveries = 0;
  for (const Event& event : brokers_.events) {
    if (event.what == "done") continue;
    EXPECT_EQ(event.reactor, brokers_.owner(event.what.substr(3))) << event.what;
    ++deliveries;
  }
  EXPECT_EQ(deliveries, 40U);
}

TEST_P(MemoryBrokerOn, DeliversAMessageToOneselfOnce) {
  brokers_.publish(last_, "alice", "alice", "note");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("to alice"), ElementsAre("note/1"));
  EXPECT_THAT(brokers_.seen("done"), ElementsAre("note/1"));
}

TEST_P(MemoryBrokerOn, CountsAPersonChannelFromBothSides) {
  brokers_.publish(0, "alice", "bob", "1");
  brokers_.settle();
  brokers_.publish(last_, "bob", "alice", "2");
  brokers_.settle();
  brokers_.publish(0, "alice", "bob", "3");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("to bob"), ElementsAre("1/1", "2/2", "3/3"));
  EXPECT_EQ(brokers_.channels(), 1U);
}

TEST_P(MemoryBrokerOn, CountsEveryChannelFromOne) {
  brokers_.publish(0, "alice", "bob", "x");
  brokers_.publish(0, "alice", "carol", "y");
  brokers_.publish(0, "bob", "carol", "z");
  brokers_.publish(0, "alice", "alice", "w");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("done"), UnorderedElementsAre("x/1", "y/1", "z/1", "w/1"));
  EXPECT_EQ(brokers_.channels(), 4U);
}

TEST_P(MemoryBrokerOn, TellsPersonChannelsApartWhoseUidsRunTogether) {
  brokers_.publish(0, "a", "bcd", "1");
  brokers_.publish(0, "ab", "cd", "2");
  brokers_.publish(0, "abc", "d", "3");
  brokers_.publish(0, "abcd", "ab", "4");
  brokers_.publish(0, "ab", "ab", "5");
  brokers_.settle();
  brokers_.publish(last_, "cd", "ab", "6");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("done"),
              UnorderedElementsAre("1/1", "2/1", "3/1", "4/1", "5/1", "6/2"));
  EXPECT_EQ(brokers_.channels(), 5U);
}

// A table that grows hashes the names it keeps, a look-up hashes the two uids.
TEST_P(MemoryBrokerOn, FindsAPersonChannelAgainAmongAThousand) {
  for (int round = 1; round <= 2; ++round) {
    for (int i = 0; i < 1000; ++i) brokers_.publish(0, "alice", absl::StrCat("friend", i), "hi");
    brokers_.settle();
    EXPECT_EQ(brokers_.channels(), 1000U);
  }
  EXPECT_EQ(brokers_.events.back().sequence, 2U);
}

TEST(PersonChannel, HasOneNameFromBothSides) {
  EXPECT_EQ(PersonChannel("bob", "alice").name(), "alice#bob");
  EXPECT_EQ(PersonChannel("alice", "bob").name(), "alice#bob");
  EXPECT_EQ(PersonChannel("alice", "alice").name(), "alice#alice");
  const std::string name = "al#alice";
  EXPECT_EQ(PersonChannel(name).low, "al");
  EXPECT_EQ(PersonChannel(name).high, "alice");
}

TEST_P(MemoryBrokerOn, GivesNoSequenceToWhatIsNotPersisted) {
  brokers_.publish(0, "alice", "bob", "typing", ChannelType::Person, kFlagNoPersist);
  brokers_.settle();
  EXPECT_EQ(brokers_.channels(), 0U);
  brokers_.publish(0, "alice", "bob", "hi");
  brokers_.publish(0, "alice", "bob", "typing", ChannelType::Person, kFlagNoPersist);
  brokers_.publish(0, "alice", "bob", "there");
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("to bob"), ElementsAre("typing/0", "hi/1", "typing/0", "there/2"));
  for (const Event& event : brokers_.events) EXPECT_GT(event.id, 0);
}

TEST_P(MemoryBrokerOn, StampsIdsThatRiseWithTheSequence) {
  for (int i = 0; i < 10; ++i) brokers_.publish(0, "alice", "bob", absl::StrCat(i));
  brokers_.settle();
  int64_t last = 0;
  for (const Event& event : brokers_.events) {
    if (event.what != "to bob") continue;
    EXPECT_GT(event.id, last);
    last = event.id;
  }
}

TEST_P(MemoryBrokerOn, RefusesAGroupMessageOfAStranger) {
  brokers_.publish(0, "alice", "room", "hi", ChannelType::Group);
  brokers_.settle();
  ASSERT_EQ(brokers_.events.size(), 1U);
  EXPECT_EQ(brokers_.events[0].what, "done");
  EXPECT_EQ(brokers_.events[0].result, Reason::NotAllowSend);
  EXPECT_EQ(brokers_.events[0].sequence, 0U);
  EXPECT_EQ(brokers_.events[0].id, 0);
  EXPECT_EQ(brokers_.channels(), 0U);
}

TEST_P(MemoryBrokerOn, DeliversAGroupMessageOnEveryReactor) {
  brokers_.apply(0, "alice", "room", true);
  brokers_.publish(last_, "alice", "room", "hi", ChannelType::Group);
  brokers_.settle();
  std::vector<uint32_t> reactors;
  for (const Event& event : brokers_.events) {
    if (event.what == "to group room") reactors.push_back(event.reactor);
  }
  std::vector<uint32_t> all(brokers_.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  EXPECT_THAT(reactors, ::testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(brokers_.seen("done"), ElementsAre("hi/1"));
  EXPECT_EQ(brokers_.events.back().result, Reason::Success);
}

TEST_P(MemoryBrokerOn, AnswersASubscriptionWhereItWasAsked) {
  for (uint32_t asker = 0; asker < brokers_.size(); ++asker) {
    brokers_.apply(asker, "alice", "room", true);
    brokers_.apply(asker, "alice", "room", false);
    EXPECT_THAT(brokers_.subscribed(asker), ElementsAre("alice joined room", "alice left room"));
  }
}

TEST_P(MemoryBrokerOn, EndsASubscriptionByUnsubscribing) {
  brokers_.apply(0, "alice", "room", true);
  brokers_.apply(0, "bob", "room", true);
  brokers_.apply(last_, "alice", "room", false);
  brokers_.publish(0, "alice", "room", "hi", ChannelType::Group);
  brokers_.settle();
  EXPECT_EQ(brokers_.events.back().result, Reason::NotAllowSend);
  brokers_.publish(0, "bob", "room", "hi", ChannelType::Group);
  brokers_.settle();
  EXPECT_EQ(brokers_.events.back().result, Reason::Success);
}

TEST_P(MemoryBrokerOn, EndsASubscriptionByDroppingWithoutAnAnswer) {
  brokers_.apply(0, "alice", "room", true);
  brokers_.drop(last_, "alice", "room");
  EXPECT_THAT(brokers_.subscribed(0), ElementsAre("alice joined room"));
  if (last_ != 0) {
    EXPECT_THAT(brokers_.subscribed(last_), IsEmpty());
  }
  brokers_.publish(0, "alice", "room", "hi", ChannelType::Group);
  brokers_.settle();
  EXPECT_EQ(brokers_.events.back().result, Reason::NotAllowSend);
}

TEST_P(MemoryBrokerOn, TakesTwoSubscriptionsForOne) {
  brokers_.apply(0, "alice", "room", true);
  brokers_.apply(0, "alice", "room", true);
  brokers_.apply(0, "alice", "room", false);
  brokers_.publish(0, "alice", "room", "hi", ChannelType::Group);
  brokers_.settle();
  EXPECT_EQ(brokers_.events.back().result, Reason::NotAllowSend);
}

TEST_P(MemoryBrokerOn, AnswersUnsubscribingFromAGroupThatNeverWas) {
  brokers_.apply(0, "alice", "room", false);
  EXPECT_THAT(brokers_.subscribed(0), ElementsAre("alice left room"));
  brokers_.drop(0, "alice", "other");
  EXPECT_EQ(brokers_.channels(), 0U);
}

TEST_P(MemoryBrokerOn, ForgetsAnEmptyGroupUnlessItHasCountedMessages) {
  brokers_.apply(0, "alice", "quiet", true);
  EXPECT_EQ(brokers_.channels(), 1U);
  brokers_.drop(0, "alice", "quiet");
  EXPECT_EQ(brokers_.channels(), 0U);
  brokers_.apply(0, "alice", "loud", true);
  brokers_.publish(0, "alice", "loud", "1", ChannelType::Group);
  brokers_.settle();
  brokers_.drop(0, "alice", "loud");
  EXPECT_EQ(brokers_.channels(), 1U);
  brokers_.apply(0, "alice", "loud", true);
  brokers_.publish(0, "alice", "loud", "2", ChannelType::Group);
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("done"), ElementsAre("1/1", "2/2"));
}

TEST_P(MemoryBrokerOn, CountsAGroupWithoutTheUnpersisted) {
  brokers_.apply(0, "alice", "room", true);
  brokers_.publish(0, "alice", "room", "a", ChannelType::Group);
  brokers_.publish(0, "alice", "room", "b", ChannelType::Group, kFlagNoPersist);
  brokers_.publish(0, "alice", "room", "c", ChannelType::Group);
  brokers_.settle();
  EXPECT_THAT(brokers_.seen("done"), ElementsAre("a/1", "b/0", "c/2"));
}

TEST(MemoryBroker, StampsTheWallClockOfTheOwner) {
  Brokers brokers(1);
  brokers.clock().set_wall_ms(1'800'000'000'123);
  brokers.publish(0, "alice", "bob", "hi");
  brokers.settle();
  EXPECT_EQ(brokers.events[0].id >> 22, 1'800'000'000'123 - 1'577'836'800'000);
}

TEST(MemoryBroker, KeepsGroupsAndPeopleOfOneNameApart) {
  Brokers brokers(2);
  brokers.apply(0, "alice", "bob", true);
  brokers.publish(0, "alice", "bob", "person");
  brokers.publish(0, "alice", "bob", "group", ChannelType::Group);
  brokers.settle();
  EXPECT_THAT(brokers.seen("to bob"), ElementsAre("person/1"));
  EXPECT_THAT(brokers.seen("to group bob"), ElementsAre("group/1", "group/1"));
}

// The smallest mailbox there is: hundreds of letters wait in the senders' outboxes, in order.
TEST(MemoryBroker, LosesNothingThroughMailboxesOfTwoSlots) {
  constexpr int kEach = 300;
  Brokers brokers(3, 2);
  for (uint32_t i = 0; i < 3; ++i) brokers.apply(i, absl::StrCat("u", i), "room", true);
  for (int n = 0; n < kEach; ++n) {
    for (uint32_t i = 0; i < 3; ++i) {
      const std::string text = absl::StrCat(i, ":", n);
      brokers.publish(i, absl::StrCat("u", i), "room", text, ChannelType::Group);
      brokers.publish(i, absl::StrCat("u", i), absl::StrCat("u", (i + 1) % 3), text);
    }
  }
  brokers.settle();
  EXPECT_GT(brokers.mailbox_full(), 0U);
  // Each reactor sees the group in the order of its sequence, without a gap.
  std::map<uint32_t, uint32_t> group_last;
  std::map<std::tuple<uint32_t, std::string>, int> sender_last;
  size_t person = 0;
  size_t done = 0;
  for (const Event& event : brokers.events) {
    if (event.what == "done") {
      ++done;
    } else if (event.what == "to group room") {
      EXPECT_EQ(event.sequence, ++group_last[event.reactor]);
      const std::string sender = event.text.substr(0, 1);
      const int n = std::atoi(event.text.c_str() + 2);
      int& last = sender_last.try_emplace({event.reactor, sender}, -1).first->second;
      EXPECT_EQ(n, last + 1) << "of sender " << sender;
      last = n;
    } else {
      ++person;
    }
  }
  EXPECT_EQ(done, 6U * kEach);
  EXPECT_EQ(person, 2U * 3 * kEach);
  for (const auto& [reactor, last] : group_last) EXPECT_EQ(last, 3U * kEach) << reactor;
}

}  // namespace
}  // namespace sluice
