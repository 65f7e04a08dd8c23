// Opens the connections of a load: connects, authenticates, subscribes.
//
// It waits for the server (blocking sockets with a patience): nothing is measured yet. Connections
// to a loopback address come from addresses all over 127.0.0.0/8, as no address has more than some
// 28,000 ports for one destination. One thread.
#pragma once

#include <cstdint>
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

// Far below the 28,000 ports of an address, so that those in TIME_WAIT do not matter.
inline constexpr uint32_t kConnectionsPerAddress = 1000;

// A TCP socket bound to source_of(number), with `flags` for socket(); invalid, with errno, on
// error.
UniqueFd make_socket(const Address& server, uint32_t number, int flags);
// connect(); whether it is done or, for a non-blocking socket, under way. errno tells otherwise.
bool start_connect(int fd, const Address& server);

// How wide a connection opens its window: one that will never read takes as little as it can, and
// says so before it connects. Its segments have the size of Ethernet's: the loopback's 64 KiB make
// the server's kernel keep megabytes for it.
enum class Window : uint8_t { Usual, Small };

// A connection, with TCP_NODELAY, patience, and a close that resets: in TIME_WAIT the ports of run
// after run would pile up for a minute.
absl::StatusOr<UniqueFd> open_connection(const Address& server, uint32_t number, Window window);

// Appends the CONNECT of `uid`.
void append_connect(std::vector<std::byte>& out, const Name& uid, Framing framing);

// Sends the CONNECTs (or SUBs to `groups`, one name each) of several connections, then waits for
// all their answers.
absl::Status authenticate(const std::vector<int>& fds, const std::vector<Name>& uids,
                          Framing framing);
absl::Status subscribe(const std::vector<int>& fds, const std::vector<Name>& groups,
                       Framing framing);

}  // namespace sluice::load
