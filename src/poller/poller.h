// The Poller contract: one thread's door to the kernel, completion-shaped, so that readiness stays
// epoll's private affair, lent buffers and multishot operations lose nothing, and a user-space TCP
// stack fits.
//
// Ask with the verbs, collect with wait(). A verb never blocks and calls nobody; its result appears
// only in wait(), which fills `out`. Everything belongs to the one thread that made the poller,
// except wake(), which is const because any thread may knock. The promises P1...P14 are listed in
// poller/README.md; each is a test of the same name in tests/conformance, run on every poller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/counter.h"
#include "base/token.h"
#include "buffer/block_id.h"
#include "sys/address.h"
#include "sys/tcp_socket.h"
#include "sys/unique_fd.h"
#include "time/instant.h"

namespace sluice {

// A poller's name for a socket: index and generation, never a descriptor, so that a stale one finds
// nothing.
struct Handle {
  uint64_t value = 0;
  friend bool operator==(Handle, Handle) = default;
};
inline constexpr Handle kNoHandle{};

enum class Op : uint8_t { Accept, Recv, Send, Close };

// What a poller can do; the gateway asks here instead of knowing pollers by name.
struct Caps {
  bool hand_over = true;         // any poller may adopt what Accept yields; else reuseport only
  uint32_t reactors_max = 0;     // pollers of this kind per process; 0 = any number
  size_t send_bytes_max = 0;     // bytes of one send
  uint32_t send_parts_max = 0;   // parts of one send
  size_t pause_slack_bytes = 0;  // bytes that may still be delivered after pause()
  uint32_t blocks = 0;           // lent blocks in all; a caller holds at most a quarter of them
  uint32_t block_bytes = 0;  // bytes of one lent block: the most that one Recv completion delivers
};

// One piece of news. `more` is false in an operation's last completion.
struct Completion {
  Token who;  // what attach() bound to the handle
  Op op = Op::Recv;
  bool more = false;
  BlockId block = BlockId::None;  // Recv with bytes: give_back(block) exactly once
  int32_t result = 0;             // Accept: an owned descriptor; else bytes; -errno on failure
  MutableBytes bytes;  // Recv: the bytes, contiguous, writable in place, valid until give_back
};

// One thing that is in effect, as `sluice pollers` and the log tell it: an option with its value,
// or what the kernel turned out to offer.
struct PollerFeature {
  std::string_view name;  // letters, digits and '_'; an option's key where it is one
  std::string value;
};

// What a poller counts, for metrics; any thread may read.
struct PollerCounters {
  Counter calls;    // system calls that collect news: epoll_wait, io_uring_enter
  Counter events;   // pieces of news that they brought, before they became completions
  Counter rearms;   // operations that the kernel ended by itself and that were armed again
  Counter starved;  // Recvs that found every block lent
};

class Poller {
 public:
  virtual ~Poller() = default;

  const PollerCounters& counters() const { return counters_; }

  virtual std::string_view name() const = 0;
  virtual const Caps& caps() const = 0;
  // For people; the gateway decides by caps().
  virtual std::vector<PollerFeature> features() const = 0;

  // Opens a TCP listener; nothing is accepted before accept().
  virtual absl::StatusOr<Handle> listen(const Address& at, const ListenOptions& options) = 0;
  // Stays armed: one completion per newcomer, whose result the receiver owns. Ends with -EMFILE,
  // -ENFILE, -ENOBUFS or -ENOMEM and more = false: call accept() again after a pause of your
  // choice.
  virtual void accept(Handle listener) = 0;
  // Takes a connection accepted on another reactor's poller of the same kind.
  virtual absl::StatusOr<Handle> adopt(UniqueFd fd) = 0;
  // Binds: every later completion of `what` carries `who`.
  virtual void attach(Handle what, Token who) = 0;

  // Stays armed from here to a completion with more = false: end of stream (result 0), an error, or
  // pause().
  virtual void recv(Handle from) = 0;
  // Back-pressure: ends the Recv with -ECANCELED after at most caps().pause_slack_bytes; recv() is
  // legal at once. A paused connection reports nothing, not even that the peer has gone. Without a
  // Recv in progress it does nothing.
  virtual void pause(Handle from) = 0;
  virtual void give_back(BlockId block) = 0;

  // One Send at a time per handle, at most send_parts_max parts. The array of parts is copied, the
  // bytes are not: they stay put until the completion with more = false. All of it goes, or -errno
  // says that some may not have: close then.
  virtual void send(Handle to, std::span<const Bytes> parts) = 0;
  // FIN once the send in progress is through. Has no completion.
  virtual void shutdown_send(Handle to) = 0;
  // Ends every open operation of `what` with its last completion (-ECANCELED), then gives Close's
  // own, the last for its Token.
  virtual void close(Handle what) = 0;

  virtual Address peer(Handle of) const = 0;
  virtual Address local(Handle of) const = 0;

  // Sleeps until there is news, a wake() or `deadline` (absolute, on the injected clock; kNever =
  // none, a past one does not sleep), and returns how many completions it wrote. 0 on a wake, a
  // signal or the deadline. Two waits in a row never both skip the kernel.
  virtual size_t wait(Instant deadline, std::span<Completion> out) = 0;
  // Ends the current or the next sleep of wait(). Any thread; many wakes before a sleep count as
  // one.
  virtual void wake() const = 0;

 protected:
  PollerCounters counters_;
};

}  // namespace sluice
