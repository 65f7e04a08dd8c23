// What an io_uring can do on the running kernel, found by asking it: feature bits, the table of
// operations, and trials on loopback connections. Never by a version number: distributions carry
// features back, and containers take them away.
//
// Local (AF_UNIX) sockets would not do for the trials: there a multishot Recv misses an end of
// stream that came before it (seen on 6.18).
#pragma once

#include "absl/status/statusor.h"
#include "poller/lent_blocks.h"
#include "poller/uring_ring.h"

namespace sluice {

struct UringFeatures {
  bool multishot_accept = false;
  bool multishot_recv = false;
  bool credit = false;  // a multishot Recv takes a budget of bytes, so that it ends by itself
  bool bundle = false;  // one completion for several blocks
  bool zero_copy_send = false;
  bool min_wait = false;
  bool no_iowait = false;
  bool napi = false;
};

// Tries everything on this ring, whose blocks are registered and all with the kernel; leaves
// nothing behind. An error when an operation that no gateway can do without is missing.
absl::StatusOr<UringFeatures> probe_uring(UringRing& ring, LentBlocks& blocks);

}  // namespace sluice
