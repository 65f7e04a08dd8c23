// The chat at a terminal: a pseudo-terminal whose other end is the user's screen and keys.
#include "client/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <future>

#include "client/scripted_server.h"

namespace sluice {
namespace {

// What the user sees and types.
class Screen {
 public:
  Screen() : keys_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(grantpt(keys_.get()), 0);
    EXPECT_EQ(unlockpt(keys_.get()), 0);
    char name[64];
    EXPECT_EQ(ptsname_r(keys_.get(), name, sizeof name), 0);
    terminal_ = UniqueFd(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(ioctl(keys_.get(), TIOCSWINSZ, &size), 0);
  }

  int terminal() const { return terminal_.get(); }

  void type(std::string_view text) {
    EXPECT_EQ(write(keys_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Waits until `text` has been drawn behind what was waited for before.
  void expect(std::string_view text) {
    for (;;) {
      const size_t at = drawn_.find(text);
      if (at != drawn_.npos) {
        drawn_.erase(0, at + text.size());
        return;
      }
      char chunk[1024];
      pollfd ready{keys_.get(), POLLIN, 0};
      ASSERT_EQ(poll(&ready, 1, kPatienceS * 1000), 1) << "not drawn: " << text << " in " << drawn_;
      const ssize_t size = read(keys_.get(), chunk, sizeof chunk);
      ASSERT_GT(size, 0);
      drawn_.append(chunk, static_cast<size_t>(size));
    }
  }

  bool is_cooked() const {
    termios mode{};
    EXPECT_EQ(tcgetattr(terminal_.get(), &mode), 0);
    return (mode.c_lflag & ICANON) != 0 && (mode.c_lflag & ECHO) != 0;
  }

 private:
  UniqueFd keys_;
  UniqueFd terminal_;
  std::string drawn_;
};

TEST(Console, PutsTheTerminalBack) {
  const Screen screen;
  {
    Console console(screen.terminal(), screen.terminal(), screen.terminal());
    console.begin_editing();
    EXPECT_TRUE(console.editing());
    EXPECT_FALSE(screen.is_cooked());
  }
  EXPECT_TRUE(screen.is_cooked());
}

TEST(Console, DoesNotEditWhereThereIsNoTerminal) {
  const UniqueFd file = memory_file("one\n");
  Console console(file.get(), file.get(), file.get());
  console.begin_editing();
  EXPECT_FALSE(console.editing());
  console.read_input();
  EXPECT_EQ(console.next_line(), "one");
}

TEST(Console, ShowsTheEndOfALineThatIsWiderThanTheTerminal) {
  Screen screen;
  Console console(screen.terminal(), screen.terminal(), screen.terminal());
  console.begin_editing();
  console.set_prompt("bob> ");
  const std::string typed = std::string(30, 'a') + std::string(30, 'b');
  screen.type(typed);
  console.read_input();
  screen.expect("\r\x1b[K" + std::string(9, 'a') + std::string(30, 'b'));
  screen.type("\n");
  console.read_input();
  EXPECT_EQ(console.next_line(), typed);
  screen.expect("\r\x1b[Kbob> " + typed + "\r\n");  // but stays to be read in full
}

TEST(Console, EndsWhereThereIsNoInput) {
  const UniqueFd file = memory_file();
  Console console(-1, file.get(), file.get());
  console.read_input();
  EXPECT_TRUE(console.input_ended());
}

TEST(ChatAtATerminal, KeepsTheTypedLineBelowAMessageThatComesIn) {
  std::promise<void> begun;
  const auto script = [&](ScriptedPeer& peer) {
    peer.welcome();
    begun.get_future().wait();
    RecvPacket message;
    message.from_uid = "carol";
    message.channel_id = "carol";
    message.payload = bytes_of("am I disturbing?");
    peer.send(message);
    peer.expect<RecvackPacket>();
    const SendPacket send = peer.expect<SendPacket>();
    EXPECT_EQ(text_of(send.payload), "hello");
    SendackPacket ack;
    ack.client_seq = send.client_seq;
    ack.reason = Reason::Success;
    peer.send(ack);
    peer.expect_goodbye();
  };
  Screen screen;
  const ScriptedServer server(script);
  int code = -1;
  std::thread program([&] {
    code = client_main({"--uid=alice", server.flag()}, screen.terminal(), screen.terminal(),
                       screen.terminal(), SystemClock());
  });
  screen.expect("/help lists the commands\r\n");
  screen.expect("> ");
  screen.type("bob: hel");
  screen.expect("> bob: hel");
  begun.set_value();
  // The line is cleared, the message takes its place, and the line stands below it again.
  screen.expect("carol: am I disturbing?\r\n\r\x1b[K> bob: hel");
  screen.type("lo\n");
  screen.expect("> bob: hello\r\n");
  screen.expect("bob> ");
  screen.type("\x04");
  program.join();
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(screen.is_cooked());
}

}  // namespace
}  // namespace sluice
