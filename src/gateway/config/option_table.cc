#include "gateway/config/option_table.h"

#include <array>
#include <bit>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "codec/bounds.h"
#include "codec/frame.h"
#include "gateway/config/option_kinds.h"
#include "gateway/config/option_value.h"
#include "gateway/config/wording.h"
#include "reactor/ownership.h"

namespace sluice {
namespace {

constexpr uint64_t nanoseconds(Duration time) { return static_cast<uint64_t>(time.count()); }

constexpr uint64_t kSecond = nanoseconds(std::chrono::seconds(1));
constexpr uint64_t kMillisecond = nanoseconds(std::chrono::milliseconds(1));
// What a reactor can keep apart by its tokens (reactor/acceptor.h).
constexpr size_t kListenMax = 256;
// A connection's ring ends at 4 MiB, and a lent block of up to 1 MiB goes on top of the limit.
constexpr uint64_t kInboundMax = 3 * kMib;
constexpr uint64_t kDay = nanoseconds(std::chrono::hours(24));
// The timing wheel's tick: a shorter deadline could not be kept.
constexpr uint64_t kTick = 10 * kMillisecond;
// The kernel's MAX_TCP_KEEPIDLE, in the whole seconds it counts.
constexpr uint64_t kKeepaliveMax = 32767 * kSecond;

constexpr char kAcceptWords[] = "main|reuseport";
constexpr char kBalanceWords[] = "least|fd|round_robin";
constexpr char kAuthWords[] = "none|token-file";
constexpr char kDrainWords[] = "fin|disconnect";
constexpr char kLevelWords[] = "debug|info|warn|error|off";
constexpr char kFormatWords[] = "text|json";

constexpr char kListening[] = "Listening";
constexpr char kThreads[] = "Poller and threads";
constexpr char kAuthentication[] = "Authentication";
constexpr char kConnections[] = "Connections";
constexpr char kBytes[] = "Limits of bytes and messages";
constexpr char kStopping[] = "Stopping";
constexpr char kOperating[] = "Operating";

absl::Status set_listen(const Option&, std::string_view text, Config& config) {
  std::vector<Address> addresses;
  for (const absl::string_view part : absl::StrSplit(absl_view(text), ',')) {
    const absl::string_view trimmed = absl::StripAsciiWhitespace(part);
    if (trimmed.empty()) {
      return absl::InvalidArgumentError(
          "holds an empty address; write tcp://127.0.0.1:5100, with a comma between two");
    }
    const absl::StatusOr<Address> address =
        parse_listen_address(std::string_view(trimmed.data(), trimmed.size()));
    if (!address.ok()) return address.status();
    addresses.push_back(*address);
    if (addresses.size() > kListenMax) {
      return absl::InvalidArgumentError(absl::StrCat("holds more than ", kListenMax, " addresses"));
    }
  }
  config.listen = std::move(addresses);
  return absl::OkStatus();
}

std::string show_listen(const Config& config) {
  std::string text;
  for (const Address& address : config.listen) {
    absl::StrAppend(&text, text.empty() ? "" : ",", show_listen_address(address));
  }
  return text;
}

absl::Status set_admin(const Option&, std::string_view text, Config& config) {
  if (text == "off") {
    config.admin.reset();
    return absl::OkStatus();
  }
  const absl::StatusOr<Address> address = Address::parse(text);
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(address.status().message(), ", or off"));
  }
  config.admin = *address;
  return absl::OkStatus();
}

std::string show_admin(const Config& config) {
  return config.admin ? config.admin->to_string() : "off";
}

// A ring of slots is indexed with a mask, so the next power of two is what is built.
absl::Status set_mailbox_slots(const Option& option, std::string_view text, Config& config) {
  absl::Status status = set_number<&Config::mailbox_slots>(option, text, config);
  if (status.ok()) config.mailbox_slots = std::bit_ceil(config.mailbox_slots);
  return status;
}

constexpr Option listen_option() {
  return {.key = "listen",
          .metavar = "ADDRESSES",
          .group = kListening,
          .help = "where clients connect: tcp://IP:PORT, with a comma between two",
          .kind = OptionKind::AddressList,
          .set = set_listen,
          .show = show_listen};
}

constexpr Option admin_option() {
  return {.key = "admin",
          .metavar = "ADDRESS|off",
          .group = kOperating,
          .help =
              "HTTP for metrics, health and connections, such as 127.0.0.1:5300; it asks for no "
              "password, so beyond loopback it needs --insecure-no-auth",
          .kind = OptionKind::Address,
          .set = set_admin,
          .show = show_admin};
}

constexpr Option mailbox_option() {
  Option option = count_option<&Config::mailbox_slots>(
      kBytes, "mailbox-slots", {.min = 2, .max = 1 << 20},
      "room of each reactor's mailbox, rounded up to a power of two");
  option.set = set_mailbox_slots;
  return option;
}

constexpr Option config_option() {
  Option option =
      text_option<&Config::config>(kOperating, "config", "FILE", "a TOML file with these keys");
  option.in_file = false;
  return option;
}

