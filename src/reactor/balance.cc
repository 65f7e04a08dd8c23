#include "reactor/balance.h"

namespace sluice {

uint32_t Balancer::choose(int fd, const Loads& loads) {
  const auto count = static_cast<uint32_t>(loads.size());
  switch (balance_) {
    case Balance::Fd:
      return static_cast<uint32_t>(fd) % count;
    case Balance::RoundRobin:
      next_ = next_ + 1 >= count ? 0 : next_ + 1;
      return next_ == 0 ? count - 1 : next_ - 1;
    case Balance::Least:
      break;
  }
  uint32_t best = 0;
  uint32_t fewest = loads[0].load(std::memory_order_relaxed);
  for (uint32_t i = 1; i < count; ++i) {
    const uint32_t load = loads[i].load(std::memory_order_relaxed);
    if (load < fewest) {
      best = i;
      fewest = load;
    }
  }
  return best;
}

}  // namespace sluice
