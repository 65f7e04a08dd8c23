#include "poller/uring_probe.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "base/status_macros.h"
#include "poller/uring_constants.h"
#include "sys/errno_status.h"
#include "sys/tcp_socket.h"

namespace sluice {
namespace {

// The loopback answers within microseconds, on a busy machine later; this only bounds a kernel that
// does not answer.
constexpr Duration kPatience = std::chrono::seconds(2);
// The budget of the trial with credit, less than what is sent in it.
constexpr uint32_t kTrialCredit = 4;

struct Answer {
  int result;
  uint32_t flags;
};

absl::StatusOr<Answer> next_answer(UringRing& ring) {
  // Signals may end the waiting any number of times.
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    if (const io_uring_cqe* cqe = ring.next_cqe()) {
      const Answer answer{cqe->res, cqe->flags};
      ring.done();
      return answer;
    }
    ring.enter({1, kPatience, false, 0});
  } while (std::chrono::steady_clock::now() < end);
  return absl::DeadlineExceededError(
      "this kernel's io_uring does not answer on the loopback; use --poller=epoll");
}

// A listener on the loopback, and connections to it.
class Trial {
 public:
  static absl::StatusOr<Trial> make(UringRing& ring, LentBlocks& blocks) {
    SLUICE_ASSIGN_OR_RETURN(const Address any, Address::parse("127.0.0.1:0"));
    SLUICE_ASSIGN_OR_RETURN(UniqueFd listener, listen_tcp(any, {}));
    return Trial(ring, blocks, std::move(listener));
  }

  // A Recv of `ioprio`, of eight bytes and the end of the stream; whether it came as asked for.
  absl::StatusOr<bool> recv(uint16_t ioprio, uint32_t credit);
  // The last of the trials: the listener ends with it.
  absl::StatusOr<bool> multishot_accept();

 private:
  Trial(UringRing& ring, LentBlocks& blocks, UniqueFd listener)
      : ring_(ring), blocks_(blocks), listener_(std::move(listener)) {}

  UringRing& ring_;
  LentBlocks& blocks_;
  UniqueFd listener_;
};

absl::StatusOr<bool> Trial::recv(uint16_t ioprio, uint32_t credit) {
  SLUICE_ASSIGN_OR_RETURN(UniqueFd there, connect_tcp(local_address(listener_.get())));
  if (::send(there.get(), "sluice!\n", 8, MSG_NOSIGNAL) != 8) {
    return errno_status(errno, "a send on the loopback");
  }
  there.reset();
  const UniqueFd here(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!here.valid()) return errno_status(errno, "an accept on the loopback");
  io_uring_sqe& sqe = ring_.next_sqe();
  io_uring_prep_recv(&sqe, here.get(), nullptr, 0, 0);
  sqe.ioprio = ioprio;
  sqe.flags = IOSQE_BUFFER_SELECT;
  sqe.buf_group = static_cast<uint16_t>(BlockGroup::Hot);
  sqe.file_index = credit;
  bool good = false;
  for (bool more = true; more;) {
    SLUICE_ASSIGN_OR_RETURN(const Answer answer, next_answer(ring_));
    more = (answer.flags & IORING_CQE_F_MORE) != 0;
    if ((answer.flags & IORING_CQE_F_BUFFER) == 0) continue;
    blocks_.give_back(blocks_.take(BlockGroup::Hot,
                                   static_cast<uint16_t>(answer.flags >> IORING_CQE_BUFFER_SHIFT)));
    blocks_.publish();
    // The budget ends the operation once it is spent; the block in which that happens is whole.
    good = answer.result == 8 && (credit == 0 || !more);
  }
  return good;
}

absl::StatusOr<bool> Trial::multishot_accept() {
  SLUICE_ASSIGN_OR_RETURN(const UniqueFd client, connect_tcp(local_address(listener_.get())));
  io_uring_sqe& sqe = ring_.next_sqe();
  io_uring_prep_multishot_accept(&sqe, listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  bool good = false;
  for (bool more = true; more;) {
    SLUICE_ASSIGN_OR_RETURN(const Answer answer, next_answer(ring_));
    more = (answer.flags & IORING_CQE_F_MORE) != 0;
    if (answer.result < 0) continue;
    const UniqueFd newcomer(answer.result);
    good = more;
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends the accept
  }
  return good;
}

}  // namespace

absl::StatusOr<UringFeatures> probe_uring(UringRing& ring, LentBlocks& blocks) {
  io_uring_probe* table = io_uring_get_probe_ring(&ring.raw());
  if (table == nullptr) {
    return absl::FailedPreconditionError(
        "this kernel's io_uring cannot say which operations it has (Linux 5.6); use "
        "--poller=epoll");
  }
  const auto has = [table](int op) { return io_uring_opcode_supported(table, op) != 0; };
  UringFeatures features;
  features.zero_copy_send = has(IORING_OP_SEND_ZC) && has(IORING_OP_SENDMSG_ZC);
  io_uring_free_probe(table);
  SLUICE_ASSIGN_OR_RETURN(Trial trial, Trial::make(ring, blocks));
  // Without a single-shot Recv into a lent block there is nothing to build on.
  SLUICE_ASSIGN_OR_RETURN(const bool receives, trial.recv(IORING_RECVSEND_POLL_FIRST, 0));
  if (!receives) {
    return absl::FailedPreconditionError(
        "this kernel's io_uring does not receive into provided buffers (Linux 5.19); use "
        "--poller=epoll");
  }
  constexpr uint16_t kMultishot = IORING_RECVSEND_POLL_FIRST | IORING_RECV_MULTISHOT;
  SLUICE_ASSIGN_OR_RETURN(features.multishot_recv, trial.recv(kMultishot, 0));
  if (features.multishot_recv) {
    SLUICE_ASSIGN_OR_RETURN(features.credit, trial.recv(kMultishot, kTrialCredit));
  }
  if ((ring.features() & uapi::kFeatRecvSendBundle) != 0) {
    SLUICE_ASSIGN_OR_RETURN(features.bundle, trial.recv(uapi::kRecvSendBundle, 0));
  }
  SLUICE_ASSIGN_OR_RETURN(features.multishot_accept, trial.multishot_accept());
  features.min_wait = (ring.features() & uapi::kFeatMinTimeout) != 0;
  features.no_iowait = (ring.features() & uapi::kFeatNoIowait) != 0;
  uapi::Napi napi{};
  features.napi = ring.register_with_kernel(uapi::kRegisterNapi, &napi, 1) >= 0;
  if (features.napi) ring.register_with_kernel(uapi::kUnregisterNapi, &napi, 1);
  return features;
}

}  // namespace sluice
