// Opens the connections of a load: connects, authenticates, subscribes.
//
// It waits for the server (blocking sockets with a patience): nothing is measured yet. Connections
// to a loopback address come from addresses all over 127.0.0.0/8, as no address has more than some
// 28,000 ports for one destination. One thread.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "codec/frame.h"
#include "load/payload.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice::load {

// A server that says nothing for so long will not say it later either.
inline constexpr int kSilenceMaxS = 10;

// The address that connection `number` comes from; empty (the kernel's choice) for a server
// elsewhere.
Address source_of(const Address& server, uint32_t number);

// TCP_NODELAY, patience, and a close that resets: in TIME_WAIT the ports of run after run would
// pile up for a minute.
absl::StatusOr<UniqueFd> open_connection(const Address& server, uint32_t number);

// Appends the CONNECT of `uid`.
void append_connect(std::vector<std::byte>& out, const Name& uid, Framing framing);

// Sends the CONNECTs (or SUBs to `groups`, one name each) of several connections, then waits for
// all their answers.
absl::Status authenticate(const std::vector<int>& fds, const std::vector<Name>& uids,
                          Framing framing);
absl::Status subscribe(const std::vector<int>& fds, const std::vector<Name>& groups,
                       Framing framing);

}  // namespace sluice::load
