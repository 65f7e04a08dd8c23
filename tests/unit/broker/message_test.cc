#include "broker/message.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr Token kSender = Token::make(3, 1, 5);

SendPacket full_packet() {
  SendPacket send;
  send.flags = kFlagRedDot | kFlagDup;
  send.setting = kSettingTopic | kSettingStream;
  send.client_seq = 42;
  send.client_msg_no = "m1";
  send.stream_no = "st";
  send.channel_id = "bob";
  send.channel_type = ChannelType::Person;
  send.expire_s = 60;
  send.msg_key = "k";
  send.topic = "weather";
  send.payload = bytes_of("hello");
  return send;
}

TEST(Message, CopiesEveryFieldOutOfThePacket) {
  BufferPool pool;
  // The packet's views go before the message does.
  std::string text = "m1|st|bob|k|weather|hello|alice";
  const std::string_view all = text;
  SendPacket send = full_packet();
  send.client_msg_no = all.substr(0, 2);
  send.stream_no = all.substr(3, 2);
  send.channel_id = all.substr(6, 3);
  send.msg_key = all.substr(10, 1);
  send.topic = all.substr(12, 7);
  send.payload = bytes_of(all.substr(20, 5));
  Message& message = Message::make(send, all.substr(26, 5), kSender, 3, 4, pool);
  text.assign(text.size(), '?');

  EXPECT_EQ(message.sender, kSender);
  EXPECT_EQ(message.home, 3U);
  EXPECT_EQ(message.client_seq, 42U);
  EXPECT_EQ(message.expire_s, 60U);
  EXPECT_EQ(message.flags, kFlagRedDot | kFlagDup);
  EXPECT_EQ(message.setting, kSettingTopic | kSettingStream);
  EXPECT_EQ(message.channel_type, ChannelType::Person);
  EXPECT_EQ(message.from, "alice");
  EXPECT_EQ(message.channel_id, "bob");
  EXPECT_EQ(message.client_msg_no, "m1");
  EXPECT_EQ(message.stream_no, "st");
  EXPECT_EQ(message.msg_key, "k");
  EXPECT_EQ(message.topic, "weather");
  EXPECT_EQ(text_of(message.payload), "hello");
  EXPECT_EQ(message.result, Reason::Success);
  EXPECT_EQ(message.message_id, 0);
  EXPECT_EQ(message.message_seq, 0U);
  Message::end(message, pool);
}

TEST(Message, DropsTheStreamBitOfAVersionWithoutStreamFields) {
  BufferPool pool;
  for (const uint8_t version : {uint8_t{1}, uint8_t{2}, uint8_t{3}, uint8_t{4}, uint8_t{5}}) {
    Message& message = Message::make(full_packet(), "alice", kSender, 0, version, pool);
    const bool streams = version >= 2 && version <= 4;
    EXPECT_EQ(message.setting, streams ? kSettingTopic | kSettingStream : kSettingTopic);
    Message::end(message, pool);
  }
}

TEST(Message, LivesInOnePieceOfStorageThatGoesBack) {
  BufferPool pool;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{1} << 20}) {
    const std::string payload(bytes, 'x');
    SendPacket send = full_packet();
    send.payload = bytes_of(payload);
    Message& message = Message::make(send, "alice", kSender, 0, 5, pool);
    EXPECT_EQ(text_of(message.payload), payload);
    const size_t text = std::string_view("alicebobm1stkweather").size();
    EXPECT_EQ(pool.lent_bytes(), BufferPool::class_of(sizeof(Message) + text + bytes));
    Message::end(message, pool);
    EXPECT_EQ(pool.lent_bytes(), 0U);
  }
}

TEST(Message, TellsTheLastHolder) {
  BufferPool pool;
  Message& message = Message::make(full_packet(), "alice", kSender, 0, 5, pool);
  message.hold();
  message.hold();
  EXPECT_FALSE(message.let_go());
  EXPECT_FALSE(message.let_go());
  EXPECT_TRUE(message.let_go());
  Message::end(message, pool);
}

TEST(Message, HasExactlyOneLastHolderAmongManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  BufferPool pool;
  for (int round = 0; round < kRounds; ++round) {
    Message& message = Message::make(full_packet(), "alice", kSender, 0, 5, pool);
    for (int i = 1; i < kThreads; ++i) message.hold();
    std::atomic<int> last{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        message.reach();
        if (message.let_go()) ++last;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(last.load(), 1);
    ASSERT_EQ(message.reached(), static_cast<uint32_t>(kThreads));
    Message::end(message, pool);
  }
}

}  // namespace
}  // namespace sluice
