// One connection of a load, as its worker keeps it: what it is for, what it sent, what it waits
// for.
//
// It does nothing itself; the worker alone reads and writes it, on its one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "load/flow.h"
#include "load/send_window.h"
#include "sys/unique_fd.h"

namespace sluice::load {

struct Peer {
  UniqueFd fd;
  FlowKind role = FlowKind::Ping;
  uint32_t source = 0;         // the connection of this worker whose messages it receives
  uint32_t receivers = 0;      // how many hear what it sends, and are counted
  uint32_t received_last = 0;  // number of the last message that came
  bool slow = false;           // never reads, up to the final round
  bool in_final_round = false;
  bool gone = false;
  SendWindow window;
  std::vector<std::byte> partial;  // the beginning of a frame that has not come whole
  std::vector<std::byte> unsent;   // what the socket did not take
};

}  // namespace sluice::load
