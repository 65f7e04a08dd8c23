// The real client program against the real gateway: chats between two terminals, and scripts.
#include <gtest/gtest.h>
#include <signal.h>

#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class Client : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Client);

std::vector<std::string> command_of(const GatewayProcess& gateway, std::vector<std::string> words) {
  words.insert(words.begin(), program_path("SLUICE_CLIENT_BINARY"));
  words.push_back("--server=" + gateway.address().to_string());
  return words;
}

// A sluice-client with pipes for its terminal.
class Terminal {
 public:
  Terminal(const GatewayProcess& gateway, std::vector<std::string> words)
      : process_(command_of(gateway, std::move(words))) {}

  void type(std::string_view line) { process_.write_line(line); }
  void expect_line(LineTap& tap, std::string_view part, Here here = Here()) {
    const auto found =
        tap.wait_for(1, [part](std::string_view line) { return line.find(part) != line.npos; });
    if (found.empty()) {
      fail_at(here, "\"" + std::string(part) + "\" was not printed; the end is:\n" +
                        process_.output().tail(5) + process_.errors().tail(5));
    }
  }
  void expect_output(std::string_view part, Here here = Here()) {
    expect_line(process_.output(), part, here);
  }
  void expect_note(std::string_view part, Here here = Here()) {
    expect_line(process_.errors(), part, here);
  }
  ChildProcess& process() { return process_; }
  // The end of its input, as Ctrl-D.
  int leave() {
    process_.close_input();
    return process_.wait_exit();
  }

 private:
  ChildProcess process_;
};

Finished run_client(const GatewayProcess& gateway, std::vector<std::string> words) {
  ChildProcess process(command_of(gateway, std::move(words)));
  process.close_input();
  const int exit_code = process.wait_exit();
  return {exit_code, process.output().text(), process.errors().text()};
}

void expect_chat(const GatewayProcess& gateway, const std::string& alices,
                 const std::string& bobs) {
  Terminal alice(gateway, {"--uid=alice", "--framing=" + alices});
  Terminal bob(gateway, {"--uid=bob", "--framing=" + bobs});
  alice.expect_note("alice is connected");
  bob.expect_note("bob is connected");
  alice.type("bob: hello over there");
  bob.expect_output("alice: hello over there");
  bob.type("/to alice");
  bob.type("早上好");
  alice.expect_output("bob: 早上好");
  alice.type("a second line, to the same partner");
  bob.expect_output("alice: a second line, to the same partner");
  EXPECT_EQ(alice.leave(), 0);
  EXPECT_EQ(bob.leave(), 0);
}

TEST_P(Client, TwoClientsChatOverWkproto) { expect_chat(start(), "wkproto", "wkproto"); }

TEST_P(Client, TwoClientsChatOverFrame6) { expect_chat(start(), "frame6", "frame6"); }

TEST_P(Client, AClientOfEachFramingChat) { expect_chat(start(), "wkproto", "frame6"); }

TEST_P(Client, AGroupChats) {
  GatewayProcess& gateway = start();
  Terminal alice(gateway, {"--uid=alice"});
  Terminal bob(gateway, {"--uid=bob", "--framing=frame6"});
  for (Terminal* terminal : {&alice, &bob}) {
    terminal->type("/join club");
    terminal->expect_note("joined group club");
  }
  alice.type("/group club");
  alice.type("hello all");
  bob.expect_output("[club] alice: hello all");
  EXPECT_EQ(alice.leave(), 0);
  EXPECT_EQ(bob.leave(), 0);
}

TEST_P(Client, SendAndListenWorkInScripts) {
  GatewayProcess& gateway = start();
  Terminal bob(gateway, {"listen", "--uid=bob", "--count=1"});
  bob.expect_note("bob listens on");
  const Finished sent = run_client(gateway, {"send", "--uid=alice", "--to=bob", "hello"});
  EXPECT_EQ(sent.exit_code, 0) << sent.errors;
  EXPECT_EQ(bob.process().wait_exit(), 0);
  bob.expect_output("alice: hello");
}

TEST_P(Client, ARefusedMessageEndsWithOneAndTheReason) {
  GatewayProcess& gateway = start();
  const Finished sent = run_client(gateway, {"send", "--uid=alice", "--group=club", "hello"});
  EXPECT_EQ(sent.exit_code, 1);
  EXPECT_NE(sent.errors.find("NotAllowSend (11)"), std::string::npos) << sent.errors;
}

TEST_P(Client, ARefusedUidEndsWithOneAndTheReason) {
  GatewayProcess& gateway = start();
  const Finished sent = run_client(gateway, {"send", "--uid=a@b", "--to=bob", "hello"});
  EXPECT_EQ(sent.exit_code, 1);
  EXPECT_NE(sent.errors.find("AuthFail (2)"), std::string::npos) << sent.errors;
}

TEST_P(Client, PingMeasuresRoundTrips) {
  GatewayProcess& gateway = start();
  const Finished ping = run_client(gateway, {"ping", "--count=3"});
  EXPECT_EQ(ping.exit_code, 0) << ping.errors;
  EXPECT_NE(ping.output.find("3 round trips"), std::string::npos) << ping.output;
}

TEST_P(Client, AMistakeOnTheCommandLineEndsWithTwo) {
  GatewayProcess& gateway = start();
  EXPECT_EQ(run_client(gateway, {"send", "--uid=alice", "--too=bob", "hello"}).exit_code, 2);
}

TEST_P(Client, WithoutAGatewayItEndsWithThree) {
  GatewayProcess& gateway = start();
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(run_client(gateway, {"ping"}).exit_code, 3);
}

TEST_P(Client, ListenEndsWithFourWhenNothingComes) {
  GatewayProcess& gateway = start();
  const Finished bob = run_client(gateway, {"listen", "--uid=bob", "--timeout=100ms"});
  EXPECT_EQ(bob.exit_code, 4);
}

TEST_P(Client, ADrainThatSaysDisconnectEndsTheChatWithOne) {
  GatewayProcess& gateway = start({"--drain-notify=disconnect"});
  Terminal alice(gateway, {"--uid=alice"});
  alice.expect_note("alice is connected");
  gateway.send_signal(SIGTERM);
  EXPECT_EQ(alice.process().wait_exit(), 1);
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST_P(Client, ADrainThatSaysFinEndsTheChatWithThree) {
  GatewayProcess& gateway = start();
  Terminal alice(gateway, {"--uid=alice"});
  alice.expect_note("alice is connected");
  gateway.send_signal(SIGTERM);
  EXPECT_EQ(alice.process().wait_exit(), 3);
  EXPECT_EQ(gateway.wait_exit(), 0);
}

}  // namespace
}  // namespace sluice
