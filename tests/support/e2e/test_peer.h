// One client of the gateway, driven step by step by a test: its socket, both framings, any version.
//
// Every step that waits ends with the event or, after kPatience, with a failure at the test's line.
// A peer whose connection failed answers every step with End::Reset, so a test fails at the cause
// and goes on. It answers nothing by itself (no PONG, no RECVACK). One thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "support/e2e/here.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice {

struct PeerOptions {
  Framing framing = Framing::Wkproto;
  uint8_t version = kProtocolVersionMax;
  DeviceFlag device_flag = DeviceFlag::App;
  std::string device_id = "d1";
  std::string token;
  std::string client_key;
  Address from;                  // source address; empty: the kernel's choice
  int receive_buffer_bytes = 0;  // SO_RCVBUF, for a peer that is to fill up soon; 0: the kernel's
  bool no_delay = false;         // TCP_NODELAY: each write leaves at once, by itself
};

// The bytes of a whole frame.
template <typename Packet>
std::string encoded(const Packet& packet, Framing framing, uint8_t version) {
  std::string bytes(encoded_size(packet, framing, version), '\0');
  encode(packet, framing, version, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

// The CONNECT that such a peer sends.
std::string encoded_connect(std::string_view uid, const PeerOptions& options);

class TestPeer {
 public:
  enum class News : uint8_t { Frame, Eof, Reset, Silence };
  static std::string_view word_for(News news);

  // Connects the socket, and says nothing.
  explicit TestPeer(const Address& gateway, PeerOptions options = {}, Here here = Here());

  // CONNECT, and the CONNACK, whatever it says; views valid until the next frame is awaited.
  ConnackPacket connect(std::string_view uid, Here here = Here());

  void send_raw(std::string_view bytes);
  template <typename Packet>
  void send(const Packet& packet) {
    send_raw(encoded(packet, options_.framing, options_.version));
  }
  // A SEND, numbered; its clientSeq.
  uint32_t send_text(std::string_view channel, std::string_view text,
                     ChannelType type = ChannelType::Person);
  // SUB or its opposite, and the SUBACK's reason.
  Reason subscribe(std::string_view group, SubAction action = SubAction::Subscribe,
                   Here here = Here());
  void ping();
  // As much of `bytes` as the socket takes without waiting.
  size_t try_send_raw(std::string_view bytes);
  // Throws away what has arrived, without waiting; Silence when nothing has.
  News discard();

  // What comes next; a frame stays in frame() until the next call.
  News next();
  const Frame& frame() const { return frame_; }
  // The next frame, which must be such a packet; views valid until the next frame is awaited.
  template <typename Packet>
  Packet expect(Here here = Here());
  // The same, ignoring other frames before it.
  template <typename Packet>
  Packet skip_to(Here here = Here());
  void expect_pong(Here here = Here());
  void expect_success(Here here = Here());  // a SENDACK with Success
  // RECV from that uid with that text.
  void expect_text(std::string_view from, std::string_view text, Here here = Here());
  // Nothing more comes, and then the end of the stream; frames before it fail the test.
  void expect_eof(Here here = Here());
  // The end, whichever: frames before it are dropped. Eof or Reset.
  News drain_to_end(Here here = Here());
  // PING and PONG: all that was sent before has been handled, nothing came in return.
  void expect_quiet(Here here = Here());

  void shutdown_send();  // FIN, while it goes on reading
  void reset();          // RST
  void close() { fd_.reset(); }

  // As the gateway's log names it.
  std::string name() const { return local_.to_string(); }
  const PeerOptions& options() const { return options_; }

 private:
  bool take_frame();
  bool is_next(PacketType type, Here here);
  bool skip_until(PacketType type, Here here);
  template <typename Packet>
  Packet decoded(Here here);

  PeerOptions options_;
  UniqueFd fd_;
  Address local_;
  std::vector<std::byte> in_;
  size_t begin_ = 0;  // of the first byte in in_ that no frame has taken
  Frame frame_;
  uint32_t client_seq_ = 0;
};

// A peer that is connected as `uid`.
TestPeer online(const Address& gateway, std::string_view uid, PeerOptions options = {},
                Here here = Here());

void fail_at(Here here, std::string_view what);

template <typename Packet>
Packet TestPeer::decoded(Here here) {
  Packet packet;
  if (!decode(frame_, options_.version, packet).ok()) fail_at(here, "a body that does not decode");
  return packet;
}

template <typename Packet>
Packet TestPeer::expect(Here here) {
  return is_next(Packet::kType, here) ? decoded<Packet>(here) : Packet();
}

template <typename Packet>
Packet TestPeer::skip_to(Here here) {
  return skip_until(Packet::kType, here) ? decoded<Packet>(here) : Packet();
}

}  // namespace sluice
