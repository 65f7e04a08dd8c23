// The whole promise at once: thousands of connections, messages in full flow, SIGTERM.
//
// Size and effort: SLUICE_TEST_CONNECTIONS connections, made by this one process. Half the
// peers speak wkproto, half frame6; the two of a pair talk to each other with a few SENDs on
// their way at any time. The signal comes in the midst of it.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "support/e2e/gateway_test.h"
#include "support/e2e/peer_crowd.h"

namespace sluice {
namespace {

class DrainUnderLoad : public GatewayTest {};
SLUICE_GATEWAY_SUITE(DrainUnderLoad);

// SENDs of one peer that wait for their SENDACK: enough to get out of order, were that possible.
constexpr uint32_t kOnTheWay = 3;

// Conversations in pairs: 0 with 1, 2 with 3. Keeps the books of what was sent, promised, received.
class Conversations final : public PeerCrowd::Guide {
 public:
  void start(PeerCrowd& crowd) {
    crowd_ = &crowd;
    books_.resize(crowd.size());
    for (uint32_t i = 0; i < kOnTheWay; ++i) {
      for (PeerCrowd::Peer peer = 0; peer < crowd.size(); ++peer) say(peer);
    }
  }

  void on_frame(PeerCrowd::Peer peer, const Frame& frame) override {
    if (frame.type == PacketType::Sendack) {
      on_sendack(peer, frame);
    } else if (frame.type == PacketType::Recv) {
      on_recv(peer, frame);
    } else {
      ADD_FAILURE() << PeerCrowd::uid_of(peer) << " got " << name_of(frame.type);
    }
  }

  void on_end(PeerCrowd::Peer, TestPeer::News how) override {
    if (how == TestPeer::News::Reset) ++resets_;
  }

  size_t acknowledged() const { return acknowledged_; }
  size_t received() const { return received_; }
  size_t resets() const { return resets_; }

  // Every message that was promised to a sender reached its receiver, the last ones included.
  void expect_promises_kept() const {
    for (PeerCrowd::Peer peer = 0; peer < books_.size(); ++peer) {
      const Book& sender = books_[peer];
      const Book& receiver = books_[peer ^ 1];
      ASSERT_LE(sender.acknowledged, receiver.received) << PeerCrowd::uid_of(peer);
      ASSERT_LE(receiver.received, sender.said) << PeerCrowd::uid_of(peer);
    }
  }

 private:
  struct Book {
    uint32_t said = 0;          // SENDs, numbered from 1
    uint64_t unanswered = 0;    // those without SENDACK: bits, by their number modulo 64
    uint32_t acknowledged = 0;  // the highest one with SENDACK Success
    uint32_t received = 0;      // the partner's, in order and without a gap
  };

  static uint64_t bit_of(uint32_t number) { return uint64_t{1} << number % 64; }

  void say(PeerCrowd::Peer peer) {
    Book& book = books_[peer];
    book.unanswered |= bit_of(++book.said);
    const std::string to = PeerCrowd::uid_of(peer ^ 1);
    const std::string text = std::to_string(peer) + ":" + std::to_string(book.said);
    SendPacket send;
    send.client_seq = book.said;
    send.channel_id = to;
    send.payload = bytes_of(text);
    crowd_->send(peer, send);
  }

  void on_sendack(PeerCrowd::Peer peer, const Frame& frame) {
    Book& book = books_[peer];
    SendackPacket ack;
    const bool ok = decode(frame, kProtocolVersionMax, ack).ok() && ack.reason == Reason::Success;
    if (!ok || (book.unanswered & bit_of(ack.client_seq)) == 0) {
      ADD_FAILURE() << PeerCrowd::uid_of(peer) << ": SENDACK " << name_of(ack.reason) << " of "
                    << ack.client_seq;
      return;
    }
    book.unanswered &= ~bit_of(ack.client_seq);
    book.acknowledged = std::max(book.acknowledged, ack.client_seq);
    ++acknowledged_;
    say(peer);
  }

  void on_recv(PeerCrowd::Peer peer, const Frame& frame) {
    RecvPacket recv;
    const bool ok = decode(frame, kProtocolVersionMax, recv).ok();
    const uint32_t due = ++books_[peer].received;
    const std::string text = std::to_string(peer ^ 1) + ":" + std::to_string(due);
    if (!ok || text_of(recv.payload) != text) {
      ADD_FAILURE() << PeerCrowd::uid_of(peer) << " got " << text_of(recv.payload)
                    << " when it was the turn of " << text;
    }
    ++received_;
  }

  PeerCrowd* crowd_ = nullptr;
  std::vector<Book> books_;
  size_t acknowledged_ = 0;
  size_t received_ = 0;
  size_t resets_ = 0;
};

size_t connections_wanted() {
  const char* text = std::getenv("SLUICE_TEST_CONNECTIONS");
  const int number = text == nullptr ? 15000 : std::atoi(text);
  return static_cast<size_t>(std::max(number, 2)) & ~size_t{1};
}

// A line for the reader of the test's output.
void tell(std::chrono::steady_clock::time_point since, const std::string& what) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - since);
  std::printf("  %6lld ms  %s\n", static_cast<long long>(ms.count()), what.c_str());
  std::fflush(stdout);
}

TEST_P(DrainUnderLoad, LosesNoMessageThatItAcknowledged) {
  const size_t connections = connections_wanted();
  GatewayProcess& gateway = start();
  const auto since = std::chrono::steady_clock::now();
  Conversations conversations;
  PeerCrowd crowd(conversations);
  PeerOptions frame6;
  frame6.framing = Framing::Frame6;
  ASSERT_TRUE(crowd.join(gateway.address(), connections / 2, {}));
  ASSERT_TRUE(crowd.join(gateway.address(), connections - connections / 2, frame6));
  tell(since, std::to_string(crowd.open()) + " connections authenticated, gateway resident " +
                  std::to_string(gateway.resident_bytes() / 1024) + " KiB");

  conversations.start(crowd);
  while (conversations.received() < 5 * connections) ASSERT_TRUE(crowd.turn());
  const size_t before = conversations.acknowledged();
  gateway.send_signal(SIGTERM);
  tell(since, std::to_string(before) + " messages acknowledged, SIGTERM");
  while (crowd.open() > 0) ASSERT_TRUE(crowd.turn());
  EXPECT_EQ(gateway.wait_exit(), 0);
  tell(since, std::to_string(conversations.acknowledged()) + " acknowledged and " +
                  std::to_string(conversations.received()) + " received in all");

  conversations.expect_promises_kept();
  EXPECT_EQ(conversations.resets(), 0U) << "every peer hears FIN, none RST";
  EXPECT_EQ(closes(gateway, "slow_consumer"), 0U);
}

}  // namespace
}  // namespace sluice
