// The connection itself: how it begins, lives and ends, whatever the command.
#include "client/client.h"

#include <gtest/gtest.h>

#include "client/scripted_server.h"

namespace sluice {
namespace {

RecvPacket message_from(std::string_view uid, std::string_view text) {
  RecvPacket message;
  message.from_uid = uid;
  message.channel_id = uid;
  message.message_id = 1234567890123;
  message.message_seq = 7;
  message.timestamp_s = 1700000000;
  message.payload = bytes_of(text);
  return message;
}

TEST(Client, EndsWith3WhereNobodyListens) {
  std::string flag;
  {
    const UniqueFd listener = *listen_tcp(*Address::parse("127.0.0.1:0"), {});
    flag = "--server=" + local_address(listener.get()).to_string();
  }
  const Outcome outcome = run_client({"listen", "--uid=bob", flag});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(has(outcome.err, "sluice-client: no connection to 127.0.0.1:"));
  EXPECT_TRUE(has(outcome.err, "Connection refused"));
}

TEST(Client, EndsWith1AndTheReasonWhenItIsRefused) {
  const auto script = [](ScriptedPeer& peer) {
    peer.expect<ConnectPacket>();
    ConnackPacket ack;
    ack.reason = Reason::AuthFail;
    peer.send(ack);
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "sluice-client: refused by the server: AuthFail (2)\n");
  EXPECT_EQ(outcome.out, "");
}

TEST(Client, EndsWith4WhenConnackDoesNotCome) {
  ManualClock clock;
  const auto script = [&](ScriptedPeer& peer) {
    peer.expect<ConnectPacket>();
    clock.advance(std::chrono::seconds(5));
    peer.send_bytes("\x20");  // the beginning of a CONNACK: no answer yet
    EXPECT_TRUE(peer.at_end());
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob"}, "", clock);
  EXPECT_EQ(outcome.code, 4);
  EXPECT_TRUE(has(outcome.err, "no answer from 127.0.0.1:"));
}

TEST(Client, EndsWith3WhenTheServerClosesInsteadOfConnack) {
  const auto script = [](ScriptedPeer& peer) { peer.expect<ConnectPacket>(); };
  const Outcome outcome = run_against(script, {"ping"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(has(outcome.err, "the server closed the connection"));
}

TEST(Client, EndsWith3WhenTheServerClosesLater) {
  const auto script = [](ScriptedPeer& peer) { peer.welcome(); };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(
      has(outcome.err, "sluice-client: connection lost: the server closed the connection\n"));
}

TEST(Client, ReadsWhatTheServerSaidBeforeItClosed) {
  const auto script = [](ScriptedPeer& peer) {
    peer.expect<ConnectPacket>();
    ConnackPacket ack;
    ack.reason = Reason::Success;
    DisconnectPacket goodbye;
    goodbye.reason = Reason::ConnectKick;
    goodbye.text = "login in other device\x1b[2J";
    peer.send_bytes(peer.bytes_of(ack) + peer.bytes_of(message_from("alice", "one")) +
                    peer.bytes_of(message_from("alice", "two")) + peer.bytes_of(goodbye));
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "alice: one\nalice: two\n");
  EXPECT_TRUE(has(outcome.err,
                  "sluice-client: disconnected by the server: ConnectKick (12): login in other "
                  "device\\u001b[2J\n"));
}

TEST(Client, UnderstandsAnswersInPieces) {
  const auto script = [](ScriptedPeer& peer) {
    peer.expect<ConnectPacket>();
    ConnackPacket ack;
    ack.reason = Reason::Success;
    const std::string bytes = peer.bytes_of(ack) + peer.bytes_of(message_from("alice", "hello"));
    for (const char byte : bytes) peer.send_bytes({&byte, 1});
    EXPECT_EQ(peer.expect<RecvackPacket>().message_id, 1234567890123);
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob", "--count=1"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "alice: hello\n");
}

TEST(Client, UnderstandsAMessageLargerThanItsBuffer) {
  const std::string text(700'000, 'x');
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("alice", text));
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob", "--count=1"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "alice: " + text + "\n");
}

TEST(Client, IntroducesItselfAsItWasTold) {
  const auto script = [](ScriptedPeer& peer) {
    const ConnectPacket hello = peer.welcome();
    EXPECT_EQ(hello.version, 3);
    EXPECT_EQ(hello.uid, "a@b");  // the server is the one to refuse it
    EXPECT_EQ(hello.token, "secret");
    EXPECT_EQ(hello.device_id, "desk");
    EXPECT_EQ(hello.device_flag, DeviceFlag::Web);
    EXPECT_EQ(hello.client_key, "");
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"--uid=a@b", "--token=secret", "--device-id=desk",
                                               "--device-flag=web", "--protocol-version=3"});
  EXPECT_EQ(outcome.code, 0);
}

TEST(Client, KeepsItsConnectionAlive) {
  ManualClock clock;
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("alice", "hello"));
    peer.expect<RecvackPacket>();  // from here on it counts the time until its PING
    for (int i = 0; i < 3; ++i) {
      clock.advance(std::chrono::seconds(10));
      peer.send_pong();
      peer.expect_ping();
    }
    peer.send(message_from("alice", "still there?"));
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"listen", "--uid=bob", "--count=2", "--ping-interval=10s"}, "", clock);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Client, LeavesAServerThatIsSilent) {
  ManualClock clock;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd source(ends[0]);
  const UniqueFd target(ends[1]);
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("bob", "hello"));
    peer.expect<RecvackPacket>();
    clock.advance(std::chrono::seconds(30));
    ASSERT_EQ(write(target.get(), "\n", 1), 1);  // wakes it, and is no message
    peer.expect_ping();
    clock.advance(std::chrono::seconds(5));
    ASSERT_EQ(write(target.get(), "\n", 1), 1);
    EXPECT_TRUE(peer.at_end());
  };
  const ScriptedServer server(script);
  const UniqueFd out = memory_file();
  const UniqueFd err = memory_file();
  const int code =
      client_main({"--uid=alice", server.flag()}, source.get(), out.get(), err.get(), clock);
  EXPECT_EQ(code, 3);
  EXPECT_TRUE(has(contents(err), "connection lost: the server is silent"));
}

TEST(Client, DoesNotListenToNonsense) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {std::string("\xf0\x00", 2), "a frame without sense"},
      {std::string("\x20\x01\x00", 3), "cannot make sense of the server's CONNACK"},
      {std::string("\x30\x00", 2), "cannot make sense of the server's SEND"},
      {std::string("\x80", 1), "first packet is no CONNACK"},
  };
  for (const auto& [bytes, complaint] : cases) {
    const auto script = [&sent = bytes](ScriptedPeer& peer) {
      peer.expect<ConnectPacket>();
      peer.send_bytes(sent);
      EXPECT_TRUE(peer.at_end());
    };
    const Outcome outcome = run_against(script, {"listen", "--uid=bob"});
    EXPECT_EQ(outcome.code, 3) << complaint;
    EXPECT_TRUE(has(outcome.err, complaint));
  }
}

}  // namespace
}  // namespace sluice
