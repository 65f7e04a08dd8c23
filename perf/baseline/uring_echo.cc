// The floor for io_uring: a bare echo, one thread, one ring, nothing but what a gateway on io_uring
// cannot do without.
//
//    multishot accept --> multishot recv --> [ block ] --> send --> block back to the kernel's ring
//                            \______ all of a turn in one io_uring_enter(2), which also waits ____/
//
// Prints the port it listens on (127.0.0.1, chosen by the kernel), then echoes until it is killed.
// No error handling beyond what a benchmark needs; not part of the gateway, of whose kernel
// constants alone it makes use. Needs Linux 6.1; from 6.12 on it waits more cleverly.
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "poller/uring_constants.h"

namespace {

using namespace sluice;

// The kernel fills blocks first in, first out, and walks through all of them. So they are few
// enough for their beginnings to stay in a cache, and stand a cache line off each other's pages:
// page by page their first lines would all compete for the same few places in it.
constexpr unsigned kBlocks = 1024;
constexpr size_t kBlockBytes = 32768;  // of one recv, as in epoll_echo
constexpr size_t kStrideBytes = kBlockBytes + 64;
constexpr unsigned kSubmissions = 2048;  // a send and an arming for each block
constexpr unsigned kCompletions = 8192;
// Nearly every send ends while it is submitted; for so long their ends alone are no reason to wake.
// From so many sends on: setting the kernel's timer costs a virtual machine microseconds (a third
// more CPU with one connection).
constexpr uint32_t kPatienceUs = 50;
constexpr uint32_t kPatienceSends = 16;

enum class Kind : uint64_t { Accept, Recv, Send, Cancel };

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

// The same for functions that return -errno.
void must_not_fail(int result, const char* what) {
  if (result >= 0) return;
  errno = -result;
  must(false, what);
}

int open_listener() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0, "socket");
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0, "bind");
  must(listen(fd, 4096) == 0, "listen");
  socklen_t size = sizeof at;
  must(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0, "getsockname");
  std::printf("%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  return fd;
}

// One per descriptor. A descriptor is closed when the kernel has no operation left for it, so that
// its successor hears nothing old.
struct Connection {
  int32_t sending = -1;  // the block that is being sent; behind it stand, in order, those that the
  int32_t last = -1;     // next send will take: two sends at a time could interleave
  bool armed = false;    // a multishot recv is in the kernel
  bool broken = false;   // a send failed: nothing is echoed any more
};

struct Block {
  int32_t next = -1;  // the one to be sent after it
  unsigned bytes = 0;
};

class Echo {
 public:
  Echo() : listener_(open_listener()), blocks_(kBlocks) {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL |
                   IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    params.cq_entries = kCompletions;
    must_not_fail(io_uring_queue_init_params(kSubmissions, &ring_, &params), "io_uring_setup");
    io_uring_register_ring_fd(&ring_);
    lend_blocks();
    arm_accept();
  }

  [[noreturn]] void run() {
    for (;;) {
      enter();
      io_uring_cqe* cqe = nullptr;
      unsigned head = 0;
      unsigned count = 0;
      io_uring_for_each_cqe(&ring_, head, cqe) {
        on_completion(*cqe);
        ++count;
      }
      io_uring_cq_advance(&ring_, count);
      io_uring_buf_ring_advance(free_, std::exchange(returned_, 0));
      arm_starved();
    }
  }

 private:
  static char* map(size_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(at != MAP_FAILED, "mmap");
    return static_cast<char*>(at);
  }

  void lend_blocks() {
    memory_ = map(kBlocks * kStrideBytes);
    io_uring_buf_reg reg{};
    free_ = reinterpret_cast<io_uring_buf_ring*>(map(kBlocks * sizeof(io_uring_buf)));
    reg.ring_addr = reinterpret_cast<uint64_t>(free_);
    reg.ring_entries = kBlocks;
    must_not_fail(io_uring_register_buf_ring(&ring_, &reg, 0), "io_uring_register_buf_ring");
    io_uring_buf_ring_init(free_);
    for (unsigned i = 0; i < kBlocks; ++i) give_back(static_cast<int32_t>(i));
    io_uring_buf_ring_advance(free_, std::exchange(returned_, 0));
  }

  char* memory_of(int32_t block) { return memory_ + static_cast<size_t>(block) * kStrideBytes; }

  void give_back(int32_t block) {
    io_uring_buf_ring_add(free_, memory_of(block), kBlockBytes, static_cast<unsigned short>(block),
                          io_uring_buf_ring_mask(kBlocks), returned_++);
    --in_hand_;
  }

