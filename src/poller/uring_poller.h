// The Poller on io_uring.
//
// A connection has one multishot Recv armed, which takes its blocks from the ring of lent blocks,
// and at most one send; all that a turn asks for goes to the kernel in the one call that also
// waits. What the contract calls a Recv is not one operation of the kernel: multishots that end by
// themselves (byte credit spent, no blocks, full completion queue) are armed again inside, unseen.
// One thread, its reactor's; only wake() may be called from others.
//
//    user_data:  | kind, 8 bits | the socket's handle: generation and slot, 56 bits |
//
// A socket lives until its last operation in the kernel has ended, so no completion comes too late.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "base/slot_map.h"
#include "poller/lent_blocks.h"
#include "poller/poller.h"
#include "poller/uring_options.h"
#include "poller/uring_probe.h"
#include "poller/uring_ring.h"
#include "sys/clock.h"

namespace sluice {

class UringPoller final : public Poller {
 public:
  // The thread that calls it owns the poller, and destroys it.
  static absl::StatusOr<std::unique_ptr<UringPoller>> make(const UringOptions& options,
                                                           const Clock& clock);
  ~UringPoller() override;

  std::string_view name() const override { return "uring"; }
  const Caps& caps() const override { return caps_; }
  std::vector<PollerFeature> features() const override;
  absl::StatusOr<Handle> listen(const Address& at, const ListenOptions& options) override;
  void accept(Handle listener) override;
  absl::StatusOr<Handle> adopt(UniqueFd fd) override;
  void attach(Handle what, Token who) override;
  void recv(Handle from) override;
  void pause(Handle from) override;
  void give_back(BlockId block) override { blocks_->give_back(block); }
  void send(Handle to, std::span<const Bytes> parts) override;
  void shutdown_send(Handle to) override;
  void close(Handle what) override;
  Address peer(Handle of) const override;
  Address local(Handle of) const override;
  size_t wait(Instant deadline, std::span<Completion> out) override;
  void wake() const override;

 private:
  // The top byte of a user_data.
  enum class Kind : uint8_t { Accept, Recv, Send, Wake, CancelRecv, CancelSend, CancelAll };
  static bool is_cancel(Kind kind) { return kind >= Kind::CancelRecv; }
  // A send on its way; they are kept and used again.
  struct Sending {
    std::vector<iovec> parts;  // the kernel may read this array until the submission is taken
    size_t first = 0;          // the part where the rest begins
    msghdr message{};
    int32_t sent = 0;        // bytes that went
    int32_t outcome = 0;     // once it is over: bytes or -errno
    uint32_t in_kernel = 0;  // completions to come, those that end a zero-copy loan among them
    bool over = false;       // the outcome is known
    bool copy = false;       // zero copy failed for lack of memory: not again
  };
  struct Socket : ListHook<> {  // linked while its Recv waits for a block
    explicit Socket(Token self_token) : self(self_token) {}
    Token self;  // the slot map's name; its value is the Handle
    Token who;   // what attach() bound
    std::unique_ptr<Sending> sending;
    UniqueFd fd;
    Address peer;
    int32_t end = 0;  // with `ended`: how the stream ended
    bool listener : 1 = false;
    bool fixed : 1 = false;       // in the ring's table of files, under its slot's number
    bool armed : 1 = false;       // a Recv or an Accept is in progress
    bool in_kernel : 1 = false;   // the kernel has an operation for it, or for the one before it
    bool cancelling : 1 = false;  // that operation was asked to end
    bool end_due : 1 = false;     // a paused or closed Recv ends with that operation
    bool overflow : 1 = false;    // that operation takes blocks of the overflow group
    bool ended : 1 = false;       // the stream ended while paused; the next Recv is told
    bool fin_after_send : 1 = false;
    bool unsure : 1 = false;  // received, and there may be more that its Recv misses
    bool closing : 1 = false;
  };

  UringPoller(const UringOptions& options, const Clock& clock, std::unique_ptr<LentBlocks> blocks,
              std::unique_ptr<UringRing> ring, const UringFeatures& features, UniqueFd event);
  absl::Status set_up_extras();
  void let_go_of_sockets();
  absl::StatusOr<Handle> add(UniqueFd fd, bool listener);
  Socket& socket_of(Handle handle);

  // Submissions.
  io_uring_sqe& next_sqe(Kind kind, const Socket& socket);
  static void name_file(io_uring_sqe& sqe, const Socket& socket);
  void arm_accept(Socket& socket);
  void arm_recv(Socket& socket);
  void submit_recv(Socket& socket, BlockGroup group, bool multishot);
  void arm_starved();
  void arm_wake();
  void submit_send(Socket& socket);
  void cancel_recv(Socket& socket);
  void cancel_send(const Socket& socket);
  void cancel(const Socket& socket, Kind what, Kind how);

  // Completions.
  void tell(const Socket& socket, Op op, bool more, BlockId block, int32_t result,
            MutableBytes bytes = {});
  void finish(const Socket& socket, Op op, int32_t result);
  size_t hand_out(std::span<Completion> out);
  void look_after(Instant now);
  bool sleep(Instant deadline, bool busy);
  static void collect(UringRing::Wait& wait, uint32_t completions, uint32_t us);
  bool spin(Instant until);
  void reap();
  void on_cqe(const io_uring_cqe& cqe);
  void on_cancel_failed(Socket& socket, Kind kind);
  void on_accept(Socket& socket, const io_uring_cqe& cqe);
  void on_recv(Socket& socket, const io_uring_cqe& cqe);
  void on_recv_bytes(Socket& socket, const io_uring_cqe& cqe);
  void on_recv_over(Socket& socket, int32_t result);
  void on_send(Socket& socket, const io_uring_cqe& cqe);
  void on_send_over(Socket& socket);
  void settle_closing(Socket& socket);

  const Clock& clock_;
  const UringOptions options_;
  const UringFeatures features_;
  Caps caps_;
  std::unique_ptr<LentBlocks> blocks_;  // outlives the ring, which the kernel writes through
  std::unique_ptr<UringRing> ring_;
  UniqueFd event_;  // an eventfd under a multishot poll, so that nobody ever has to read it
  SlotMap<Socket> sockets_;
  IntrusiveList<Socket> starved_;  // Recvs that found no block, first come first served
  std::vector<Token> unsure_;      // sockets with that bit
  uint64_t talk_bytes_ = 0;        // received lately
  uint64_t talk_pieces_ = 0;       // in so many pieces
  size_t look_until_ = 0;          // those before are being looked at
  Instant look_at_ = kNever;       // when they are looked at
  std::vector<std::unique_ptr<Sending>> spare_sendings_;
  std::vector<Completion> finished_;  // news in order that `out_` had no room for
  size_t handed_out_ = 0;             // how many of finished_ went out already
  std::span<Completion> out_;         // within wait(): where news goes
  size_t told_ = 0;                   // how much of out_ is written
  uint32_t sends_queued_ = 0;         // sends that the next call submits
  uint32_t in_kernel_ = 0;            // operations of the kernel that have not ended
  uint32_t fixed_files_ = 0;          // slots in the ring's table of files
  uint32_t credit_ = 0;               // bytes of one multishot Recv; 0 = the kernel has no credit
  bool multishot_ = false;
  bool woken_ = false;           // within wait(): by wake() or a signal
  bool skipped_kernel_ = false;  // the last wait() made no system call
};

}  // namespace sluice
