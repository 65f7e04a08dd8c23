// send, listen and ping as a script sees them: what they print, and their exit codes.
#include "client/commands.h"

#include <gtest/gtest.h>

#include "client/scripted_server.h"

namespace sluice {
namespace {

SendackPacket answer_to(const SendPacket& send, Reason reason, uint32_t message_seq = 1) {
  SendackPacket ack;
  ack.client_seq = send.client_seq;
  ack.message_id = 1234;
  ack.message_seq = message_seq;
  ack.reason = reason;
  return ack;
}

SubackPacket answer_to(const SubPacket& sub, Reason reason) {
  SubackPacket ack;
  ack.sub_no = sub.sub_no;
  ack.channel_id = sub.channel_id;
  ack.channel_type = sub.channel_type;
  ack.action = sub.action;
  ack.reason = reason;
  return ack;
}

RecvPacket message_from(std::string_view uid, std::string_view text) {
  RecvPacket message;
  message.from_uid = uid;
  message.channel_id = uid;
  message.message_id = 1234567890123456789;
  message.message_seq = 7;
  message.timestamp_s = 1700000000;
  message.payload = bytes_of(text);
  return message;
}

struct Dialect {
  Framing framing;
  uint8_t version;
};

class EveryDialect : public testing::TestWithParam<Dialect> {};

TEST_P(EveryDialect, SendsAMessageAndWaitsForItsAnswer) {
  const auto [framing, version] = GetParam();
  const auto script = [](ScriptedPeer& peer) {
    EXPECT_EQ(peer.welcome().uid, "alice");
    const SendPacket send = peer.expect<SendPacket>();
    EXPECT_EQ(send.channel_id, "bob");
    EXPECT_EQ(send.channel_type, ChannelType::Person);
    EXPECT_EQ(text_of(send.payload), "hello world");
    EXPECT_FALSE(send.client_msg_no.empty());
    peer.send(answer_to(send, Reason::Success));
    peer.expect_goodbye();
  };
  const ScriptedServer server(script, framing, version);
  const Outcome outcome = run_client({"send", "--uid=alice", "--to=bob", "hello", "world",
                                      server.flag(), "--framing=" + std::string(name_of(framing)),
                                      "--protocol-version=" + std::to_string(version)});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "sent to bob, message 1234, number 1\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_P(EveryDialect, ReceivesAMessage) {
  const auto [framing, version] = GetParam();
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("alice", "hello"));
    const RecvackPacket ack = peer.expect<RecvackPacket>();
    EXPECT_EQ(ack.message_id, 1234567890123456789);
    EXPECT_EQ(ack.message_seq, 7U);
    peer.expect_goodbye();
  };
  const ScriptedServer server(script, framing, version);
  const Outcome outcome = run_client({"listen", "--uid=bob", "--count=1", server.flag(),
                                      "--framing=" + std::string(name_of(framing)),
                                      "--protocol-version=" + std::to_string(version)});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "alice: hello\n");
}

INSTANTIATE_TEST_SUITE_P(Commands, EveryDialect,
                         testing::Values(Dialect{Framing::Wkproto, 1}, Dialect{Framing::Wkproto, 3},
                                         Dialect{Framing::Wkproto, 5}, Dialect{Framing::Frame6, 2},
                                         Dialect{Framing::Frame6, 4}, Dialect{Framing::Frame6, 5}),
                         [](const auto& dialect) {
                           return std::string(name_of(dialect.param.framing)) + "_version_" +
                                  std::to_string(dialect.param.version);
                         });

TEST(Send, EndsWith1AndTheReasonWhenItIsRefused) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    const SendPacket send = peer.expect<SendPacket>();
    EXPECT_EQ(send.channel_type, ChannelType::Group);
    peer.send(answer_to(send, Reason::NotAllowSend));
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"send", "--uid=alice", "--group=friends", "hello"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "sluice-client: not sent to group friends: NotAllowSend (11); join the group first\n");
}

TEST(Send, JoinsTheGroupFirstWhenAsked) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    const SubPacket sub = peer.expect<SubPacket>();
    EXPECT_EQ(sub.channel_id, "friends");
    EXPECT_EQ(sub.action, SubAction::Subscribe);
    peer.send(answer_to(sub, Reason::Success));
    peer.send(answer_to(peer.expect<SendPacket>(), Reason::Success));
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--group=friends", "--join", "hello"});
  EXPECT_EQ(outcome.code, 0);
}

TEST(Send, EndsWith1WhenItMayNotJoin) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(answer_to(peer.expect<SubPacket>(), Reason::ChannelIdError));
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--group=friends", "--join", "hello"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "sluice-client: cannot join group friends: ChannelIdError (16)\n");
}

TEST(Send, TakesEachLineOfItsInputAndAnswersInAnyOrder) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    std::vector<SendackPacket> answers;
    for (const char* text : {"one", "two", "three"}) {
      const SendPacket send = peer.expect<SendPacket>();
      EXPECT_EQ(text_of(send.payload), text);
      const auto number = static_cast<uint32_t>(answers.size() + 1);
      answers.push_back(answer_to(send, number == 2 ? Reason::RateLimit : Reason::Success, number));
    }
    while (!answers.empty()) {
      peer.send(answers.back());
      answers.pop_back();
    }
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--to=bob", "-"}, "one\ntwo\nthree");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            "sent to bob, message 1234, number 3\nsent to bob, message 1234, number 1\n");
  EXPECT_EQ(outcome.err, "sluice-client: not sent to bob: RateLimit (22)\n");
}

