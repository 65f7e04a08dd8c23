// The Poller on epoll: the reference.
//
// A socket is registered once, edge-triggered, for input and its end; write interest is added only
// while a send is stuck. An edge puts the socket on the ready list, from which wait() reads into
// lent blocks, one read a socket and round, so that a firehose waits its turn. A read that leaves
// room in the block says that the socket is empty: no further read just to see EAGAIN, unless the
// edge told of an end, an error or an urgent mark. One thread, its reactor's; only wake() may be
// called from others.
//
// With trigger=level the same lists are fed by repeated news instead of one edge. News that nobody
// will take (paused, ended, no block) mutes the socket, so that it does not come again at once; the
// read that finds the socket empty ends that. So every muted socket is `readable`.
#pragma once

#include <sys/epoll.h>
#include <sys/uio.h>

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "base/slot_map.h"
#include "buffer/block_pool.h"
#include "poller/epoll_options.h"
#include "poller/poller.h"
#include "sys/clock.h"

namespace sluice {

class EpollPoller final : public Poller {
 public:
  // An error names the option that this kernel cannot serve, and what to do.
  static absl::StatusOr<std::unique_ptr<EpollPoller>> make(const EpollOptions& options,
                                                           const Clock& clock);
  ~EpollPoller() override;

  std::string_view name() const override { return "epoll"; }
  const Caps& caps() const override { return caps_; }
  std::vector<PollerFeature> features() const override;
  absl::StatusOr<Handle> listen(const Address& at, const ListenOptions& options) override;
  void accept(Handle listener) override;
  absl::StatusOr<Handle> adopt(UniqueFd fd) override;
  void attach(Handle what, Token who) override;
  void recv(Handle from) override;
  void pause(Handle from) override;
  void give_back(BlockId block) override { blocks_.give_back(block); }
  void send(Handle to, std::span<const Bytes> parts) override;
  void shutdown_send(Handle to) override;
  void close(Handle what) override;
  Address peer(Handle of) const override;
  Address local(Handle of) const override;
  size_t wait(Instant deadline, std::span<Completion> out) override;
  void wake() const override;

 private:
  // What is left of a send that the kernel could not take at once.
  struct StuckSend {
    std::vector<iovec> parts;  // shortened as bytes go
    int32_t sent = 0;          // bytes that went
  };
  struct Socket : ListHook<> {  // linked while it may have something for an armed operation
    explicit Socket(Token self_token) : self(self_token) {}
    Token self;                        // the slot map's name; its value is the Handle
    Token who;                         // what attach() bound
    std::unique_ptr<StuckSend> stuck;  // only while a send waits for room
    UniqueFd fd;
    Address peer;
    bool listener : 1 = false;
    bool armed : 1 = false;           // a Recv or an Accept is in progress
    bool readable : 1 = false;        // an edge came, and no read has found the socket empty since
    bool read_on : 1 = false;         // an end, an error or an urgent mark: short is not empty
    bool fin_after_send : 1 = false;  // shutdown_send() came while a send was stuck
    bool muted : 1 = false;           // level-triggered: input is not watched at the moment
  };
  using ReadyList = IntrusiveList<Socket>;

  EpollPoller(const EpollOptions& options, const Clock& clock, UniqueFd epoll, UniqueFd event);
  absl::StatusOr<Handle> add(UniqueFd fd, bool listener);
  Socket& socket_of(Handle handle);
  void finish(const Socket& socket, Op op, int32_t result);
  size_t hand_out(std::span<Completion> out);
  size_t sleep(Instant deadline);
  // One call into the kernel, into events_; nullptr sleeps for ever. How many events there were.
  size_t ask(const timespec* timeout);
  void note(const epoll_event& event);
  void note_empty(Socket& socket);
  size_t serve_ready(std::span<Completion> out);
  size_t serve_accept(Socket& socket, std::span<Completion> out);
  size_t serve_recv(Socket& socket, Completion& into);
  // Sends `parts`, which it shortens by what went; true when the send is over, with its outcome in
  // *result.
  static bool push(std::span<iovec> parts, int fd, int32_t* sent, int32_t* result);
  void resume_send(Socket& socket);
  // The events that the socket wants now; update_interest() tells the kernel.
  uint32_t interest_of(const Socket& socket) const;
  void update_interest(Socket& socket);
  bool level() const { return options_.trigger == Trigger::Level; }

  const EpollOptions options_;
  const Clock& clock_;
  Caps caps_;
  UniqueFd epoll_;
  UniqueFd event_;  // an eventfd, edge-triggered, so that nobody ever has to read it
  SlotMap<Socket> sockets_;
  ReadyList ready_;
  ReadyList starved_;  // readable, but every block is lent
  BlockPool blocks_;
  std::vector<Completion> finished_;  // results of verbs, in order, not yet handed out
  size_t handed_out_ = 0;             // how many of finished_ went out already
  std::vector<epoll_event> events_;
  bool skipped_kernel_ = false;  // the last wait() made no system call
  bool has_pwait2_ = true;       // cleared where the kernel (or valgrind 3.19) answers ENOSYS
};

}  // namespace sluice
