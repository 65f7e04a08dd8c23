// The configuration of one gateway process: a plain field per key, its initial value the default.
//
// A value here has passed its own bounds; what must hold between two keys is validate.h's. Nothing
// reads a file or the environment here: load.h fills it, main takes it apart and hands each part
// what it needs, so no folder but gateway/ knows this type. Filled once at start, then only read:
// any thread may.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log_field.h"
#include "codec/bounds.h"
#include "reactor/balance.h"
#include "sys/address.h"
#include "time/instant.h"

namespace sluice {

// Who accepts: one main reactor that hands connections over, or each reactor with its own listener.
enum class AcceptMode : uint8_t { Main, Reuseport };

// How a CONNECT proves its uid.
enum class AuthMode : uint8_t { None, TokenFile };

// What a client hears when the gateway drains: FIN (reconnect elsewhere), DISCONNECT (stay away).
enum class DrainNotify : uint8_t { Fin, Disconnect };

inline constexpr uint64_t kKib = 1024;
inline constexpr uint64_t kMib = 1024 * kKib;
inline constexpr uint64_t kGib = 1024 * kMib;

// Kept back from the descriptor limit for listeners, pollers, the log and the admin port.
inline constexpr uint64_t kDescriptorsReserved = 256;

// tcp://127.0.0.1:5100: only this machine, until the operator says otherwise.
std::vector<Address> default_listen();

struct Config {
  // Where clients connect; never empty, no address twice. All are plain TCP in this version.
  std::vector<Address> listen = default_listen();
  std::string poller = "epoll";  // NAME or NAME:key=value,…; parsed by poller/
  uint32_t reactors = 0;         // sub reactors, 1..kReactorsMax; 0 = number of cores
  AcceptMode accept = AcceptMode::Main;
  Balance balance = Balance::Least;
  uint32_t backlog = 4096;  // connections waiting in each listener, 1..65535
  Duration tcp_keepalive = std::chrono::seconds(60);  // silence before the first probe; 0 = off
  Duration tcp_user_timeout = Duration::zero();       // unacknowledged data; 0 = off

  AuthMode auth = AuthMode::None;
  std::string token_file;         // a path; set exactly when auth is TokenFile
  bool insecure_no_auth = false;  // allows addresses beyond loopback without authentication

  Duration auth_timeout = std::chrono::seconds(30);  // accept to CONNECT
  Duration idle_timeout = std::chrono::minutes(5);   // last byte received to close
  uint64_t max_connections = 0;         // whole process; 0 = descriptor limit less the reserve
  uint64_t max_connections_per_ip = 0;  // 0 = no limit

  uint64_t frame_bytes_max = kFrameBodyBytesMax;  // largest body of a frame
  uint64_t inbound_bytes_max = 2 * kMib;          // one connection's undecoded bytes
  uint64_t outbound_bytes_max = 8 * kMib;         // one connection's unsent bytes; above: closed
  uint64_t outbound_high_water = kMib;            // above: the connection's own input is paused
  Duration outbound_stall_timeout = std::chrono::seconds(10);  // time over the high-water mark
  uint64_t turn_bytes_max = 256 * kKib;                        // one connection's input per turn
  uint32_t turn_frames_max = 128;                              // one connection's frames per turn
  uint32_t mailbox_slots = 8192;        // each reactor's mailbox; a power of two
  uint32_t sends_in_flight_max = 4096;  // SENDs not yet acknowledged, per reactor

  Duration drain_timeout = std::chrono::seconds(30);  // SIGTERM to the last close
  DrainNotify drain_notify = DrainNotify::Fin;
  Duration linger_timeout = std::chrono::seconds(2);  // FIN to close of one connection

  std::optional<Address> admin;  // plain HTTP without authentication; none = off
  uint16_t node_id = 0;          // 0..1023: ten bits of every messageID
  LogLevel log_level = LogLevel::Info;
  LogFormat log_format = LogFormat::Text;
  std::string config;  // the file that was read; empty without one

  bool operator==(const Config&) const = default;
};

// How many connections may be open at once under a hard descriptor limit: the configured number, or
// with 0 the limit less the reserve (0 when the limit is not above the reserve).
uint64_t connections_max(const Config& config, uint64_t descriptor_limit);

}  // namespace sluice
