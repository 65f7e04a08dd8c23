// The chat on pipes; console_test has the one at a terminal.
#include "client/chat.h"

#include <gtest/gtest.h>

#include "client/scripted_server.h"

namespace sluice {
namespace {

void expect_send(ScriptedPeer& peer, std::string_view channel, ChannelType type,
                 std::string_view text, Reason reason = Reason::Success) {
  const SendPacket send = peer.expect<SendPacket>();
  EXPECT_EQ(send.channel_id, channel);
  EXPECT_EQ(send.channel_type, type);
  EXPECT_EQ(text_of(send.payload), text);
  SendackPacket ack;
  ack.client_seq = send.client_seq;
  ack.reason = reason;
  peer.send(ack);
}

void expect_sub(ScriptedPeer& peer, std::string_view channel, SubAction action) {
  const SubPacket sub = peer.expect<SubPacket>();
  EXPECT_EQ(sub.channel_id, channel);
  EXPECT_EQ(sub.action, action);
  SubackPacket ack;
  ack.sub_no = sub.sub_no;
  ack.channel_id = sub.channel_id;
  ack.action = sub.action;
  ack.reason = Reason::Success;
  peer.send(ack);
}

TEST(Chat, TalksToWhomTheLinesName) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    expect_send(peer, "bob", ChannelType::Person, "hello");
    expect_send(peer, "bob", ChannelType::Person, "how are you?");
    expect_send(peer, "carol", ChannelType::Person, "see http://x: it works");
    expect_send(peer, "dave", ChannelType::Person, "a: b");
    expect_send(peer, "dave", ChannelType::Person, "/to nobody");
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"--uid=alice"},
                                      "bob: hello\n"
                                      "how are you?\n"
                                      "\n"
                                      "/to carol\n"
                                      "see http://x: it works\n"
                                      "dave: a: b\n"
                                      " /to nobody\n"
                                      "/quit\n"
                                      "never sent\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "") << "no prompt without a terminal";
  EXPECT_TRUE(outcome.err.starts_with("alice is connected to 127.0.0.1:")) << outcome.err;
}

TEST(Chat, JoinsLeavesAndTalksToGroups) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    expect_sub(peer, "friends", SubAction::Subscribe);
    expect_send(peer, "friends", ChannelType::Group, "hello all");
    expect_sub(peer, "friends", SubAction::Unsubscribe);
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"--uid=alice"},
                                      "/join friends\n/group friends\nhello all\n/leave friends\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.err, "joined group friends\n"));
  EXPECT_TRUE(has(outcome.err, "left group friends\n"));
}

TEST(Chat, PrintsWhatComesInAndAcknowledgesIt) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    const SendPacket send = peer.expect<SendPacket>();
    SendackPacket ack;
    ack.client_seq = send.client_seq;
    ack.reason = Reason::Success;
    RecvPacket message;
    message.from_uid = "bob\x1b";
    message.channel_id = message.from_uid;
    message.message_id = 9;
    message.payload = bytes_of("welcome\a");
    peer.send(message);
    EXPECT_EQ(peer.expect<RecvackPacket>().message_id, 9);
    peer.send(ack);  // only now: the chat waits for it behind the end of its input
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"--uid=alice"}, "bob: hello");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "bob\\u001b: welcome\\u0007\n");
}

TEST(Chat, ShowsARefusalAndGoesOn) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    expect_send(peer, "bob", ChannelType::Person, "one", Reason::InBlacklist);
    expect_send(peer, "bob", ChannelType::Person, "two");
    peer.expect_goodbye();
  };
  const Outcome outcome = run_against(script, {"--uid=alice"}, "bob: one\ntwo\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.err, "sluice-client: not sent to bob: InBlacklist (4)\n"));
}

TEST(Chat, ExplainsLinesThatItDoesNotUnderstand) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect_goodbye();
  };
  const Outcome outcome =
      run_against(script, {"--uid=alice"}, "hello\n/jion x\n/frobnicate\n/to\n/help\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.err, "to whom?"));
  EXPECT_TRUE(has(outcome.err, "unknown command /jion: did you mean /join?\n"));
  EXPECT_TRUE(has(outcome.err, "unknown command /frobnicate; /help lists them"));
  EXPECT_TRUE(has(outcome.err, "write a name behind /to\n"));
  EXPECT_TRUE(has(outcome.err, "/leave G"));
}

TEST(Chat, RefusesANameThatNoFieldHolds) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect_goodbye();
  };
  const std::string name(40'000, 'x');
  const Outcome outcome =
      run_against(script, {"--uid=alice"}, "/to " + name + "\nhello\n/join " + name + "\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.err, "not sent: that name is too long"));
}

TEST(Chat, EndsWith1WhenTheServerSendsItAway) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    expect_send(peer, "bob", ChannelType::Person, "hello");
    DisconnectPacket goodbye;
    goodbye.reason = Reason::Ban;
    peer.send(goodbye);
  };
  // An input that does not end before the server does.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd source(ends[0]);
  const UniqueFd target(ends[1]);
  ASSERT_EQ(write(target.get(), "bob: hello\n", 11), 11);
  const UniqueFd out = memory_file();
  const UniqueFd err = memory_file();
  const ScriptedServer server(script);
  const int code = client_main({"--uid=alice", server.flag()}, source.get(), out.get(), err.get(),
                               SystemClock());
  EXPECT_EQ(code, 1);
  EXPECT_TRUE(has(contents(err), "disconnected by the server: Ban (19)\n"));
}

}  // namespace
}  // namespace sluice
