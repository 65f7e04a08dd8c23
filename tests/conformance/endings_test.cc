// P4 end of stream told once · P14 both halves: a peer that shuts down its sending side still
// receives what was queued.
#include <sys/socket.h>

#include <cerrno>

#include "harness.h"

namespace sluice {
namespace {

const std::vector<int32_t> kEndedOnce{0};

TEST_P(Conformance, P04EndOfStreamIsToldOnce) {
  Link& link = connect();
  recv(link);
  write_all(link.client.get(), "bye");
  ::shutdown(link.client.get(), SHUT_WR);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  fence();
  EXPECT_EQ(link.received, "bye");
  EXPECT_EQ(link.recv_ends, kEndedOnce);
}

TEST_P(Conformance, P04EndOfStreamComesBehindTheLastByte) {
  // Around a block's size a poller may think that it has read everything.
  const size_t block = poller().caps().block_bytes;
  for (const size_t size : {size_t{0}, size_t{1}, block - 1, block, block + 1, 3 * block}) {
    SCOPED_TRACE(size);
    const std::string text = pattern(size, static_cast<uint32_t>(size));
    Link& link = connect();
    recv(link);
    alongside([&] {
      write_all(link.client.get(), text);
      ::shutdown(link.client.get(), SHUT_WR);
    });
    turn_until([&] { return !link.recv_open; }, "end of stream");
    EXPECT_TRUE(same_bytes(link.received, text));
    EXPECT_EQ(link.recv_ends, kEndedOnce);
  }
}

TEST_P(Conformance, P04AnEndBeforeRecvIsNotMissed) {
  Link& silent = connect();
  Link& talker = connect();
  silent.client.reset();
  write_all(talker.client.get(), "last words");
  talker.client.reset();
  fence();
  EXPECT_EQ(silent.news + talker.news, 0U) << "nobody has asked yet";
  recv(silent);
  recv(talker);
  turn_until([&] { return !silent.recv_open && !talker.recv_open; }, "both ends of stream");
  EXPECT_EQ(talker.received, "last words");
  EXPECT_EQ(silent.recv_ends, kEndedOnce);
  EXPECT_EQ(talker.recv_ends, kEndedOnce);
}

TEST_P(Conformance, P04AClientThatHasGoneBeforeItIsAcceptedEndsLikeAnyOther) {
  UniqueFd client = connect_client();
  write_all(client.get(), "hit and run");
  ::shutdown(client.get(), SHUT_RDWR);
  Link& link = link_of_client(std::move(client));
  recv(link);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  EXPECT_EQ(link.received, "hit and run");
  EXPECT_EQ(link.recv_ends, kEndedOnce);
}

TEST_P(Conformance, P04AResetIsToldOnce) {
  Link& link = connect();
  recv(link);
  settle();
  close_with_reset(link.client);
  turn_until([&] { return !link.recv_open; }, "the reset");
  fence();
  EXPECT_EQ(link.recv_ends, std::vector<int32_t>{-ECONNRESET});
}

TEST_P(Conformance, P04AResetWhileASendIsStuckEndsBothOperationsOnce) {
  const std::string much = pattern(kStuckBytes, 3);
  Link& link = connect();
  recv(link);
  send(link, much);
  settle();
  ASSERT_TRUE(link.send_open);
  close_with_reset(link.client);
  turn_until([&] { return !link.recv_open && !link.send_open; }, "the end of both");
  fence();
  ASSERT_EQ(link.recv_ends.size(), 1U);
  EXPECT_LE(link.recv_ends[0], 0);
  ASSERT_EQ(link.send_ends.size(), 1U);
  EXPECT_LT(link.send_ends[0], 0);
}

TEST_P(Conformance, P14APeerThatHasShutDownStillReceivesWhatWasQueued) {
  const std::string answer = pattern(kStuckBytes, 4);
  Link& link = connect();
  recv(link);
  write_all(link.client.get(), "a question");
  ::shutdown(link.client.get(), SHUT_WR);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  send(link, answer);
  const std::string got = client_reads(link, answer.size());
  EXPECT_TRUE(same_bytes(got, answer));
  turn_until([&] { return !link.send_open; }, "the end of the send");
  EXPECT_EQ(link.send_ends, std::vector<int32_t>{static_cast<int32_t>(answer.size())});
  shutdown_send(link);
  EXPECT_EQ(client_reads_all(link), "");
}

TEST_P(Conformance, P14AStuckSendOutlivesTheEndOfStream) {
  const std::string answer = pattern(kStuckBytes, 5);
  Link& link = connect();
  recv(link);
  send(link, answer);
  settle();
  ASSERT_TRUE(link.send_open);
  ::shutdown(link.client.get(), SHUT_WR);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  EXPECT_TRUE(link.send_open) << "the end of one half ended the other";
  EXPECT_TRUE(same_bytes(client_reads(link, answer.size()), answer));
  turn_until([&] { return !link.send_open; }, "the end of the send");
}

TEST_P(Conformance, P14ShutdownSendWaitsForTheSendInProgress) {
  const std::string answer = pattern(kStuckBytes, 6);
  Link& link = connect();
  send(link, answer);
  settle();
  ASSERT_TRUE(link.send_open);
  shutdown_send(link);
  settle();
  EXPECT_TRUE(link.send_open);
  EXPECT_TRUE(same_bytes(client_reads_all(link), answer)) << "all of it, and then FIN";
  turn_until([&] { return !link.send_open; }, "the end of the send");
  settle();
  EXPECT_LE(returns_until_seen_asleep(), kIdleReturnsMax) << "behind a FIN there is room for ever";
}

TEST_P(Conformance, P14BytesStillArriveAfterShutdownSend) {
  Link& link = connect();
  recv(link);
  send(link, "I am done");
  shutdown_send(link);
  EXPECT_EQ(client_reads_all(link), "I am done");
  client_sends(link, "I am not");
  turn_until([&] { return link.received == "I am not"; }, "the other half's bytes");
  ::shutdown(link.client.get(), SHUT_WR);
  turn_until([&] { return !link.recv_open; }, "end of stream");
  EXPECT_EQ(link.recv_ends, kEndedOnce);
}

}  // namespace
}  // namespace sluice
