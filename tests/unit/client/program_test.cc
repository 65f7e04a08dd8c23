// The whole program: usage, signals, and an output that nobody reads.
#include "client/program.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>

#include "client/scripted_server.h"

namespace sluice {
namespace {

TEST(Program, EndsWith2AndSaysWhatWasMeant) {
  const Outcome outcome = run_client({"sned", "--uid=alice"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "sluice-client: unknown command sned: did you mean send?\n");
}

TEST(Program, TellsEachMistakeOnALineOfItsOwn) {
  const Outcome outcome = run_client({"--framing=x\x1b", "--device-flag=y"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "sluice-client: --framing: is neither wkproto nor frame6\n"
            "sluice-client: --device-flag: is neither app, web, pc nor a number from 0 to 255\n");
}

TEST(Program, HelpsAndNamesItsExitCodes) {
  const Outcome outcome = run_client({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(has(outcome.out, "Exit codes:"));
  EXPECT_EQ(run_client({"version"}).out.substr(0, 14), "sluice-client ");
}

// The program on this thread, with an input that stays open; the script may interrupt it.
int run_until_interrupted(std::vector<std::string> arguments, Script script) {
  const pthread_t program = pthread_self();
  const auto interrupting = [&](ScriptedPeer& peer) {
    script(peer);
    pthread_kill(program, SIGINT);  // it has said something: it listens to signals by now
    peer.expect_goodbye();
  };
  const ScriptedServer server(interrupting);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const UniqueFd source(ends[0]);
  const UniqueFd target(ends[1]);
  const UniqueFd out = memory_file();
  arguments.push_back(server.flag());
  return client_main(std::move(arguments), source.get(), out.get(), out.get(), SystemClock());
}

// Says something that only a program that knows its CONNACK answers.
void hand_over_a_message(ScriptedPeer& peer) {
  peer.welcome();
  peer.send(RecvPacket{});
  peer.expect<RecvackPacket>();
}

TEST(Program, LeavesAChatOnCtrlCWithDisconnectAnd0) {
  EXPECT_EQ(run_until_interrupted({"--uid=alice"}, hand_over_a_message), 0);
}

TEST(Program, LeavesAListenOnCtrlCWithDisconnectAnd0) {
  EXPECT_EQ(run_until_interrupted({"listen", "--uid=alice"}, hand_over_a_message), 0);
}

TEST(Program, EndsASendOnCtrlCWith1SinceNobodyKnowsWhatBecameOfIt) {
  const auto script = [](ScriptedPeer& peer) {
    peer.welcome();
    peer.expect<SendPacket>();
  };
  EXPECT_EQ(run_until_interrupted({"send", "--uid=alice", "--to=bob", "x"}, script), 1);
}

TEST(Program, LeavesTheSignalMaskAsItWas) {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  EXPECT_EQ(run_until_interrupted({"listen", "--uid=alice"}, hand_over_a_message), 0);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

TEST(Program, StopsListeningWhenNobodyReadsTheOutput) {
  std::signal(SIGPIPE, SIG_IGN);  // as main() has it
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  UniqueFd source(ends[0]);
  const UniqueFd target(ends[1]);
  source.reset();
  const auto script = [](ScriptedPeer& peer) {
    hand_over_a_message(peer);
    peer.send(RecvPacket{});
    peer.expect<RecvackPacket>();
    peer.expect_goodbye();
  };
  const ScriptedServer server(script);
  const UniqueFd err = memory_file();
  EXPECT_EQ(client_main({"listen", "--uid=bob", server.flag()}, -1, target.get(), err.get(),
                        SystemClock()),
            0);
}

}  // namespace
}  // namespace sluice