constexpr std::array kOptions = {
    listen_option(),
    count_option<&Config::backlog>(kListening, "backlog", {.min = 1, .max = 65535},
                                   "connections that may wait for accept in each listener"),
    time_option<&Config::tcp_keepalive>(
        kListening, "tcp-keepalive",
        {.min = kSecond, .max = kKeepaliveMax, .zero_means = "off", .step = kSecond},
        "silence before the kernel's first keepalive probe"),
    time_option<&Config::tcp_user_timeout>(
        kListening, "tcp-user-timeout", {.min = kMillisecond, .max = kDay, .zero_means = "off"},
        "how long sent bytes may stay unacknowledged before the kernel gives up"),

    text_option<&Config::poller>(
        kThreads, "poller", "NAME[:KEY=VALUE,...]",
        "epoll, uring, or auto for uring where it works; see sluice pollers"),
    count_option<&Config::reactors>(kThreads, "reactors",
                                    {.min = 1, .max = kReactorsMax, .zero_means = "one per core"},
                                    "threads that own connections"),
    choice_option<&Config::accept, kAcceptWords>(
        kThreads, "accept", "who accepts: one main reactor, or each reactor for itself"),
    choice_option<&Config::balance, kBalanceWords>(
        kThreads, "balance", "how the main reactor picks the reactor of a newcomer"),

    choice_option<&Config::auth, kAuthWords>(kAuthentication, "auth",
                                             "how a CONNECT proves its uid"),
    text_option<&Config::token_file>(kAuthentication, "token-file", "FILE",
                                     "the uids and their tokens, for --auth=token-file"),
    switch_option<&Config::insecure_no_auth>(
        kAuthentication, "insecure-no-auth",
        "serve addresses beyond loopback without any authentication"),
    time_option<&Config::auth_timeout>(
        kAuthentication, "auth-timeout", {.min = kTick, .max = kDay},
        "how long a new connection may take until its CONNECT is accepted"),

    time_option<&Config::idle_timeout>(kConnections, "idle-timeout",
                                       {.min = kTick, .max = kDay, .zero_means = "never"},
                                       "how long a connection may stay silent"),
    count_option<&Config::max_connections>(
        kConnections, "max-connections",
        {.min = 1, .max = kUnbounded, .zero_means = "the descriptor limit less 256"},
        "connections of the whole process"),
    count_option<&Config::max_connections_per_ip>(
        kConnections, "max-connections-per-ip",
        {.min = 1, .max = kUnbounded, .zero_means = "no limit"},
        "connections of one client address"),

    bytes_option<&Config::frame_bytes_max>(kBytes, "frame-bytes-max",
                                           {.min = 64, .max = kFrameBodyBytesMax},
                                           "the largest body of a frame"),
    bytes_option<&Config::inbound_bytes_max>(
        kBytes, "inbound-bytes-max", {.min = 64 + kFrameHeaderBytesMax, .max = kInboundMax},
        "a connection's bytes that wait to be decoded; at least one frame and its header"),
    bytes_option<&Config::outbound_bytes_max>(
        kBytes, "outbound-bytes-max", {.min = 64, .max = kGib},
        "a connection's bytes that wait to be sent; above it the connection is closed"),
    bytes_option<&Config::outbound_high_water>(
        kBytes, "outbound-high-water", {.min = 1, .max = kGib},
        "bytes waiting to be sent above which the connection is not read"),
    time_option<&Config::outbound_stall_timeout>(
        kBytes, "outbound-stall-timeout", {.min = kTick, .max = kDay},
        "how long a connection may stay above the high-water mark; then it is closed"),
    bytes_option<&Config::turn_bytes_max>(
        kBytes, "turn-bytes-max", {.min = 1, .max = kGib},
        "input of one connection per turn, before others are served"),
    count_option<&Config::turn_frames_max>(kBytes, "turn-frames-max", {.min = 1, .max = 1 << 20},
                                           "frames of one connection per turn"),
    mailbox_option(),
    count_option<&Config::sends_in_flight_max>(
        kBytes, "sends-in-flight-max", {.min = 1, .max = 1 << 20},
        "SENDs of one reactor that may wait for their SENDACK"),

    time_option<&Config::drain_timeout>(kStopping, "drain-timeout",
                                        {.min = kTick, .max = kDay, .zero_means = "at once"},
                                        "how long a stopping gateway waits for its clients"),
    choice_option<&Config::drain_notify, kDrainWords>(
        kStopping, "drain-notify",
        "what clients hear on stop: a FIN (they reconnect) or DISCONNECT (they stay away)"),
    time_option<&Config::linger_timeout>(
        kStopping, "linger-timeout", {.min = kTick, .max = kDay},
        "how long a closing connection waits for the peer's FIN after its own"),

    admin_option(),
    count_option<&Config::node_id>(kOperating, "node-id", {.min = 0, .max = 1023},
                                   "this node's number, part of every messageID"),
    choice_option<&Config::log_level, kLevelWords>(kOperating, "log-level",
                                                   "the least important line that is logged"),
    choice_option<&Config::log_format, kFormatWords>(kOperating, "log-format", "how a line looks"),
    config_option(),
};

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view key) {
  for (const Option& option : kOptions) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

std::string flag_name(const Option& option) { return absl::StrCat("--", absl_view(option.key)); }

std::string environment_name(const Option& option) {
  std::string name = absl::StrCat("SLUICE_", absl::AsciiStrToUpper(absl_view(option.key)));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

const Option* find_option_of_environment(std::string_view variable) {
  for (const Option& option : kOptions) {
    if (environment_name(option) == variable) return &option;
  }
  return nullptr;
}

std::string show_number(const Option& option, uint64_t number) {
  switch (option.kind) {
    case OptionKind::Size:
      return show_bytes(number);
    case OptionKind::Time:
      return show_duration(Duration(static_cast<int64_t>(number)));
    default:
      return absl::StrCat(number);
  }
}

std::string show_bounds(const Option& option) {
  const Bounds& bounds = option.bounds;
  if (bounds.max == 0) return "";
  std::string text =
      bounds.max == kUnbounded
          ? absl::StrCat("at least ", show_number(option, bounds.min))
          : absl::StrCat(show_number(option, bounds.min), " to ", show_number(option, bounds.max));
  if (!bounds.zero_means.empty()) absl::StrAppend(&text, "; 0=", absl_view(bounds.zero_means));
  return text;
}

}  // namespace sluice
