// What happened in one run of a trace, as lines that another run can be compared with.
//
//   "ann > SEND 3 to bob: 40 bytes #3f0a…"   "bob < RECV M7 seq 2 from ann in ann …"   "ann < PONG"
//
// Each line begins with the connection it is about. What differs from run to run is not in it:
// times and ports are left out, and message ids become M1, M2… in the order in which they are first
// seen, so that a RECV, its SENDACK and all copies of it must still carry the same one. A run owns
// its journal. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/frame.h"
#include "codec/packets.h"

namespace sluice {

class Journal {
 public:
  // "ann > …": what the script makes a connection say.
  void said(std::string_view who, std::string_view what) { add(who, " > ", what); }
  // "ann < …": what the gateway answered.
  void heard(std::string_view who, std::string_view what) { add(who, " < ", what); }
  // "ann = …": what the gateway tells about it: states, log lines, counters.
  void known(std::string_view who, std::string_view what) { add(who, " = ", what); }

  // A gateway's frame in one line, with every field that its version carries and no clock made.
  std::string describe(const Frame& frame, uint8_t version);
  std::string describe(const SendackPacket& sendack);
  // "M1", "M2"…; "none" for the 0 of a message that was refused.
  std::string name_of_message(int64_t id);

  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void add(std::string_view who, std::string_view sign, std::string_view what);
  std::string describe(const RecvPacket& recv, uint8_t version);

  std::vector<std::string> lines_;
  std::map<int64_t, size_t> messages_;  // id → its number
};

// A payload as a line shows it: "5 bytes #" and a hash of them.
std::string describe_payload(Bytes payload);

// One journal and the way it came about, for the report.
struct Telling {
  std::string way;
  std::vector<std::string> lines;
};

// Where `other` first differs from `first`: the connection, both lines and what came before them.
// "" when they are the same.
std::string first_difference(const Telling& first, const Telling& other);

}  // namespace sluice
