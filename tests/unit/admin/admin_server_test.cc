#include "admin/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "codec/decode.h"
#include "codec/encode.h"
#include "http_client.h"
#include "poller/make_poller.h"
#include "session/authenticator.h"
#include "sys/clock.h"

namespace sluice {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// A real gateway of two reactors on loopback, and its admin port.
class AdminServerTest : public testing::Test {
 protected:
  void SetUp() override {
    Config config;
    config.listen = {*Address::parse("127.0.0.1:0")};
    config.reactors = 2;
    PollerSpec spec;
    spec.name = "epoll";
    auto gateway = Gateway::start(
        config, 1000, clock_, [this, spec] { return make_poller(spec, clock_); },
        [] { return std::make_unique<OpenAuthenticator>(); });
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
    auto admin = AdminServer::start(*Address::parse("127.0.0.1:0"), *gateway_, {"9.8.7", "epoll"});
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
  }

  void TearDown() override { admin_.reset(); }  // before the gateway, as main does

  // A client whose CONNECT was accepted.
  UniqueFd connect(std::string_view uid, std::string_view device_id) {
    UniqueFd fd = dial(gateway_->listening()[0]);
    ConnectPacket packet;
    packet.version = kProtocolVersionMax;
    packet.device_flag = DeviceFlag::Web;
    packet.uid = uid;
    packet.device_id = device_id;
    std::array<std::byte, 1024> out;
    const size_t size = encode(packet, Framing::Wkproto, kProtocolVersionMax, out);
    send_text(fd, text_of(Bytes(out).first(size)));
    expect_connack(fd);
    return fd;
  }

  static void expect_connack(const UniqueFd& fd) {
    std::array<std::byte, 1024> in;
    for (size_t filled = 0;;) {
      const ssize_t count = ::recv(fd.get(), in.data() + filled, in.size() - filled, 0);
      ASSERT_GT(count, 0);
      filled += static_cast<size_t>(count);
      const FrameResult result =
          decode_frame(Framing::Wkproto, Bytes(in).first(filled), kFrameBodyBytesMax);
      if (result.status == FrameStatus::NeedMore) continue;
      ConnackPacket connack;
      ASSERT_TRUE(decode(result.frame, kProtocolVersionMax, connack).ok());
      ASSERT_EQ(connack.reason, Reason::Success);
      return;
    }
  }

  Address at() const { return admin_->address(); }
  json list(std::string_view query = {}) {
    const HttpReply reply = get(at(), "/connections" + std::string(query));
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.head, HasSubstr("Content-Type: application/json\r\n"));
    return json::parse(reply.body);
  }
  // The message of a refused query.
  std::string refusal(std::string_view query) {
    const HttpReply reply = get(at(), "/connections" + std::string(query));
    EXPECT_EQ(reply.status, 400);
    return json::parse(reply.body)["error"];
  }

  SystemClock clock_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<AdminServer> admin_;
};

