// What a load does: one scenario, read from a small TOML file, any key of it replaced from the
// command line.
//
// A value, checked once: whoever holds one from make_scenario() need not ask whether it makes
// sense. The table of keys in scenario.cc is the only list of them. Setting up only; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "codec/frame.h"

namespace sluice::load {

enum class Kind : uint8_t {
  Ping,    // PING, PONG
  Chat,    // SEND to a partner, SENDACK, RECV, RECVACK
  Fanout,  // one member of each group SENDs, all others RECV
  Idle,    // a PING of each connection every heartbeat_seconds
  Storm,   // connect, CONNECT, CONNACK, close, again
  Mixed,   // 80 % of the connections idle, 15 % chat, 5 % in groups, and logins beside them
};

struct Scenario {
  std::string name = "unnamed";
  std::string title;
  Kind kind = Kind::Ping;
  bool open_loop = true;
  bool auth = true;  // false: no CONNECT, for a server that only echoes
  Framing framing = Framing::Wkproto;
  uint32_t connections = 1000;
  uint32_t payload_bytes = 64;    // of a SEND
  double rate = 10'000;           // open loop: units/s of all connections together
  uint32_t depth = 1;             // units of a connection in flight at most
  uint32_t burst = 1;             // open loop: units due at one moment
  uint32_t group = 10;            // fanout, mixed: members of a group
  uint32_t slow_percent = 0;      // fanout: connections of a hundred that never read
  double heartbeat_seconds = 30;  // idle, mixed
  double login_rate = 0;          // mixed: logins/s beside the rest
  uint32_t pause_at = 0;          // say how many are open at this number, and wait for a line
  double warmup_seconds = 1;
  double seconds = 5;
  double patience_seconds = 10;  // a server that is silent for so long has lost what is missing
  uint64_t messages = 0;         // closed loop: stop after so many units instead of `seconds`
  // For whoever drives the load; the load only hands them on.
  double capacity_fraction = 0.5;
  bool echo = false;
  std::string gateway_flags;
};

// "key=value" as given with --set.
using Setting = std::string;

// Reads the file, applies the settings in their order, and checks the whole. An error names file or
// setting, key and fix.
absl::StatusOr<Scenario> make_scenario(const std::string& path,
                                       const std::vector<Setting>& settings);

// All keys with the values in effect, as a TOML file could have them: (key, value) in the order of
// the table. Strings are quoted for JSON by whoever prints them.
struct KeyValue {
  std::string_view key;
  std::string value;
  bool is_text;
};
std::vector<KeyValue> effective(const Scenario& scenario);

// What one unit is: "ping", "send", "delivery", "heartbeat", "login", "operation".
std::string_view unit_of(Kind kind);

}  // namespace sluice::load
