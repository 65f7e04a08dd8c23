// A TCP connection that carries frames: bytes that wait to go out, bytes that have come in.
//
// It never blocks and never waits: whoever owns it polls fd(). It knows how packets are written,
// not what they mean. A frame from next_frame() is a view that lives until receive(). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "codec/bounds.h"
#include "codec/encode.h"
#include "codec/frame.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice {

class FrameLink {
 public:
  // Starts to connect and does not wait for it: frames may be sent at once, and a failure is told
  // by receive(). The error here is one that the kernel knew immediately.
  static absl::StatusOr<FrameLink> open(const Address& server, Framing framing, uint8_t version);

  // Queues a packet and sends what the socket takes.
  template <typename Packet>
  void send(const Packet& packet) {
    encode(packet, framing_, version_, room(encoded_size(packet, framing_, version_)));
    flush();
  }
  void send_ping();

  // Sends what waits, as far as the socket takes it. After an error it drops it: receive() still
  // has what the server said before, and then tells the error.
  void flush();
  size_t unsent_bytes() const { return outbound_.size() - sent_; }

  // Takes what the socket has. False: the connection is over, why() says how.
  [[nodiscard]] bool receive();
  const std::string& why() const { return why_; }

  // The next whole frame that was received.
  [[nodiscard]] FrameResult next_frame();

  // Says that nothing more will be sent.
  void shutdown_send();

  int fd() const { return socket_.get(); }
  uint8_t version() const { return version_; }

 private:
  FrameLink(UniqueFd socket, Framing framing, uint8_t version)
      : socket_(std::move(socket)), framing_(framing), version_(version) {}

  // Room for `size` more bytes behind those that wait.
  MutableBytes room(size_t size);

  UniqueFd socket_;
  Framing framing_;
  uint8_t version_;
  std::vector<std::byte> outbound_;
  size_t sent_ = 0;  // bytes of outbound_ that are gone
  std::vector<std::byte> inbound_;
  size_t taken_ = 0;    // bytes of inbound_ that were handed out as frames
  int send_error_ = 0;  // errno of the send that failed
  std::string why_;
};

}  // namespace sluice
