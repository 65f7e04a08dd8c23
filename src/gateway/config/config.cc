#include "gateway/config/config.h"

#include "base/check.h"

namespace sluice {

std::vector<Address> default_listen() {
  const absl::StatusOr<Address> loopback = Address::parse("127.0.0.1:5100");
  SLUICE_CHECK(loopback.ok(), "the default address is well written");
  return {*loopback};
}

uint64_t connections_max(const Config& config, uint64_t descriptor_limit) {
  if (config.max_connections != 0) return config.max_connections;
  return descriptor_limit > kDescriptorsReserved ? descriptor_limit - kDescriptorsReserved : 0;
}

}  // namespace sluice
