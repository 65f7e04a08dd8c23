// What a connection looks like from outside, for the admin port: copies, no views.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

struct ConnectionRecord {
  uint64_t id = 0;
  std::string uid;
  std::string device_id;
  int device_flag = -1;  // -1 before CONNECT
  std::string peer;
  std::string local;
  std::string state;  // connected, authed, active or closing
  uint32_t reactor = 0;
  int64_t uptime_ms = 0;
  int64_t idle_ms = 0;  // since the last byte received
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t messages_in = 0;   // SENDs
  uint64_t messages_out = 0;  // RECVs
  uint64_t queued_bytes = 0;  // not yet taken by the kernel
};

}  // namespace sluice
