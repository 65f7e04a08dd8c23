// P3 nothing after Close's completion, when the close comes from inside the news itself: while the
// caller goes through a batch that holds more of the same connection and of its neighbours.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "harness.h"
#include "pollers.h"

namespace sluice {
namespace {

constexpr size_t kLinks = 12;

class Closing : public Conformance {
 protected:
  // Each link hears news of this kind after `stir`; whoever does is closed at once, and its
  // neighbour, which may have news in the same batch, with it. Everybody must end, once.
  void close_inside(const std::function<bool(const Completion&)>& is_it,
                    const std::function<void(Link&)>& stir);

  void close_once(Link& link) {
    if (!link.closing) close(link);
  }
};

INSTANTIATE_TEST_SUITE_P(Pollers, Closing, testing::ValuesIn(kPollersUnderTest), test_suffix);

void Closing::close_inside(const std::function<bool(const Completion&)>& is_it,
                           const std::function<void(Link&)>& stir) {
  for (const size_t size : {size_t{64}, size_t{1}}) {
    SCOPED_TRACE(testing::Message() << "out holds " << size);
    out_size = 64;
    std::vector<Link*> links = connect_many(kLinks);
    for (Link* link : links) recv(*link);
    settle();
    on_news = [&](const Completion& news) {
      const auto it = std::find_if(links.begin(), links.end(),
                                   [&news](const Link* link) { return link->who == news.who; });
      if (it == links.end() || news.op == Op::Close || !is_it(news)) return;
      const auto index = static_cast<size_t>(it - links.begin());
      close_once(*links[index]);
      close_once(*links[(index + 1) % kLinks]);
    };
    for (Link* link : links) stir(*link);
    out_size = size;
    turn_until(
        [&] {
          return std::all_of(links.begin(), links.end(),
                             [](const Link* link) { return link->closed; });
        },
        "every Close");
    size_t news = 0;
    for (const Link* link : links) news += link->news;
    on_news = nullptr;
    for (Link* link : links) link->client.reset();
    fence();
    for (const Link* link : links) {
      news -= link->news;
      EXPECT_EQ(link->recv_ends.size(), 1U);
    }
    EXPECT_EQ(news, 0U) << "news behind Close";
  }
}

bool has_bytes(const Completion& news) { return news.op == Op::Recv && news.result > 0; }
bool is_recv_end(const Completion& news) { return news.op == Op::Recv && !news.more; }
bool is_send_end(const Completion& news) { return news.op == Op::Send && !news.more; }

TEST_P(Closing, P03InsideBytes) {
  const std::string text = pattern(3 * size_t{poller().caps().block_bytes}, 70);
  close_inside(has_bytes, [&](Link& link) { write_what_fits(link.client.get(), text); });
}

TEST_P(Closing, P03InsideBytesThatTheEndOfStreamFollows) {
  close_inside(has_bytes, [](Link& link) {
    write_all(link.client.get(), "last words");
    ::shutdown(link.client.get(), SHUT_WR);
  });
}

TEST_P(Closing, P03InsideTheEndOfStream) {
  close_inside(is_recv_end, [](Link& link) { ::shutdown(link.client.get(), SHUT_WR); });
}

TEST_P(Closing, P03InsideAReset) {
  close_inside(is_recv_end, [](Link& link) { close_with_reset(link.client); });
}

TEST_P(Closing, P03InsideTheEndOfAPause) {
  close_inside(is_recv_end, [&](Link& link) {
    write_all(link.client.get(), "unread, perhaps");
    pause(link);
  });
}

TEST_P(Closing, P03InsideTheEndOfASend) {
  close_inside(is_send_end, [&](Link& link) {
    write_all(link.client.get(), "bytes in the other direction");
    send(link, "an answer");
  });
}

TEST_P(Closing, P03InsideTheFailureOfASend) {
  const std::string much = pattern(kStuckBytes, 71);
  close_inside(is_send_end, [&](Link& link) {
    send(link, much);
    turn(Instant::min());
    close_with_reset(link.client);
  });
}

TEST_P(Closing, P03InsideTheCloseOfAnother) {
  const std::vector<Link*> links = connect_many(kLinks);
  for (Link* link : links) {
    recv(*link);
    send(*link, "goodbye");
    write_all(link->client.get(), "unheard, perhaps");
  }
  // A row of dominoes.
  on_news = [&](const Completion& news) {
    if (news.op != Op::Close) return;
    for (size_t i = 0; i + 1 < kLinks; ++i) {
      if (links[i]->who == news.who) close(*links[i + 1]);
    }
  };
  close(*links[0]);
  turn_until([&] { return links.back()->closed; }, "the last Close");
  for (const Link* link : links) EXPECT_EQ(link->recv_ends.size(), 1U);
}

TEST_P(Closing, P03TheListenerInsideAnAccept) {
  bool closing = false;
  on_news = [&](const Completion& news) {
    if (news.op != Op::Accept || closing) return;
    closing = true;
    close_listener();
  };
  std::vector<UniqueFd> clients;
  alongside([&] {
    for (int i = 0; i < 8; ++i) {
      // Those who come too late are refused.
      absl::StatusOr<UniqueFd> client = connect_tcp(address());
      if (client.ok()) clients.push_back(*std::move(client));
    }
  });
  turn_until([&] { return listener_closed; }, "Close of the listener");
  EXPECT_EQ(accept_ends, std::vector<int32_t>{-ECANCELED});
  settle();
}

TEST_P(Closing, P03ANewcomerInsideItsAccept) {
  constexpr size_t kClients = 50;
  on_news = [&](const Completion& news) {
    if (news.op != Op::Accept || news.result < 0) return;
    EXPECT_EQ(close_newcomers(), 1U);
  };
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < kClients; ++i) clients.push_back(connect_client());
  turn_until([&] { return newcomers_closed == kClients; }, "every newcomer's Close");
  alongside([&] {
    for (const UniqueFd& client : clients) EXPECT_EQ(read_some(client.get(), 1), "");
  });
  EXPECT_TRUE(accept_ends.empty());
}

}  // namespace
}  // namespace sluice
