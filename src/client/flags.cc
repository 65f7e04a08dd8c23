#include "client/flags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "codec/bounds.h"

namespace sluice {
namespace {

constexpr char kHelp[] =
    R"(sluice-client: talks to a sluice gateway, or to any other that speaks the WuKongIM protocol.

  sluice-client --uid=alice                        a chat at the prompt
  sluice-client send --uid=alice --to=bob hello    sends one message and waits for its answer
  sluice-client send --uid=alice --to=bob -        sends each line of standard input
  sluice-client listen --uid=bob --count=1         prints messages as they come
  sluice-client ping                               measures round trips

Connection:
  --uid=UID               who you are; ping makes one up
  --server=ADDRESS        the gateway [127.0.0.1:5100]
  --token=TEXT            for gateways that ask for one
  --framing=NAME          wkproto or frame6 [wkproto]
  --device-id=TEXT        [a random one, so that two clients of a uid live side by side]
  --device-flag=KIND      app, web, pc, or a number from 0 to 255 [pc]
  --protocol-version=N    1 to 5 [5]
  --ping-interval=TIME    how often a PING keeps the connection alive; 0 is never [30s]
  --timeout=TIME          how long to wait for an answer [5s]; for listen: the whole time [no end]
  --json                  one JSON object per line on standard output

send:
  --to=UID, --group=NAME  the receiver: one of them
  --join                  subscribes to the group first
  -- TEXT                 for a text that begins with '-'
listen:
  --group=NAME            subscribes first; may be given several times
  --count=N               ends after N messages [no end]
ping:
  --count=N               round trips [1]
In the chat, /help lists the commands. TIME is a whole number with ms, s, m or h.

listen and the chat say "UID listens on …" and "UID is connected to …" on standard error once the
gateway has let them in: a script may wait for that line.

Exit codes:
  0  success; for listen and the chat also Ctrl-C
  1  refused by the gateway, or disconnected by it; the reason is on standard error
  2  the command line makes no sense
  3  no connection, or it was lost
  4  timed out)";

std::string take_text(const std::string& value, size_t bytes_max, std::string& out) {
  out = value;
  return value.size() <= bytes_max ? "" : absl::StrCat("is longer than ", bytes_max, " bytes");
}

template <typename Number>
std::string take_number(const std::string& value, Number least, Number most, Number& out) {
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, out);
  if (error == std::errc() && rest == end && out >= least && out <= most) return "";
  return absl::StrCat("is not a number from ", least, " to ", most);
}

std::string take_duration(const std::string& value, Duration& out) {
  struct Unit {
    std::string_view name;
    int64_t ms;
  };
  constexpr std::array kUnits = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60 * 1000},
                                 Unit{"h", 60 * 60 * 1000}};
  constexpr int64_t kMsMax = int64_t{365} * 24 * 60 * 60 * 1000;  // a year is longer than a session
  int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  const std::string_view name(rest, static_cast<size_t>(end - rest));
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& known) { return known.name == name; });
  const bool is_zero = value == "0";
  if (!is_zero && (error != std::errc() || unit == kUnits.end() || number < 0)) {
    return "is not a time; write a whole number with ms, s, m or h";
  }
  const int64_t factor = is_zero ? 0 : unit->ms;
  if (!is_zero && number > kMsMax / factor) return "is longer than a year";
  out = std::chrono::milliseconds(number * factor);
  return "";
}

std::string take_server(const std::string& value, Address& out) {
  const absl::StatusOr<Address> address = Address::parse(value);
  if (!address.ok()) return std::string(address.status().message());
  out = *address;
  return out.port() != 0 ? "" : "has no port to connect to";
}

std::string take_framing(const std::string& value, Framing& out) {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    if (name_of(framing) != value) continue;
    out = framing;
    return "";
  }
  return "is neither wkproto nor frame6";
}

std::string take_device_flag(const std::string& value, DeviceFlag& out) {
  uint32_t number = 0;
  if (value == "app") {
    number = static_cast<uint32_t>(DeviceFlag::App);
  } else if (value == "web") {
    number = static_cast<uint32_t>(DeviceFlag::Web);
  } else if (value == "pc") {
    number = static_cast<uint32_t>(DeviceFlag::Pc);
  } else if (!take_number<uint32_t>(value, 0, 255, number).empty()) {
    return "is neither app, web, pc nor a number from 0 to 255";
  }
  out = static_cast<DeviceFlag>(number);
  return "";
}

std::string take_timeout(const std::string& value, Options& options) {
  options.has_timeout = true;
  const std::string wrong = take_duration(value, options.timeout);
  return wrong.empty() && options.timeout == Duration::zero() ? "is no time at all" : wrong;
}

std::string take_switch(const std::string& value, bool& out) {
  out = value == "true";
  return out || value == "false" ? "" : "is neither true nor false";
}

// The flags of one or two commands.
std::vector<Flag> flags_of_commands(Options& o) {
  using Text = const std::string&;
  return {
      {.name = "--to",
       .take = [&](Text v) { return take_text(v, kChannelIdBytesMax, o.to.id); },
       .only_for = {Command::Send}},
      {.name = "--group",
       .take = [&](Text v) { return take_text(v, kChannelIdBytesMax, o.groups.emplace_back()); },
       .may_repeat = true,
       .only_for = {Command::Send, Command::Listen}},
      {.name = "--join",
       .take = [&](Text v) { return take_switch(v, o.join); },
       .is_switch = true,
       .only_for = {Command::Send}},
      {.name = "--count",
       .take = [&](Text v) { return take_number<uint64_t>(v, 1, UINT32_MAX, o.count.emplace()); },
       .only_for = {Command::Listen, Command::Ping}},
  };
}

}  // namespace

std::vector<Flag> flags_into(Options& o) {
  using Text = const std::string&;
  std::vector<Flag> flags = {
      {.name = "--uid", .take = [&](Text v) { return take_text(v, kUidBytesMax, o.uid); }},
      {.name = "--server", .take = [&](Text v) { return take_server(v, o.server); }},
      {.name = "--token", .take = [&](Text v) { return take_text(v, kTokenBytesMax, o.token); }},
      {.name = "--framing", .take = [&](Text v) { return take_framing(v, o.framing); }},
      {.name = "--device-id",
       .take = [&](Text v) { return take_text(v, kDeviceIdBytesMax, o.device_id); }},
      {.name = "--device-flag", .take = [&](Text v) { return take_device_flag(v, o.device_flag); }},
      {.name = "--protocol-version",
       .take = [&](Text v) { return take_number<uint8_t>(v, 1, kProtocolVersionMax, o.version); }},
      {.name = "--ping-interval",
       .take = [&](Text v) { return take_duration(v, o.ping_interval); }},
      {.name = "--timeout", .take = [&](Text v) { return take_timeout(v, o); }},
      {.name = "--json", .take = [&](Text v) { return take_switch(v, o.json); }, .is_switch = true},
  };
  for (Flag& flag : flags_of_commands(o)) flags.push_back(std::move(flag));
  return flags;
}

std::string help_text() { return kHelp; }

}  // namespace sluice
