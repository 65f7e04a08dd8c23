// How the news look to the user: a line for eyes, or with --json an object for scripts.
//
// Everything that a server or a peer said goes through visible() here. What goes wrong is told on
// standard error; what was asked for stands on standard output. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client/console.h"
#include "client/json_line.h"
#include "client/options.h"
#include "codec/packets.h"
#include "codec/reason.h"
#include "time/instant.h"

namespace sluice {

// "NotAllowSend (11)".
std::string reason_text(Reason reason);

// "bob", or "group friends".
std::string channel_text(const Channel& channel);

class Report {
 public:
  // The console outlives it. On a terminal messages carry the time.
  Report(const Options& options, Console& console) : options_(options), console_(console) {}

  void message(const RecvPacket& message);
  void event(const EventPacket& event);
  // The answer to a SEND. Accepted messages are told if `with_success`; says whether it was one.
  bool sent(const SendackPacket& ack, const Channel& to, bool with_success);
  // The answer to a SUB, likewise.
  bool subscribed(const SubackPacket& ack, bool with_success);
  void pong(uint64_t number, Duration round_trip);
  // Of the round trips.
  void summary(std::span<const Duration> round_trips);

  // A line about what goes on, in words only and on standard error.
  void note(std::string_view text);
  // The same behind the program's name: something is wrong.
  void problem(std::string_view text);
  // Nobody reads what is printed any more.
  bool unread() const { return console_.output_gone(); }

 private:
  void json(std::span<const JsonField> fields);

  const Options& options_;
  Console& console_;
};

}  // namespace sluice
