// Tested by: tests/unit/client/client_test.cc, against a scripted server
#include "client/frame_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

// One read: a few hundred messages, and no more memory than a pipe has.
constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

absl::StatusOr<FrameLink> FrameLink::open(const Address& server, Framing framing, uint8_t version) {
  UniqueFd socket(::socket(server.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = server.to_sockaddr(&storage);
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 &&
      errno != EINPROGRESS) {
    return absl::UnavailableError(std::strerror(errno));
  }
  return FrameLink(std::move(socket), framing, version);
}

void FrameLink::send_ping() {
  std::byte frame[kFrameHeaderBytesMax];
  const size_t size = encode_ping(framing_, frame);
  std::memcpy(room(size).data(), frame, size);
  flush();
}

MutableBytes FrameLink::room(size_t size) {
  const size_t before = outbound_.size();
  outbound_.resize(before + size);
  return MutableBytes(outbound_).subspan(before);
}

void FrameLink::flush() {
  while (unsent_bytes() > 0 && send_error_ == 0) {
    // A socket that is still connecting says EAGAIN.
    const ssize_t size =
        ::send(socket_.get(), outbound_.data() + sent_, unsent_bytes(), MSG_NOSIGNAL);
    if (size >= 0) {
      sent_ += static_cast<size_t>(size);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      send_error_ = errno;
    }
  }
  outbound_.clear();
  sent_ = 0;
}

bool FrameLink::receive() {
  inbound_.erase(inbound_.begin(), inbound_.begin() + static_cast<ptrdiff_t>(taken_));
  taken_ = 0;
  const size_t before = inbound_.size();
  inbound_.resize(before + kReadBytes);
  const ssize_t size = recv(socket_.get(), inbound_.data() + before, kReadBytes, 0);
  const int error = size < 0 ? errno : 0;
  inbound_.resize(before + static_cast<size_t>(size < 0 ? 0 : size));
  if (size > 0 || error == EAGAIN || error == EINTR) return true;
  // The send took the socket's error with it; what is left here is a plain end.
  const int cause = send_error_ != 0 ? send_error_ : error;
  why_ = cause != 0 ? std::strerror(cause) : "the server closed the connection";
  return false;
}

FrameResult FrameLink::next_frame() {
  const FrameResult result =
      decode_frame(framing_, Bytes(inbound_).subspan(taken_), kFrameBodyBytesMax);
  if (result.status == FrameStatus::Ok) taken_ += result.frame.size;
  return result;
}

void FrameLink::shutdown_send() { shutdown(socket_.get(), SHUT_WR); }

}  // namespace sluice
