// Asks a gateway's admin port over HTTP, one connection a question.
//
// It reads what our own server writes and is no HTTP client. Failures fail the test and look like
// status 0. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/address.h"

namespace sluice {

struct AdminAnswer {
  int status = 0;
  std::string body;
};

AdminAnswer ask_admin(const Address& admin, std::string_view path);

// The value of one sample of /metrics, named with its labels: `sluice_pings_total` or
// `sluice_connections_closed_total{reason="idle"}`. The test fails when there is none.
uint64_t metric(const Address& admin, std::string_view sample);

}  // namespace sluice
