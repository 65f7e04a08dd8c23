// A client's end of the protocol: introduces itself, keeps the connection alive, acknowledges
// what it receives, and tells its owner the news one by one.
//
// It waits at the socket, the user's input and the signals at once. It prints only what ends a
// connection; what a message looks like is the Report's, what to send is the command's. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "client/console.h"
#include "client/exit_code.h"
#include "client/frame_link.h"
#include "client/interrupts.h"
#include "client/options.h"
#include "codec/packets.h"
#include "sys/clock.h"
#include "time/instant.h"

namespace sluice {

// What ended a wait.
enum class News : uint8_t {
  Packet,       // packet() has it
  Line,         // line() has it
  InputEnd,     // and will be told again while input is wanted
  Deadline,     // nothing came in time
  Interrupted,  // Ctrl-C
  Over,         // the connection is at its end, which was printed; ended() is the exit code
};

struct Pong {};
using Packet = std::variant<Pong, ConnackPacket, SendackPacket, RecvPacket, DisconnectPacket,
                            SubackPacket, EventPacket>;

class Client {
 public:
  // All of them outlive it.
  Client(const Options& options, Console& console, const Interrupts& interrupts,
         const Clock& clock);

  // Connects and introduces itself. On anything but Packet the reason was printed, unless it is
  // Interrupted; ended() is then the exit code.
  [[nodiscard]] News connect();

  // Waits for what comes first. Messages are acknowledged and PINGs sent meanwhile.
  [[nodiscard]] News wait(Instant deadline, bool with_input);
  // Valid until the next wait().
  const Packet& packet() const { return packet_; }
  const std::string& line() const { return line_; }
  ExitCode ended() const { return ended_; }

  // Sends a message, unless it is too long or its channel's name is: then false, and printed.
  [[nodiscard]] bool send_text(const Channel& to, std::string_view text);
  // Asks to join or leave a group; likewise.
  [[nodiscard]] bool subscribe(std::string_view group, SubAction action);
  void ping();

  // How many answers (SENDACK, SUBACK) the server owes, and until when the next may take.
  size_t unanswered() const { return unanswered_.size(); }
  Instant answer_deadline() const { return unanswered_.empty() ? kNever : answer_deadline_; }
  // Where the message went that the SENDACK in packet() answers.
  const Channel& answered() const { return answered_; }

  // Says DISCONNECT and sees to it that the server gets all that was sent.
  void goodbye();

  Instant now() const { return clock_.now(); }

 private:
  // Decodes the next received packet and does what needs no command: RECVACK, the books.
  std::optional<News> take_packet();
  bool decode_packet(const Frame& frame);
  // Nothing: an answer to no question, which nobody needs to see.
  std::optional<News> account();
  // Whether `key` was a question; it is one no longer.
  bool answer(uint64_t key);
  void ask(uint64_t key, Channel to);
  // Sleeps until something happens or `deadline`.
  std::optional<News> sleep(Instant deadline, bool with_input);
  std::optional<News> keep_alive(Instant now);
  News over(ExitCode code, std::string_view why);

  const Options& options_;
  Console& console_;
  const Interrupts& interrupts_;
  const Clock& clock_;
  std::optional<FrameLink> link_;
  bool connected_ = false;  // CONNACK came
  Instant next_ping_ = kNever;
  Instant pong_deadline_ = kNever;  // any byte that comes will do as an answer
  bool over_ = false;
  bool leaving_ = false;                    // goodbye(): an end is no news
  std::string message_nonce_;               // the first part of every clientMsgNo
  uint32_t last_seq_ = 0;                   // of SEND
  uint32_t last_sub_ = 0;                   // of SUB, as its subNo
  std::map<uint64_t, Channel> unanswered_;  // by clientSeq, or by subNo with kSubBit
  Instant answer_deadline_ = kNever;
  Channel answered_;
  Packet packet_;
  std::string line_;
  ExitCode ended_ = ExitCode::Success;
};

}  // namespace sluice
