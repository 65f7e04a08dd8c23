// One stream of work of a scenario: what is sent, by whom, and in an open loop when.
//
// The schedule is fixed before the first send and knows nothing of answers: message number k is due
// at start + k × period, whatever has become of those before it. Senders take turns in a shuffled
// order, the same for the same seed, so that two runs to be compared ask the same of the server.
// One thread.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::load {

enum class FlowKind : uint8_t { Ping, Chat, Group, Login };

struct Flow {
  FlowKind kind = FlowKind::Ping;
  std::vector<uint32_t> senders;  // connections of this worker; of logins, nobody
  uint32_t burst = 1;             // messages (or logins) due at one moment
  double period_ns = 0;           // between two moments; 0 in a closed loop
  double offset_ns = 0;           // of the first moment: workers take turns too
  uint64_t start_ns = 0;
  uint64_t moment = 0;  // how many have been

  uint64_t due_ns() const {
    return start_ns + static_cast<uint64_t>(offset_ns + static_cast<double>(moment) * period_ns);
  }
  uint32_t sender() const { return senders[moment % senders.size()]; }
};

}  // namespace sluice::load
