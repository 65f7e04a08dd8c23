// Which sub reactor gets a newcomer.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace sluice {

enum class Balance : uint8_t {
  Least,       // the one with the fewest connections; the lowest index among equals
  Fd,          // descriptor modulo the number of reactors
  RoundRobin,  // one after the other
};

// Connections per reactor: counted up where they are handed out, down where they end.
using Loads = std::vector<std::atomic<uint32_t>>;

class Balancer {
 public:
  explicit Balancer(Balance balance) : balance_(balance) {}
  // The index of the reactor to take; one thread.
  uint32_t choose(int fd, const Loads& loads);

 private:
  const Balance balance_;
  uint32_t next_ = 0;
};

}  // namespace sluice
