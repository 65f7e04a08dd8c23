#include "reactor/reactor.h"

#include <gtest/gtest.h>

#include <string>

#include "scripted_poller.h"
#include "support/manual_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::ManualClock;
using test::ScriptedPoller;
using Diary = std::vector<std::string>;

struct Numbered {
  int number;
};

// Writes down what the reactor has it do, and when.
class DiaryResident final : public Resident {
 public:
  Diary diary;
  bool ready = false;
  std::function<void()> during_completion = [] {};
  std::function<void()> during_flush = [] {};

  void on_completion(const Completion& news, Instant now) override {
    diary.push_back("news " + std::to_string(news.who.value));
    last_now = now;
    during_completion();
  }
  bool has_ready() const override { return ready; }
  void run_ready(Instant) override {
    if (std::exchange(ready, false)) diary.push_back("ready");
  }
  void flush(Instant) override {
    diary.push_back("flush");
    during_flush();
  }
  void on_letter(const Numbered& letter) {
    diary.push_back("letter " + std::to_string(letter.number));
  }
  Mail letter(int number) { return make_mail<&DiaryResident::on_letter>(*this, {number}); }

  Instant last_now;
};

class DiaryTimer : public Timer {
 public:
  explicit DiaryTimer(Diary& diary) : Timer(&on_fire), diary_(diary) {}

 private:
  static void on_fire(Timer& timer, Instant) {
    static_cast<DiaryTimer&>(timer).diary_.push_back("timer");
  }
  Diary& diary_;
};

// Two reactors with small mailboxes, turned by hand on one thread.
class ReactorTest : public testing::Test {
 protected:
  static constexpr uint32_t kSlots = 2;
  ReactorTest() {
    one_.set_resident(&at_one_);
    two_.set_resident(&at_two_);
  }

  ManualClock clock_;
  Mailroom room_{2, kSlots};
  ScriptedPoller poller_one_;
  ScriptedPoller poller_two_;
  Reactor one_{0, poller_one_, clock_, room_};
  Reactor two_{1, poller_two_, clock_, room_};
  DiaryResident at_one_;
  DiaryResident at_two_;
};

TEST_F(ReactorTest, ATurnIsReadyWorkNewsTimersLettersFlush) {
  DiaryTimer timer(at_one_.diary);
  one_.wheel().arm(timer, clock_.now());
  one_.post(0, at_one_.letter(1));
  at_one_.ready = true;
  poller_one_.batches.push_back({{Token{7}, Op::Send, false, BlockId::None, 0, {}},
                                 {Token{8}, Op::Send, false, BlockId::None, 0, {}}});
  clock_.advance(10ms);
  one_.turn();
  EXPECT_EQ(at_one_.diary, (Diary{"ready", "news 7", "news 8", "timer", "letter 1", "flush"}));
  EXPECT_EQ(one_.turns().value(), 1U);
  EXPECT_EQ(one_.letters_run().value(), 1U);
}

TEST_F(ReactorTest, SleepsUntilTheNextTimerOrForEver) {
  one_.turn();
  DiaryTimer timer(at_one_.diary);
  one_.wheel().arm(timer, clock_.now() + 50ms);
  one_.turn();
  const Instant due = timer.deadline();
  clock_.advance(60ms);
  one_.turn();
  one_.turn();
  EXPECT_EQ(poller_one_.deadlines, (std::vector<Instant>{kNever, due, due, kNever}));
  EXPECT_EQ(at_one_.diary, (Diary{"flush", "flush", "timer", "flush", "flush"}));
}

TEST_F(ReactorTest, DoesNotSleepWhileThereIsReadyWork) {
  at_one_.ready = true;
  one_.turn();
  one_.turn();
  EXPECT_EQ(poller_one_.deadlines, (std::vector<Instant>{Instant::min(), kNever}));
}

TEST_F(ReactorTest, DoesNotSleepOverALetter) {
  two_.post(0, at_one_.letter(1));
  EXPECT_EQ(poller_one_.wakes(), 0) << "nobody slept yet";
  one_.turn();
  EXPECT_EQ(poller_one_.deadlines, std::vector<Instant>{Instant::min()});
  EXPECT_EQ(at_one_.diary, (Diary{"letter 1", "flush"}));
}

TEST_F(ReactorTest, ALetterWakesASleeperOnce) {
  poller_one_.during_wait = [this] {
    two_.post(0, at_one_.letter(1));
    two_.post(0, at_one_.letter(2));
  };
  one_.turn();
  EXPECT_EQ(poller_one_.wakes(), 1);
  EXPECT_EQ(at_one_.diary, (Diary{"letter 1", "letter 2", "flush"}));
}

TEST_F(ReactorTest, ReadsTheClockOnceATurn) {
  poller_one_.during_wait = [this] { clock_.advance(5ms); };
  at_one_.during_completion = [this] { clock_.advance(1ms); };
  poller_one_.batches.push_back({{Token{1}, Op::Send, false, BlockId::None, 0, {}},
                                 {Token{2}, Op::Send, false, BlockId::None, 0, {}}});
  const Instant after_sleep = clock_.now() + 5ms;
  one_.turn();
  EXPECT_EQ(one_.now(), after_sleep);
  EXPECT_EQ(at_one_.last_now, after_sleep);
}

