// What one connection and one reactor may use, and how long things may take: the configuration as
// the hot path needs it.
//
// Every limit has a name and a unit; reaching one closes or pauses the connection concerned and
// harms no other. Set once, then only read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "session/session.h"
#include "time/instant.h"

namespace sluice {

struct Limits {
  SessionTimeouts timeouts;
  uint32_t frame_bytes_max = 0;      // body of one frame
  size_t inbound_bytes_max = 0;      // undecoded bytes of one connection
  uint32_t outbound_bytes_max = 0;   // unsent bytes of one connection; over it: slow consumer
  uint32_t outbound_high_water = 0;  // over it: its input is paused, and the stall clock runs
  Duration outbound_stall{};         // time over the high-water mark; then: slow consumer
  size_t turn_bytes_max = 0;         // input of one connection handled in one turn
  uint32_t turn_frames_max = 0;      // frames of one connection handled in one turn
  uint32_t sends_in_flight_max = 0;  // SENDs of one reactor without SENDACK
  Duration linger{};                 // from our FIN to the close; a kick: from its decision
  Duration drain{};      // the same for those that a drain closes: they may be owed much
  uint64_t node_id = 0;  // in CONNACK
  uint64_t connections_per_ip_max = 0;  // 0 = no limit
};

}  // namespace sluice
