// The client's end of one simulated TCP connection, whose other end lives in a SimPoller.
//
// What the test writes, the poller delivers piece by piece as it was written; what the gateway
// sends can be read here once its send is through. The peer can stop reading, say FIN or RST. Held
// by the test and by the poller, so that it can still be asked when the connection is gone. One
// thread only.
#pragma once

#include <cerrno>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "sys/address.h"

namespace sluice::test {

class SimWire {
 public:
  explicit SimWire(const Address& peer) : peer_(peer) {}

  // What the client does. Each piece written is one Recv completion.
  void write(Bytes piece) {
    if (!piece.empty()) pieces_.emplace_back(piece.begin(), piece.end());
  }
  void finish() { finished_ = true; }
  void reset() { error_ = ECONNRESET; }
  // Not reading: the gateway's sends do not complete.
  void stop_reading() { reading_ = false; }
  void read_again() { reading_ = true; }

  // What the client sees.
  Bytes received() const { return received_; }
  // FIN, or a close that had nothing to lose.
  bool ended_in_order() const { return fin_ || (closed_ && !lossy_); }
  // RST: closed with input unread or output not gone, which a kernel answers by destroying both.
  bool ended_by_reset() const { return closed_ && lossy_; }
  bool closed() const { return closed_; }
  // Pieces that the gateway has not taken.
  size_t unread() const { return pieces_.size(); }

 private:
  friend class SimPoller;

  const Address peer_;
  std::deque<std::vector<std::byte>> pieces_;
  std::vector<std::byte> received_;
  int error_ = 0;          // the peer's RST: reported by the next Recv or Send
  bool finished_ = false;  // the peer's FIN, behind the pieces
  bool reading_ = true;
  bool fin_ = false;  // ours
  bool closed_ = false;
  bool lossy_ = false;
};

}  // namespace sluice::test
