// A Poller without a kernel: connections are SimWires, news is what the test wrote there.
//
// It keeps the contract strictly, so that a broken promise of the caller shows: every lent block
// is an allocation of its own that ends with give_back (a sanitizer sees a late read), the bytes of
// a send must not change until its completion, a verb on a closed handle aborts. It never sleeps;
// idle() tells whether it would. It has no listeners: newcomers are made by connect(), and adopted
// by the descriptor they come with. One thread only, wake() included.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/check.h"
#include "base/slot_map.h"
#include "poller/poller.h"
#include "support/sim_wire.h"

namespace sluice::test {

class SimPoller final : public Poller {
 public:
  // Few parts a send by default, so that a queue of many pieces needs several.
  explicit SimPoller(uint32_t send_parts_max = 4) {
    caps_.send_bytes_max = size_t{1} << 30;
    caps_.send_parts_max = send_parts_max;
    caps_.blocks = 64;
    caps_.block_bytes = 1 << 20;
  }
  ~SimPoller() override { SLUICE_CHECK(blocks_.empty(), "every lent block comes back (P5)"); }

  struct Newcomer {
    UniqueFd fd;  // for adopt()
    std::shared_ptr<SimWire> wire;
  };
  Newcomer connect(const Address& peer) {
    Newcomer newcomer{UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
                      std::make_shared<SimWire>(peer)};
    SLUICE_CHECK(newcomer.fd.valid(), "a descriptor for a simulated connection");
    newcomers_[newcomer.fd.get()] = newcomer.wire;
    return newcomer;
  }

  // Whether the last wait() had nothing to tell and was allowed to sleep, and nothing came since.
  bool idle() { return slept_ && !woken_ && !has_news(); }
  // The deadline of the last wait().
  Instant deadline() const { return deadline_; }
  size_t blocks_lent() const { return blocks_.size(); }

  std::string_view name() const override { return "sim"; }
  const Caps& caps() const override { return caps_; }
  std::vector<PollerFeature> features() const override { return {}; }
  absl::StatusOr<Handle> listen(const Address&, const ListenOptions&) override {
    return absl::UnimplementedError("a simulated poller has no listeners");
  }
  void accept(Handle) override { SLUICE_CHECK(false, "a simulated poller has no listeners"); }

  absl::StatusOr<Handle> adopt(UniqueFd fd) override {
    const auto it = newcomers_.find(fd.get());
    if (it == newcomers_.end()) return absl::ResourceExhaustedError("no such newcomer");
    Socket* socket = sockets_.emplace();
    SLUICE_CHECK(socket != nullptr, "a simulation has room");
    socket->wire = std::move(it->second);
    newcomers_.erase(it);
    return Handle{socket->self.value};
  }
  void attach(Handle what, Token who) override { socket_of(what).who = who; }

  void recv(Handle from) override {
    Socket& socket = socket_of(from);
    SLUICE_CHECK(!socket.armed, "recv() once per end");
    socket.armed = true;
  }
  void pause(Handle from) override {
    Socket& socket = socket_of(from);
    if (!socket.armed) return;
    socket.armed = false;
    finish(socket, Op::Recv, -ECANCELED);
  }
  void give_back(BlockId block) override {
    SLUICE_CHECK(blocks_.erase(block) == 1, "a block comes back once");
  }

  void send(Handle to, std::span<const Bytes> parts) override {
    Socket& socket = socket_of(to);
    SLUICE_CHECK(!socket.sending, "one send at a time per handle");
    SLUICE_CHECK(parts.size() <= caps_.send_parts_max, "no more parts than the caps say");
    SLUICE_CHECK(!socket.wire->fin_, "no send behind a FIN");
    socket.sending = true;
    socket.parts.assign(parts.begin(), parts.end());
    socket.sent = joined(socket.parts);
    SLUICE_CHECK(!socket.sent.empty(), "a send has bytes");
  }
  void shutdown_send(Handle to) override {
    Socket& socket = socket_of(to);
    socket.fin_after_send = socket.sending;
    socket.wire->fin_ = !socket.sending;
  }
  void close(Handle what) override {
    Socket& socket = socket_of(what);
    SimWire& wire = *socket.wire;
    wire.closed_ = true;
    wire.lossy_ = wire.unread() > 0 || socket.sending;
    if (socket.sending) finish(socket, Op::Send, -ECANCELED);
    if (socket.armed) finish(socket, Op::Recv, -ECANCELED);
    finish(socket, Op::Close, 0);
    sockets_.erase(socket.self);
  }