  io_uring_sqe& next_sqe(Kind kind, int fd) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      must_not_fail(io_uring_submit(&ring_), "io_uring_submit");
      sqe = io_uring_get_sqe(&ring_);
      must(sqe != nullptr, "io_uring_get_sqe");
    }
    sqe->user_data = tag(kind, fd);
    return *sqe;
  }

  static uint64_t tag(Kind kind, int fd) {
    return static_cast<uint64_t>(kind) << 32 | static_cast<uint32_t>(fd);
  }

  void arm_accept() {
    io_uring_sqe& sqe = next_sqe(Kind::Accept, listener_);
    io_uring_prep_multishot_accept(&sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  }

  void arm_recv(int fd) {
    io_uring_sqe& sqe = next_sqe(Kind::Recv, fd);
    io_uring_prep_recv_multishot(&sqe, fd, nullptr, 0, 0);
    sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;  // an empty ring of blocks would end it at once
    sqe.flags |= IOSQE_BUFFER_SELECT;
    of(fd).armed = true;
  }

  // A reset that came together with bytes is not told to a multishot recv; a send meets it.
  void cancel_recv(int fd) {
    io_uring_sqe& sqe = next_sqe(Kind::Cancel, fd);
    io_uring_prep_cancel64(&sqe, tag(Kind::Recv, fd), 0);
  }

  void send_block(int fd) {
    const int32_t block = of(fd).sending;
    io_uring_sqe& sqe = next_sqe(Kind::Send, fd);
    io_uring_prep_send(&sqe, fd, memory_of(block), block_of(block).bytes,
                       MSG_NOSIGNAL | MSG_WAITALL);
    ++sends_;
  }

  Connection& of(int fd) { return connections_[static_cast<size_t>(fd)]; }
  Block& block_of(int32_t block) { return blocks_[static_cast<size_t>(block)]; }

  void on_completion(const io_uring_cqe& cqe) {
    const int fd = static_cast<int32_t>(cqe.user_data & 0xffffffff);
    switch (static_cast<Kind>(cqe.user_data >> 32)) {
      case Kind::Accept:
        return on_accept(cqe);
      case Kind::Recv:
        return on_recv(fd, cqe);
      case Kind::Send:
        return on_send(fd, cqe);
      case Kind::Cancel:
        return;  // what it cancelled says so itself
    }
  }

  void on_accept(const io_uring_cqe& cqe) {
    if (cqe.res != -ECONNABORTED) must_not_fail(cqe.res, "accept");
    if ((cqe.flags & IORING_CQE_F_MORE) == 0) arm_accept();
    if (cqe.res < 0) return;
    const auto index = static_cast<size_t>(cqe.res);
    if (index >= connections_.size()) connections_.resize(2 * index + 1);
    connections_[index] = {};
    arm_recv(cqe.res);
  }

  void on_recv(int fd, const io_uring_cqe& cqe) {
    Connection& connection = of(fd);
    connection.armed = (cqe.flags & IORING_CQE_F_MORE) != 0;
    if (cqe.res > 0) {
      const auto block = static_cast<int32_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
      block_of(block) = {-1, static_cast<unsigned>(cqe.res)};
      ++in_hand_;
      echo(fd, block);
      if (!connection.armed) arm_recv(fd);
    } else if (cqe.res == -ENOBUFS) {
      connection.armed = true;  // soon again; nobody may close it meanwhile
      starved_.push_back(fd);
    } else {
      close_if_done(fd);
    }
  }

  void echo(int fd, int32_t block) {
    Connection& connection = of(fd);
    if (connection.broken) return give_back(block);
    if (connection.sending >= 0) {
      block_of(connection.last).next = block;
      connection.last = block;
      return;
    }
    connection.sending = connection.last = block;
    send_block(fd);
  }

  void on_send(int fd, const io_uring_cqe& cqe) {
    Connection& connection = of(fd);
    connection.broken = cqe.res != static_cast<int>(block_of(connection.sending).bytes);
    if (connection.broken && connection.armed) cancel_recv(fd);
    do {
      give_back(std::exchange(connection.sending, block_of(connection.sending).next));
    } while (connection.broken && connection.sending >= 0);
    if (connection.sending >= 0) return send_block(fd);
    close_if_done(fd);
  }

  void close_if_done(int fd) {
    if (!of(fd).armed && of(fd).sending < 0) close(fd);
  }

  // Who found no block tries again when one has come back.
  void arm_starved() {
    if (in_hand_ == kBlocks) return;
    for (const int fd : std::exchange(starved_, {})) arm_recv(fd);
  }

  // Submits everything and waits, in one call: for the ends of the sends, and one thing more.
  void enter() {
    io_uring_sq& sq = ring_.sq;
    sq.sqe_head = sq.sqe_tail;
    io_uring_smp_store_release(sq.ktail, sq.sqe_tail);
    const uint32_t submit = sq.sqe_tail - io_uring_smp_load_acquire(sq.khead);
    uint32_t flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    if (ring_.ring_fd != ring_.enter_ring_fd) flags |= IORING_ENTER_REGISTERED_RING;
    if ((ring_.features & uapi::kFeatNoIowait) != 0) flags |= uapi::kEnterNoIowait;
    uint32_t wait = 1;
    uapi::GetEventsArg arg{};
    // Without a timeout the kernel takes the minimal wait for one, and comes back with nothing.
    __kernel_timespec day{.tv_sec = 86400, .tv_nsec = 0};
    const uint32_t sends = std::exchange(sends_, 0);
    if (sends >= kPatienceSends && (ring_.features & uapi::kFeatMinTimeout) != 0) {
      wait = sends + 1;
      arg.min_wait_usec = kPatienceUs;
      arg.timeout = reinterpret_cast<uint64_t>(&day);
    }
    const int result = io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), submit, wait,
                                       flags, reinterpret_cast<sigset_t*>(&arg), sizeof arg);
    if (result != -ETIME && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
      must_not_fail(result, "io_uring_enter");
    }
  }

  const int listener_;
  io_uring ring_{};
  std::vector<Connection> connections_;  // by descriptor
  std::vector<Block> blocks_;
  char* memory_ = nullptr;             // of the blocks
  io_uring_buf_ring* free_ = nullptr;  // blocks that the kernel may fill
  int returned_ = 0;                   // blocks that it does not see yet
  unsigned in_hand_ = kBlocks;         // blocks that it does not have: received or being sent
  uint32_t sends_ = 0;                 // submitted with the next call
  std::vector<int> starved_;           // descriptors whose recv found no block
};

}  // namespace

int main() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Echo().run();
}
