#include "reactor/mailroom.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "scripted_poller.h"

namespace sluice {
namespace {

using test::ScriptedPoller;

struct Numbered {
  int number;
};
struct Reader {
  std::vector<int> numbers;
  void on_number(const Numbered& letter) { numbers.push_back(letter.number); }
  Mail mail(int number) { return make_mail<&Reader::on_number>(*this, {number}); }
};

// A mailbox with a sleeping or busy reader.
class MailboxTest : public testing::Test {
 protected:
  MailboxTest() { box_.set_poller(&poller_); }
  void read_all() {
    Mail mail;
    while (box_.try_take(&mail)) mail.run(mail);
  }

  ScriptedPoller poller_;
  Reader reader_;
  Mailbox box_{4};
};

TEST_F(MailboxTest, KeepsTheOrderOfItsLetters) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(box_.try_post(reader_.mail(i)));
  read_all();
  EXPECT_EQ(reader_.numbers, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(MailboxTest, SaysWhenItIsFullAndTakesMoreAfterwards) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(box_.try_post(reader_.mail(i)));
  EXPECT_FALSE(box_.try_post(reader_.mail(4)));
  Mail mail;
  EXPECT_TRUE(box_.try_take(&mail));
  EXPECT_TRUE(box_.try_post(reader_.mail(5)));
  EXPECT_FALSE(box_.try_post(reader_.mail(6)));
}

TEST_F(MailboxTest, RoundsItsSizeUpToAPowerOfTwo) {
  Mailbox box(5);
  int taken = 0;
  while (box.try_post(reader_.mail(taken))) ++taken;
  EXPECT_EQ(taken, 8);
}

TEST_F(MailboxTest, ABurstToASleeperIsOneWake) {
  EXPECT_TRUE(box_.try_sleep());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(box_.try_post(reader_.mail(i)));
  EXPECT_FALSE(box_.try_post(reader_.mail(4)));
  EXPECT_EQ(poller_.wakes(), 1);
  box_.awake();
  read_all();
  EXPECT_TRUE(box_.try_sleep());
  EXPECT_TRUE(box_.try_post(reader_.mail(5)));
  EXPECT_EQ(poller_.wakes(), 2);
}

TEST_F(MailboxTest, ALetterToABusyReaderIsNoWake) {
  EXPECT_TRUE(box_.try_post(reader_.mail(0)));
  EXPECT_FALSE(box_.try_sleep()) << "a letter is there";
  EXPECT_TRUE(box_.try_post(reader_.mail(1)));
  EXPECT_EQ(poller_.wakes(), 0);
  read_all();
  EXPECT_TRUE(box_.try_sleep());
  box_.awake();
  EXPECT_TRUE(box_.try_post(reader_.mail(2)));
  EXPECT_EQ(poller_.wakes(), 0);
}

TEST_F(MailboxTest, AKnockWakesWithoutALetter) {
  box_.knock();
  EXPECT_EQ(poller_.wakes(), 1);
  EXPECT_TRUE(box_.try_sleep());
}

TEST_F(MailboxTest, WritersThatWaitForRoomAreToldOnce) {
  EXPECT_EQ(box_.take_waiters(), 0U);
  box_.wait_for_room(0);
  box_.wait_for_room(5);
  box_.wait_for_room(5);
  box_.wait_for_room(63);
  EXPECT_EQ(box_.take_waiters(), uint64_t{1} << 63 | uint64_t{1} << 5 | 1U);
  EXPECT_EQ(box_.take_waiters(), 0U);
}

TEST(Mailroom, HasOneBoxForEachReactor) {
  Mailroom room(3, 2);
  EXPECT_EQ(room.size(), 3U);
  Reader reader;
  Mail mail;
  EXPECT_TRUE(room.box(1).try_post(reader.mail(1)));
  EXPECT_FALSE(room.box(0).try_take(&mail));
  EXPECT_FALSE(room.box(2).try_take(&mail));
  EXPECT_TRUE(room.box(1).try_take(&mail));
}

TEST(Mailroom, AThreadFromOutsideWaitsForRoomAndLosesNothing) {
  constexpr int kLetters = 50;
  Mailroom room(1, 2);
  ScriptedPoller poller;
  room.box(0).set_poller(&poller);
  Reader reader;
  std::thread outside([&] {
    for (int i = 0; i < kLetters; ++i) room.post_from_outside(0, reader.mail(i));
  });
  Mail mail;
  while (reader.numbers.size() < kLetters) {
    if (room.box(0).try_take(&mail)) mail.run(mail);
  }
  outside.join();
  for (int i = 0; i < kLetters; ++i) EXPECT_EQ(reader.numbers[static_cast<size_t>(i)], i);
}

TEST(MailroomDeathTest, HasOneTo64Reactors) {
  EXPECT_DEATH(Mailroom(0, 16), "1 to 64 reactors");
  EXPECT_DEATH(Mailroom(65, 16), "1 to 64 reactors");
  EXPECT_EQ(Mailroom(64, 2).size(), 64U);
}

}  // namespace
}  // namespace sluice