  Address peer(Handle of) const override {
    const Socket* socket = sockets_.find(Token{of.value});
    return socket == nullptr ? Address() : socket->wire->peer_;
  }
  Address local(Handle) const override { return *Address::parse("127.0.0.1:5100"); }

  size_t wait(Instant deadline, std::span<Completion> out) override {
    deadline_ = deadline;
    const bool woken = std::exchange(woken_, false);
    uint32_t cursor = 0;
    while (Socket* socket = sockets_.next_from(cursor)) serve(*socket);
    const size_t count = std::min(out.size(), finished_.size());
    std::copy_n(finished_.begin(), count, out.begin());
    finished_.erase(finished_.begin(), finished_.begin() + static_cast<ptrdiff_t>(count));
    slept_ = count == 0 && !woken && deadline != Instant::min();
    return count;
  }
  void wake() const override { woken_ = true; }

 private:
  struct Socket {
    explicit Socket(Token its_self) : self(its_self) {}
    const Token self;
    Token who;
    std::shared_ptr<SimWire> wire;
    std::vector<Bytes> parts;     // of the send in progress: the sender's bytes...
    std::vector<std::byte> sent;  // ...and what they were at its start
    bool armed = false;
    bool sending = false;
    bool fin_after_send = false;
  };

  static std::vector<std::byte> joined(const std::vector<Bytes>& parts) {
    std::vector<std::byte> all;
    for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  Socket& socket_of(Handle handle) {
    Socket* socket = sockets_.find(Token{handle.value});
    SLUICE_CHECK(socket != nullptr, "a verb on a handle that is closed");
    return *socket;
  }

  void finish(const Socket& socket, Op op, int32_t result) {
    finished_.push_back({socket.who, op, false, BlockId::None, result, {}});
  }

  bool has_news() {
    uint32_t cursor = 0;
    bool news = !finished_.empty();
    while (const Socket* socket = sockets_.next_from(cursor)) {
      const SimWire& wire = *socket->wire;
      const bool input = wire.unread() > 0 || wire.finished_ || wire.error_ != 0;
      news |= (socket->armed && input) || (socket->sending && (wire.reading_ || wire.error_ != 0));
    }
    return news;
  }

  // At most one piece in and one send out per socket and round.
  void serve(Socket& socket) {
    SimWire& wire = *socket.wire;
    if (socket.sending && (wire.reading_ || wire.error_ != 0)) serve_send(socket);
    if (!socket.armed) return;
    if (wire.error_ != 0) {
      socket.armed = false;
      finish(socket, Op::Recv, -wire.error_);
    } else if (wire.unread() > 0) {
      const BlockId id{next_block_++};
      std::vector<std::byte>& block = blocks_[id] = std::move(wire.pieces_.front());
      wire.pieces_.pop_front();
      finished_.push_back(
          {socket.who, Op::Recv, true, id, static_cast<int32_t>(block.size()), block});
    } else if (wire.finished_) {
      socket.armed = false;
      finish(socket, Op::Recv, 0);
    }
  }

  void serve_send(Socket& socket) {
    SimWire& wire = *socket.wire;
    SLUICE_CHECK(joined(socket.parts) == socket.sent, "the bytes of a send stay put");
    socket.sending = false;
    if (wire.error_ != 0) {
      finish(socket, Op::Send, -EPIPE);
      return;
    }
    wire.received_.insert(wire.received_.end(), socket.sent.begin(), socket.sent.end());
    finish(socket, Op::Send, static_cast<int32_t>(socket.sent.size()));
    if (socket.fin_after_send) wire.fin_ = true;
  }

  Caps caps_;
  SlotMap<Socket> sockets_;
  std::map<int, std::shared_ptr<SimWire>> newcomers_;  // by descriptor
  std::map<BlockId, std::vector<std::byte>> blocks_;   // lent
  std::vector<Completion> finished_;
  uint32_t next_block_ = 0;
  Instant deadline_ = kNever;
  bool slept_ = false;
  mutable bool woken_ = false;
};

}  // namespace sluice::test
