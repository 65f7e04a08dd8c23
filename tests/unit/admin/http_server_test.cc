#include "admin/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "http_client.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

Address loopback() { return *Address::parse("127.0.0.1:0"); }

// Answers with what it was asked.
HttpAnswer echo(const HttpRequest& request) {
  HttpAnswer answer{200, "text/plain", request.method + " " + request.path, {}};
  for (const auto& [name, value] : request.query) answer.body += " " + name + "=" + value;
  return answer;
}

std::unique_ptr<HttpServer> started(HttpServer::Handler handler) {
  auto server = HttpServer::start(loopback(), std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(HttpServer, HandsMethodPathAndQueryToItsHandler) {
  const auto server = started(echo);
  const HttpReply reply = get(server->address(), "/a%20b?n=1&m=%C3%BC");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "GET /a b m=\xC3\xBC n=1");
}

TEST(HttpServer, SendsStatusTypeAndHeadersOfTheAnswer) {
  const auto server = started([](const HttpRequest&) {
    return HttpAnswer{405, "application/json", "{}", {{"Allow", "GET"}}};
  });
  const HttpReply reply = get(server->address(), "/");
  EXPECT_EQ(reply.status, 405);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(reply.head, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(reply.head, HasSubstr("Allow: GET\r\n"));
}

TEST(HttpServer, AnswersHeadWithTheLengthAndNoBody) {
  const auto server = started([](const HttpRequest&) {
    return HttpAnswer{200, "text/plain", "twelve bytes", {}};
  });
  const HttpReply reply = ask(server->address(), "HEAD", "/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_EQ(reply.body, "");
}

TEST(HttpServer, EndsTheConnectionAfterEachAnswerThoughTheClientAsksToKeepIt) {
  const auto server = started(echo);
  const HttpReply reply = get(server->address(), "/");  // returns on the server's FIN
  EXPECT_THAT(reply.head, HasSubstr("Connection: close\r\n"));
}

TEST(HttpServer, AnswersARequestWithABodyThatNobodyReads) {
  const auto server = started(echo);
  const HttpReply reply =
      ask(server->address(), "POST", "/", "Content-Length: 10000\r\n", std::string(10000, 'x'));
  EXPECT_EQ(reply.body, "POST /");
}

// The library would answer thousands of overlapping ranges with thousands of copies of the body.
TEST(HttpServer, IgnoresRangesAndCompression) {
  const auto server = started(echo);
  const HttpReply reply = ask(server->address(), "GET", "/plain",
                              "Range: bytes=0-1,0-1,0-1\r\nAccept-Encoding: br, gzip\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "GET /plain");
  EXPECT_THAT(reply.head, Not(HasSubstr("Content-Encoding")));
}

TEST(HttpServer, RefusesWhatIsNoHttp) {
  const auto server = started(echo);
  const UniqueFd fd = dial(server->address());
  send_text(fd, "\x10\x1f who are you?\r\n\r\n");
  const HttpReply reply = parse_reply(receive_all(fd));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("no HTTP/1.1 request"));
}

TEST(HttpServer, RefusesATargetWithoutEnd) {
  const auto server = started(echo);
  EXPECT_EQ(get(server->address(), "/" + std::string(20000, 'a')).status, 414);
}

TEST(HttpServer, DropsAClientWhoseHeadersNeverEnd) {
  const auto server = started(echo);
  const UniqueFd fd = dial(server->address());
  send_text(fd, "GET / HTTP/1.1\r\n");
  // Until the server has had enough and closes: the limit is far below what is tried here.
  const std::string header = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  ssize_t sent = 1;
  for (int i = 0; i < 100'000 && sent > 0; ++i) {
    sent = ::send(fd.get(), header.data(), header.size(), MSG_NOSIGNAL);
  }
  EXPECT_LT(sent, 0);
}

TEST(HttpServer, AnswersOthersWhileOneClientStaysSilent) {
  const auto server = started(echo);
  const UniqueFd silent = dial(server->address());
  EXPECT_EQ(get(server->address(), "/").status, 200);
}

TEST(HttpServer, DropsAClientThatNeverAsksItsQuestion) {
  const auto server = started(echo);
  const UniqueFd silent = dial(server->address());
  receive_all(silent);  // returns because the server hangs up
}

TEST(HttpServer, StopsWhileClientsHoldConnectionsOpen) {
  const auto server = started(echo);
  const UniqueFd silent = dial(server->address());
  const UniqueFd halfway = dial(server->address());
  send_text(halfway, "GET / HTTP/1.1\r\nHost:");
  const UniqueFd queued = dial(server->address());
  send_text(queued, "GET / HTTP/1.1\r\n\r\n");
  server->stop();
  receive_all(silent);  // these return because all are dropped
  receive_all(halfway);
  receive_all(queued);
}

TEST(HttpServer, StopsWhileAClientDoesNotReadItsAnswer) {
  std::latch answering(1);
  const auto server = started([&](const HttpRequest&) {
    answering.count_down();
    return HttpAnswer{200, "text/plain", std::string(size_t{64} << 20, 'x'), {}};
  });
  const UniqueFd stalled = dial(server->address());
  send_text(stalled, "GET / HTTP/1.1\r\n\r\n");
  answering.wait();
  server->stop();
}

TEST(HttpServer, StopWaitsForTheHandlerThatRuns) {
  std::latch entered(1);
  std::latch leave(1);
  std::atomic<bool> left = false;
  const auto server = started([&](const HttpRequest& request) {
    entered.count_down();
    leave.wait();
    left = true;
    return echo(request);
  });
  const UniqueFd client = dial(server->address());
  send_text(client, "GET / HTTP/1.1\r\n\r\n");
  entered.wait();
  std::thread stopper([&] {
    server->stop();
    EXPECT_TRUE(left);
  });
  leave.count_down();
  stopper.join();
}

TEST(HttpServer, MayBeStoppedTwice) {
  const auto server = started(echo);
  server->stop();
  server->stop();
}

TEST(HttpServer, NamesAddressCauseAndFixWhenThePortIsTaken) {
  const auto first = started(echo);
  const auto second = HttpServer::start(first->address(), echo);
  ASSERT_FALSE(second.ok());
  const std::string message(second.status().message());
  EXPECT_THAT(message, HasSubstr("admin port"));
  EXPECT_THAT(message, HasSubstr(first->address().to_string()));
  EXPECT_THAT(message, HasSubstr("Address already in use"));
  EXPECT_THAT(message, HasSubstr("choose another port"));
}

}  // namespace
}  // namespace sluice
