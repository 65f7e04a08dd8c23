// Thousands of clients in one process: one epoll, one thread, no waiting on any single one.
//
// The crowd connects, authenticates, cuts frames and queues what is to be sent; what frames mean is
// the Guide's business, whom turn() tells. Peers are numbers from 0 in the order of their making;
// peer n has the uid "u<n>". A peer that ends is told of once and closed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/frame.h"
#include "support/e2e/test_peer.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice {

class PeerCrowd {
 public:
  using Peer = uint32_t;
  // Who understands the frames.
  class Guide {
   public:
    virtual ~Guide() = default;
    virtual void on_frame(Peer peer, const Frame& frame) = 0;
    virtual void on_end(Peer peer, TestPeer::News how) = 0;  // Eof or Reset
  };

  explicit PeerCrowd(Guide& guide);

  // Raises our descriptor limit as far as it goes, connects `count` more peers and waits for every
  // CONNACK; false when one fails. Frames behind the CONNACK go to the guide.
  bool join(const Address& gateway, size_t count, const PeerOptions& options);
  static std::string uid_of(Peer peer) { return "u" + std::to_string(peer); }

  template <typename Packet>
  void send(Peer peer, const Packet& packet) {
    queue(peer, encoded(packet, members_[peer].framing, kProtocolVersionMax));
  }
  // Waits for news, gives all of it to the guide; false when patience ran out.
  bool turn();
  void close(Peer peer);
  size_t size() const { return members_.size(); }
  // Those not ended or closed yet.
  size_t open() const { return open_; }

 private:
  struct Member {
    UniqueFd fd;
    std::string in;
    std::string out;  // what the socket would not take
    Framing framing = Framing::Wkproto;
    bool joined = false;  // CONNACK Success
  };
  bool add(const Address& gateway, const PeerOptions& options);
  void queue(Peer peer, std::string_view bytes);
  void push(Peer peer);
  void watch_output(Peer peer, bool on);
  void read(Peer peer);
  void cut_frames(Peer peer);
  void end(Peer peer, TestPeer::News how);

  Guide& guide_;
  UniqueFd epoll_;
  std::vector<Member> members_;
  size_t open_ = 0;
  size_t joined_ = 0;
  bool refused_ = false;
};

}  // namespace sluice
