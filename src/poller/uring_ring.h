// One io_uring: its two queues, its one system call, its registrations. Knows no sockets.
//
//    verbs --> next_sqe() ... [ SQ ] --enter()--> kernel --> [ CQ ] ... next_cqe() --> completions
//
// Setup asks for the newest flags first and drops what the kernel refuses. Belongs to the thread
// that made it: the kernel refuses others (-EEXIST).
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "time/instant.h"

namespace sluice {

struct RingOptions {
  uint32_t sq_entries = 0;
  uint32_t cq_entries = 0;
  bool defer_taskrun = true;  // dropped where the kernel lacks it
  bool sqpoll = false;        // excludes all task-run flags
};

// The limit of lockable memory (RLIMIT_MEMLOCK), for people.
std::string memlock_text();

class UringRing {
 public:
  // The error says which limit was met, and what to do. RESOURCE_EXHAUSTED: the memlock limit has
  // no room for it, perhaps only as long as the kernel still counts a ring that has ended.
  static absl::StatusOr<std::unique_ptr<UringRing>> make(const RingOptions& options);
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  // A fresh submission, to be filled by an io_uring_prep_ function. When the queue is full, what is
  // in it is submitted first.
  io_uring_sqe& next_sqe();

  // What a call of enter() may wait for.
  struct Wait {
    uint32_t completions = 0;  // 0: does not sleep
    Duration timeout = {};     // from now; ignored where `for_ever`
    bool for_ever = false;
    uint32_t min_wait_usec = 0;  // collect completions for at least so long (Linux 6.12)
  };
  // Submits everything, runs the work that the kernel deferred, and waits. News or not shows in
  // next_cqe(). True when a signal ended the waiting.
  bool enter(const Wait& wait);

  // The oldest completion, nullptr when there is none; it is good until done(). Never enters the
  // kernel.
  const io_uring_cqe* next_cqe() const;
  void done() { io_uring_cq_advance(&ring_, 1); }
  // Whether something waits for enter() or next_cqe(), as far as user space can see.
  bool has_news() const;
  // Submissions that the kernel has not taken yet.
  bool has_unsubmitted() const;

  // io_uring_register(2); 0 or more on success, else -errno.
  int register_with_kernel(uint32_t opcode, const void* arg, uint32_t count);
  io_uring& raw() { return ring_; }

  uint32_t setup_flags() const { return ring_.flags; }
  uint32_t features() const { return ring_.features; }
  uint32_t sq_entries() const { return ring_.sq.ring_entries; }
  uint32_t cq_entries() const { return ring_.cq.ring_entries; }
  bool registered() const { return ring_.ring_fd != ring_.enter_ring_fd; }
  // Calls of io_uring_enter(2).
  uint64_t enters() const { return enters_; }

 private:
  UringRing() = default;

  io_uring ring_{};
  uint64_t enters_ = 0;
};

}  // namespace sluice
