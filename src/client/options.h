// What the command line of sluice-client asks for.
//
// Flags are split by CLI11, which throws: options.cc is built behind the fence, and nothing
// leaves it but a Status. It judges what can be judged without a server; whether a uid is
// allowed, the server says. Pure but for the random device id, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "codec/frame.h"
#include "codec/packets.h"
#include "sys/address.h"
#include "time/instant.h"

namespace sluice {

enum class Command : uint8_t { Chat, Send, Listen, Ping, Help, Version };

// Where a message goes: a uid, or a group.
struct Channel {
  std::string id;
  ChannelType type = ChannelType::Person;
};

struct Options {
  Command command = Command::Chat;
  Address server;
  std::string uid;
  std::string token;
  std::string device_id;  // random unless given: two clients of a uid then live side by side
  DeviceFlag device_flag = DeviceFlag::Pc;
  Framing framing = Framing::Wkproto;
  uint8_t version = 5;                                // protocol, 1 to 5
  Duration ping_interval = std::chrono::seconds(30);  // 0: never
  // For the server's answers; for `listen` it is the whole time, and without it there is no end.
  Duration timeout = std::chrono::seconds(5);
  bool has_timeout = false;
  bool json = false;
  std::optional<uint64_t> count;    // listen: messages; ping: round trips
  std::vector<std::string> groups;  // listen: to subscribe to
  Channel to;                       // send
  bool join = false;                // send: subscribe to the group first
  bool from_input = false;          // send: each line of standard input is a message
  std::string text;                 // send: the message, unless from_input
};

// Reads the arguments behind the program's name. The error has a line for each mistake.
absl::StatusOr<Options> parse_options(std::vector<std::string> arguments);

// What `sluice-client --help` prints.
std::string help_text();

}  // namespace sluice
