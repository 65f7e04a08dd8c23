#include "reactor/acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/log.h"
#include "poller/make_poller.h"
#include "support/manual_clock.h"
#include "support/poller_few_descriptors.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::FewDescriptors;
using test::ManualClock;
using testing::HasSubstr;

const Address kAny = *Address::parse("127.0.0.1:0");

// An acceptor on a real poller; its reactor is turned by hand, its clock stands still.
class AcceptorTest : public testing::Test, public Resident {
 protected:
  AcceptorTest()
      : poller_(*make_poller(*PollerSpec::parse("epoll"), clock_)),
        reactor_(3, *poller_, clock_, room_),
        acceptor_(reactor_, [this](UniqueFd fd) { newcomers_.push_back(std::move(fd)); }) {
    reactor_.set_resident(this);
  }

  void on_completion(const Completion& news, Instant now) override {
    EXPECT_TRUE(is_listener(news.who));
    EXPECT_EQ(news.who.reactor(), 3U);
    acceptor_.on_completion(news, now);
  }
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}

  Address listen_or_die() {
    const absl::StatusOr<Address> at = acceptor_.listen(kAny, {});
    EXPECT_TRUE(at.ok()) << at.status();
    return at.ok() ? *at : Address();
  }
  // What the kernel's queue already holds is accepted; nothing sleeps.
  void turn() {
    poller_->wake();
    reactor_.turn();
  }
  void turn_until_newcomers(size_t count) {
    while (newcomers_.size() < count) reactor_.turn();
  }
  // As many clients as descriptors that exist already: connecting needs none.
  static std::vector<UniqueFd> make_sockets(size_t count) {
    std::vector<UniqueFd> sockets;
    for (size_t i = 0; i < count; ++i) {
      sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    return sockets;
  }
  static void connect_all(const std::vector<UniqueFd>& sockets, const Address& to) {
    sockaddr_storage storage;
    const socklen_t size = to.to_sockaddr(&storage);
    for (const UniqueFd& fd : sockets) {
      ASSERT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
    }
  }

  ManualClock clock_;
  Mailroom room_{4, 2};
  std::unique_ptr<Poller> poller_;
  Reactor reactor_;
  std::vector<UniqueFd> newcomers_;
  Acceptor acceptor_;
};

TEST_F(AcceptorTest, HandsNewcomersOn) {
  const Address at = listen_or_die();
  EXPECT_NE(at.port(), 0);
  const absl::StatusOr<UniqueFd> first = connect_tcp(at);
  const absl::StatusOr<UniqueFd> second = connect_tcp(at);
  ASSERT_TRUE(first.ok() && second.ok());
  turn_until_newcomers(2);
  EXPECT_EQ(peer_address(newcomers_[0].get()), local_address(first->get()));
  EXPECT_EQ(peer_address(newcomers_[1].get()), local_address(second->get()));
  EXPECT_EQ(acceptor_.accepted().value(), 2U);
  EXPECT_EQ(acceptor_.exhausted().value(), 0U);
}

TEST_F(AcceptorTest, ListensInSeveralPlaces) {
  const Address one = listen_or_die();
  const Address two = listen_or_die();
  EXPECT_NE(one, two);
  const absl::StatusOr<UniqueFd> first = connect_tcp(one);
  const absl::StatusOr<UniqueFd> second = connect_tcp(two);
  turn_until_newcomers(2);
  const absl::StatusOr<Address> again = acceptor_.listen(one, {});
  EXPECT_FALSE(again.ok());
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("another program listens there"));
}

TEST_F(AcceptorTest, WithoutDescriptorsItPausesLongerAndLongerAndSaysSoOnce) {
  const Address at = listen_or_die();
  turn();
  const std::vector<UniqueFd> clients = make_sockets(3);
  testing::internal::CaptureStderr();
  {
    const FewDescriptors none(0);
    connect_all(clients, at);
    while (acceptor_.exhausted().value() == 0) reactor_.turn();
    for (const Duration pause : {20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms}) {
      // The wheel rounds up to its tick of 10 ms.
      EXPECT_GE(reactor_.wheel().next_deadline(), clock_.now() + pause);
      EXPECT_LE(reactor_.wheel().next_deadline(), clock_.now() + pause + 10ms);
      const uint64_t before = acceptor_.exhausted().value();
      turn();
      EXPECT_EQ(acceptor_.exhausted().value(), before)
          << "it does not try before the pause is over";
      clock_.advance(pause + 10ms);
      while (acceptor_.exhausted().value() == before) turn();
    }
  }
  EXPECT_TRUE(newcomers_.empty());
  clock_.advance(510ms);
  turn_until_newcomers(3);
  EXPECT_EQ(acceptor_.accepted().value(), 3U);
  EXPECT_EQ(reactor_.wheel().size(), 0U) << "no pause is in force";
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("cannot accept, pausing"));
  EXPECT_THAT(log, HasSubstr("error=\"Too many open files\""));
  EXPECT_THAT(log, HasSubstr(at.to_string()));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(AcceptorTest, AfterCloseNobodyIsAccepted) {
  const Address at = listen_or_die();
  turn();
  acceptor_.close();
  acceptor_.close();
  turn();
  turn();
  EXPECT_FALSE(connect_tcp(at).ok());
  EXPECT_TRUE(newcomers_.empty());
  EXPECT_EQ(acceptor_.exhausted().value(), 0U) << "the end of accept() is no exhaustion";
}

// A poller with completions in flight may still tell of a newcomer before the listener's end.
TEST_F(AcceptorTest, ANewcomerThatWasUnderWayAtCloseIsTurnedAway) {
  listen_or_die();
  turn();
  acceptor_.close();
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd peer(ends[0]);
  const Token listener = Token::make(3, 1, kConnectionSlotsMax);
  acceptor_.on_completion({listener, Op::Accept, true, BlockId::None, ends[1], {}}, clock_.now());
  EXPECT_TRUE(newcomers_.empty());
  EXPECT_EQ(acceptor_.accepted().value(), 0U);
  char byte = 0;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, MSG_DONTWAIT), 0) << "its descriptor was leaked";
}

TEST_F(AcceptorTest, CloseEndsAPauseToo) {
  const Address at = listen_or_die();
  turn();
  const std::vector<UniqueFd> clients = make_sockets(1);
  testing::internal::CaptureStderr();
  {
    const FewDescriptors none(0);
    connect_all(clients, at);
    while (acceptor_.exhausted().value() == 0) reactor_.turn();
  }
  testing::internal::GetCapturedStderr();
  acceptor_.close();
  EXPECT_EQ(reactor_.wheel().size(), 0U);
  clock_.advance(1s);
  turn();
  EXPECT_TRUE(newcomers_.empty());
}

TEST(ListenerTokens, AreNobodyElses) {
  EXPECT_TRUE(is_listener(Token::make(3, 1, kConnectionSlotsMax)));
  EXPECT_TRUE(is_listener(Token::make(0, 1, (1U << 24) - 1)));
  EXPECT_FALSE(is_listener(Token::make(3, 1, kConnectionSlotsMax - 1)));
  EXPECT_FALSE(is_listener(kNoToken));
}

}  // namespace
}  // namespace sluice
