// A client over a real socket, for tests that run a whole gateway inside the test's process.
//
// It blocks, and so does the test until what it waits for is there: no sleeps, no time limits of
// its own. heard() speaks the short lines of support/wire_text.h. One thread per peer.
#pragma once

#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "support/wire_text.h"
#include "sys/tcp_socket.h"
#include "sys/unique_fd.h"

namespace sluice::test {

class TcpPeer {
 public:
  explicit TcpPeer(const Address& gateway) {
    absl::StatusOr<UniqueFd> fd = connect_tcp(gateway);
    SLUICE_CHECK(fd.ok(), "the gateway's address takes connections");
    fd_ = *std::move(fd);
  }

  template <typename Packet>
  void say(const Packet& packet) {
    const std::vector<std::byte> frame = frame_bytes(packet, Framing::Wkproto, kVersion);
    const ssize_t n = ::send(fd_.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
    SLUICE_CHECK(n == static_cast<ssize_t>(frame.size()), "a small frame fits into the socket");
  }
  void login(std::string_view uid) {
    say(connect_as(uid, kVersion));
    SLUICE_CHECK(heard(1) == std::vector<std::string>{"CONNACK Success"}, "login");
  }
  void finish() { ::shutdown(fd_.get(), SHUT_WR); }

  // Waits for the next `count` lines; the last may be "FIN" or "RESET".
  std::vector<std::string> heard(size_t count) {
    while (lines_.size() < count) {
      SLUICE_CHECK(!ended_, "the gateway says no more");
      receive();
    }
    const auto end = lines_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<std::string> head(lines_.begin(), end);
    lines_.erase(lines_.begin(), end);
    return head;
  }
  // Everything up to the end of the connection, that included.
  std::vector<std::string> heard_to_the_end() {
    while (!ended_) receive();
    return heard(lines_.size());
  }

 private:
  static constexpr uint8_t kVersion = 5;

  void receive() {
    std::array<std::byte, 4096> room;
    const ssize_t n = ::recv(fd_.get(), room.data(), room.size(), 0);
    if (n <= 0) {
      ended_ = true;
      lines_.emplace_back(n == 0 ? "FIN" : "RESET");
      return;
    }
    bytes_.insert(bytes_.end(), room.begin(), room.begin() + n);
    const size_t used = for_each_frame(Framing::Wkproto, bytes_, [&](const Frame& frame) {
      lines_.push_back(line_of(frame, kVersion));
    });
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used));
  }

  UniqueFd fd_;
  std::vector<std::byte> bytes_;
  std::vector<std::string> lines_;
  bool ended_ = false;
};

}  // namespace sluice::test