TEST_F(ReactorTest, ReadsTheWallClockOnceATurnAndOnlyWhenAsked) {
  std::vector<WallMs> told;
  at_one_.during_completion = [&] {
    clock_.set_wall_ms(5'000 + static_cast<WallMs>(told.size()));
    told.push_back(one_.wall_ms());
  };
  const Completion news{Token{1}, Op::Send, false, BlockId::None, 0, {}};
  poller_one_.batches.push_back({news, news, news});
  poller_one_.batches.push_back({news});
  one_.turn();
  one_.turn();
  EXPECT_EQ(told, (std::vector<WallMs>{5'000, 5'000, 5'000, 5'003}));
}

TEST_F(ReactorTest, LettersHaveABudgetATurn) {
  Mailroom room(1, 4'096);
  Reactor reactor(0, poller_one_, clock_, room);
  reactor.set_resident(&at_one_);
  for (int i = 0; i < 1'500; ++i) reactor.post(0, at_one_.letter(i));
  reactor.turn();
  EXPECT_EQ(reactor.letters_run().value(), 1'024U);
  EXPECT_EQ(at_one_.diary.back(), "flush");
  reactor.turn();
  EXPECT_EQ(reactor.letters_run().value(), 1'500U);
  reactor.turn();
  EXPECT_EQ(poller_one_.deadlines, (std::vector<Instant>{Instant::min(), Instant::min(), kNever}));
  EXPECT_EQ(at_one_.diary.size(), 1'503U);
}

TEST_F(ReactorTest, LettersForAFullMailboxWaitInOrder) {
  for (int i = 0; i < 7; ++i) two_.post(0, at_one_.letter(i));
  EXPECT_FALSE(two_.outboxes_empty());
  EXPECT_FALSE(two_.outboxes_empty());
  EXPECT_EQ(two_.letters_posted().value(), 7U);
  EXPECT_EQ(two_.mailbox_full().value(), 7U - kSlots);
  for (int i = 0; i < 4; ++i) {
    one_.turn();
    two_.turn();
  }
  EXPECT_TRUE(two_.outboxes_empty());
  EXPECT_TRUE(two_.outboxes_empty());
  Diary letters;
  for (const std::string& entry : at_one_.diary) {
    if (entry != "flush") letters.push_back(entry);
  }
  EXPECT_EQ(letters, (Diary{"letter 0", "letter 1", "letter 2", "letter 3", "letter 4", "letter 5",
                            "letter 6"}));
}

TEST_F(ReactorTest, AWriterThatWaitsForRoomIsWokenWhenThereIsSome) {
  for (int i = 0; i < 3; ++i) two_.post(0, at_one_.letter(i));
  two_.turn();  // It finds no room either, and would sleep now.
  EXPECT_EQ(two_.outboxes_empty(), false);
  const int before = poller_two_.wakes();
  one_.turn();
  EXPECT_EQ(poller_two_.wakes(), before + 1);
  two_.turn();
  EXPECT_TRUE(two_.outboxes_empty());
}

// A sender that had waited for room went on at the flush, the last act of a turn, and met a full
// mailbox again. Nobody had registered for room by then: both reactors slept, the letter with them.
TEST_F(ReactorTest, ALetterPostedAtTheFlushIsNotForgottenInASleep) {
  at_two_.during_flush = [this] {
    for (int i = 0; i < 3; ++i) two_.post(0, at_one_.letter(i));
    at_two_.during_flush = [] {};
  };
  two_.turn();
  ASSERT_FALSE(two_.outboxes_empty());
  EXPECT_EQ(poller_two_.wakes(), 0);
  one_.turn();
  EXPECT_EQ(poller_two_.wakes(), 1) << "there is room, and the writer does not know";
  two_.turn();
  EXPECT_TRUE(two_.outboxes_empty());
}

TEST_F(ReactorTest, MayWriteToItself) {
  for (int i = 0; i < 5; ++i) one_.post(0, at_one_.letter(i));
  EXPECT_FALSE(one_.outboxes_empty());
  for (int i = 0; i < 3; ++i) one_.turn();
  EXPECT_EQ(one_.letters_run().value(), 5U);
  EXPECT_TRUE(one_.outboxes_empty());
}

TEST_F(ReactorTest, RunsACallBetweenTheNewsAndTheFlush) {
  one_.call([this] { at_one_.diary.push_back("call"); });
  poller_one_.batches.push_back({{Token{1}, Op::Send, false, BlockId::None, 0, {}}});
  one_.turn();
  EXPECT_EQ(at_one_.diary, (Diary{"news 1", "call", "flush"}));
}

TEST_F(ReactorTest, RunsUntilItIsStopped) {
  poller_one_.during_wait = [this] {
    if (one_.turns().value() == 2) one_.stop();
  };
  one_.run();
  EXPECT_EQ(one_.turns().value(), 3U) << "the turn in progress is finished";
  EXPECT_EQ(poller_one_.wakes(), 1);
}

}  // namespace
}  // namespace sluice