TEST_F(AdminServerTest, IsHealthyAndReadyFromTheStart) {
  const HttpReply health = get(at(), "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "ok");
  const HttpReply ready = get(at(), "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, "ready");
}

TEST_F(AdminServerTest, ExportsTheGatewaysCounters) {
  const UniqueFd alice = connect("alice", "phone");
  const HttpReply reply = get(at(), "/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  for (const char* line :
       {"sluice_build_info{version=\"9.8.7\",poller=\"epoll\"} 1", "sluice_ready 1",
        "sluice_connections_max 1000", "sluice_connections_accepted_total 1",
        "sluice_connections_authenticated_total 1", "sluice_uids_online 1"}) {
    EXPECT_THAT(reply.body, HasSubstr("\n" + std::string(line) + "\n"));
  }
  for (const char* series :
       {"sluice_connections{reactor=\"0\"}", "sluice_connections{reactor=\"1\"}",
        "sluice_reactor_turns_total{reactor=\"main\"}", "process_open_fds",
        "process_resident_memory_bytes", "process_start_time_seconds"}) {
    EXPECT_THAT(reply.body, HasSubstr("\n" + std::string(series) + " "));
  }
}

TEST_F(AdminServerTest, ShowsAConnectionWithItsUid) {
  const std::string uid = "\xE7\x88\xB1\xE4\xB8\xBD\xE4\xB8\x9D \"\\";
  const UniqueFd client = connect(uid, "d1");
  const json page = list();
  EXPECT_EQ(page["total"], 1);
  EXPECT_EQ(page["offset"], 0);
  EXPECT_EQ(page["limit"], 100);
  ASSERT_EQ(page["connections"].size(), 1u);
  const json& shown = page["connections"][0];
  EXPECT_EQ(shown["uid"], uid);
  EXPECT_EQ(shown["device_id"], "d1");
  EXPECT_EQ(shown["device_flag"], 1);
  EXPECT_EQ(shown["peer"], local_address(client.get()).to_string());
  EXPECT_EQ(shown["local"], gateway_->listening()[0].to_string());
  EXPECT_EQ(shown["state"], "authed");
  EXPECT_GT(shown["bytes_in"], 0);
  EXPECT_GE(shown["uptime_ms"], shown["idle_ms"]);
}

TEST_F(AdminServerTest, ListsConnectionsInPagesThatShareNone) {
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 7; ++i) clients.push_back(connect("u" + std::to_string(i), "d"));
  std::set<std::string> uids;
  for (const char* query : {"?limit=3", "?offset=3&limit=3", "?offset=6&limit=3"}) {
    const json page = list(query);
    EXPECT_EQ(page["total"], 7);
    for (const json& shown : page["connections"]) uids.insert(shown["uid"]);
  }
  EXPECT_EQ(uids.size(), 7u);
  EXPECT_EQ(list("?offset=7")["connections"].size(), 0u);
  EXPECT_EQ(list("?limit=0")["connections"].size(), 0u);
}

TEST_F(AdminServerTest, RefusesBadPagesWithTheParameterAndTheFix) {
  EXPECT_EQ(refusal("?limit=10001"),
            "limit: \"10001\" is not accepted; write a whole number, 0 to 10000");
  EXPECT_EQ(refusal("?offset=-1"),
            "offset: \"-1\" is not accepted; write a whole number, 0 or more");
  EXPECT_EQ(refusal("?limit"), "limit: \"\" is not accepted; write a whole number, 0 to 10000");
  EXPECT_THAT(refusal("?limit=%FF"), HasSubstr("limit: "));
  EXPECT_THAT(refusal("?limits=1"), HasSubstr("use limit and offset"));
}

TEST_F(AdminServerTest, AnswersHeadOnEveryPath) {
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/connections"}) {
    const HttpReply reply = ask(at(), "HEAD", path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, "") << path;
  }
}

TEST_F(AdminServerTest, ListsItsPathsWhereThereIsNone) {
  for (const char* path : {"/", "/metric", "/metrics/", "/%FF%00", "/connections/1"}) {
    const HttpReply reply = get(at(), path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_THAT(json::parse(reply.body)["paths"],
                testing::ElementsAre("/metrics", "/healthz", "/readyz", "/connections"))
        << path;
  }
}

TEST_F(AdminServerTest, AllowsNothingButReading) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const HttpReply reply = ask(at(), method, "/connections");
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_THAT(reply.head, HasSubstr("Allow: GET, HEAD\r\n")) << method;
    EXPECT_THAT(json::parse(reply.body)["error"], HasSubstr("use GET or HEAD")) << method;
  }
}

TEST_F(AdminServerTest, SaysThatItDrainsAndStillAnswersDuringAndAfterADrain) {
  UniqueFd client = connect("alice", "phone");  // keeps the drain waiting until it hangs up
  std::thread drainer([&] { EXPECT_TRUE(gateway_->drain()); });
  HttpReply reply;
  do {
    reply = get(at(), "/readyz");
  } while (reply.status == 200);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "draining");
  EXPECT_EQ(get(at(), "/healthz").status, 200);
  EXPECT_EQ(list()["total"], 1);
  EXPECT_EQ(receive_all(client), "");  // the drain's FIN; before it the hang-up would be ours
  EXPECT_EQ(list()["total"], 1);
  client.reset();
  drainer.join();
  EXPECT_EQ(get(at(), "/readyz").status, 503);
  EXPECT_THAT(get(at(), "/metrics").body,
              HasSubstr("\nsluice_connections_closed_total{reason=\"drain\"} 1\n"));
  EXPECT_EQ(list()["total"], 0);
}

TEST_F(AdminServerTest, StopsAlthoughAClientHoldsAConnectionOpen) {
  const UniqueFd idle = dial(at());
  EXPECT_EQ(get(at(), "/healthz").status, 200);
  admin_->stop();
  EXPECT_EQ(receive_all(idle), "");
}

TEST_F(AdminServerTest, NamesAddressCauseAndFixWhenThePortIsTaken) {
  const auto second = AdminServer::start(at(), *gateway_, {"9.8.7", "epoll"});
  ASSERT_FALSE(second.ok());
  const std::string message(second.status().message());
  EXPECT_THAT(message, HasSubstr("admin port: cannot listen on " + at().to_string()));
  EXPECT_THAT(message, HasSubstr("choose another port"));
}

}  // namespace
}  // namespace sluice