TEST(Send, FindsItsWayThroughASocketThatIsFull) {
  constexpr int kLines = 4000;
  const std::string line(1000, 'x');
  std::string input;
  for (int i = 0; i < kLines; ++i) input += line + "\n";
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    for (int i = 0; i < kLines; ++i) {
      const SendPacket send = peer.expect<SendPacket>();
      ASSERT_EQ(text_of(send.payload), line) << i;
      peer.send(answer_to(send, Reason::Success));
    }
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--to=bob", "-", "--timeout=1m"}, input);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Send, RefusesATextThatNoFrameHolds) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    const SendPacket send = peer.expect<SendPacket>();
    EXPECT_EQ(text_of(send.payload), "short");
    peer.send(answer_to(send, Reason::Success));
    peer.expect_goodbye();
  };
  const std::string input = std::string(2 << 20, 'x') + "\nshort\n";
  const Outcome outcome = run_against(script, {"send", "--uid=alice", "--to=bob", "-"}, input);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(has(outcome.err, "the text is longer than a frame"));
}

TEST(Send, EndsWith4WhenNoAnswerComes) {
  ManualClock clock;
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect<SendPacket>();
    clock.advance(std::chrono::seconds(7));
    SendackPacket stranger;
    stranger.client_seq = 77;
    peer.send(stranger);
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--to=bob", "hello", "--timeout=7s"}, "", clock);
  EXPECT_EQ(outcome.code, 4);
  EXPECT_TRUE(has(outcome.err, "timed out"));
}

TEST(Send, EndsWith3WhenTheServerGoesBeforeItAnswers) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect<SendPacket>();
  };
  const Outcome outcome = run_against(script, {"send", "--uid=alice", "--to=bob", "hello"});
  EXPECT_EQ(outcome.code, 3);
}

TEST(Send, TellsAScriptInJson) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(answer_to(peer.expect<SendPacket>(), Reason::InBlacklist));
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"send", "--uid=alice", "--to=bob", "hello", "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            R"({"event":"sendack","channelId":"bob","channelType":1,"clientSeq":1,)"
            R"("messageId":"1234","messageSeq":1,"reason":"InBlacklist","reasonCode":4})"
            "\n");
}

TEST(Listen, SubscribesSaysThatItIsReadyAndPrintsMessages) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    for (const char* group : {"g", "h"}) {
      const SubPacket sub = peer.expect<SubPacket>();
      EXPECT_EQ(sub.channel_id, group);
      peer.send(answer_to(sub, Reason::Success));
    }
    RecvPacket message = message_from("alice", "to all");
    message.channel_id = "g";
    message.channel_type = ChannelType::Group;
    peer.send(message);
    peer.expect<RecvackPacket>();
    EventPacket event;
    event.id = "1";
    event.type = "weather";
    event.data = bytes_of("rain");
    peer.send(event);
    peer.send(message_from("alice", "to you\x1b[0m\nnot a line"));
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"listen", "--uid=bob", "--group=g", "--group=h", "--count=2"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "[g] alice: to all\n"
            "event weather 1: rain\n"
            "alice: to you\\u001b[0m\\nnot a line\n");
  EXPECT_TRUE(outcome.err.starts_with("bob listens on 127.0.0.1:")) << outcome.err;
}

TEST(Listen, EndsWith1WhenItMayNotSubscribe) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(answer_to(peer.expect<SubPacket>(), Reason::NotInWhitelist));
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob", "--group=g"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "sluice-client: cannot join group g: NotInWhitelist (13)\n");
}

TEST(Listen, ShowsWhatOnesOtherDeviceSaid) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    RecvPacket own = message_from("bob", "hi");
    own.channel_id = "alice";
    peer.send(own);
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob", "--count=1"});
  EXPECT_EQ(outcome.out, "bob to alice: hi\n");
}

TEST(Listen, EndsWith4WhenTooFewMessagesCameInTime) {
  ManualClock clock;
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("alice", "only one"));
    peer.expect<RecvackPacket>();
    clock.advance(std::chrono::seconds(2));
    peer.send_pong();
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"listen", "--uid=bob", "--count=2", "--timeout=2s"}, "", clock);
  EXPECT_EQ(outcome.code, 4);
  EXPECT_TRUE(has(outcome.err, "timed out: 1 received"));
}

TEST(Listen, TellsAScriptInJson) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.send(message_from("alice", "say \"hi\""));
    peer.expect<RecvackPacket>();
    peer.send(message_from("alice", "\xff"));
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"listen", "--uid=bob", "--count=2", "--json"});
  constexpr std::string_view kHead =
      R"({"event":"message","fromUid":"alice","channelId":"alice","channelType":1,)"
      R"("messageId":"1234567890123456789","messageSeq":7,"timestamp":1700000000,)";
  EXPECT_EQ(outcome.out, std::string(kHead) + R"("text":"say \"hi\""})" + "\n" +
                             std::string(kHead) + R"("base64":"/w=="})" + "\n");
}

TEST(Ping, MeasuresRoundTrips) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    for (int i = 0; i < 3; ++i) {
      peer.expect_ping();
      peer.send_pong();
    }
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"ping", "--count=3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.out, "number 1, "));
  EXPECT_TRUE(has(outcome.out, "number 3, "));
  EXPECT_TRUE(has(outcome.out, "3 round trips: least "));
}

TEST(Ping, IsOneRoundTripUnlessToldOtherwise) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect_ping();
    peer.send_pong();
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"ping", "--json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with(R"({"event":"pong","number":1,"ms":)")) << outcome.out;
}

TEST(Ping, EndsWith4WithoutPong) {
  ManualClock clock;
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect_ping();
    clock.advance(std::chrono::seconds(5));
    EventPacket no_pong;
    peer.send(no_pong);
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"ping"}, "", clock);
  EXPECT_EQ(outcome.code, 4);
  EXPECT_TRUE(has(outcome.err, "timed out: no PONG"));
}

}  // namespace
}  // namespace sluice
