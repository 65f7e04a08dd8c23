#include "support/e2e/test_peer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/e2e/patience.h"
#include "sys/tcp_socket.h"

namespace sluice {
namespace {

// Ours only: the gateway is asked for less than it allows.
constexpr uint32_t kBodyBytesMax = kFrameBodyBytesMax;

// Waits until the socket is ready for `events`; false when patience ran out.
bool wait_ready(int fd, short events) {
  pollfd ready{fd, events, 0};
  const auto end = patience_end();
  int n = 0;
  do {
    n = poll(&ready, 1, poll_ms_until(end));
  } while (n < 0 && errno == EINTR);
  return n > 0;
}

absl::StatusOr<UniqueFd> dial(const Address& gateway, const PeerOptions& options) {
  if (options.receive_buffer_bytes == 0) return connect_tcp(gateway, options.from);
  // Before the handshake, so that the window never grows beyond it.
  UniqueFd fd(socket(gateway.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof(int));
  sockaddr_storage storage{};
  const socklen_t size = gateway.to_sockaddr(&storage);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return absl::ErrnoToStatus(errno, "connect");
  }
  return fd;
}

}  // namespace

void fail_at(Here here, std::string_view what) { ADD_FAILURE_AT(here.file, here.line) << what; }

std::string encoded_connect(std::string_view uid, const PeerOptions& options) {
  ConnectPacket connect;
  connect.version = options.version;
  connect.device_flag = options.device_flag;
  connect.device_id = options.device_id;
  connect.uid = uid;
  connect.token = options.token;
  connect.client_key = options.client_key;
  return encoded(connect, options.framing, options.version);
}

TestPeer online(const Address& gateway, std::string_view uid, PeerOptions options, Here here) {
  TestPeer peer(gateway, std::move(options), here);
  const Reason reason = peer.connect(uid, here).reason;
  if (reason != Reason::Success) {
    fail_at(here, "CONNACK " + std::string(name_of(reason)) + " for " + std::string(uid));
  }
  return peer;
}

std::string_view TestPeer::word_for(News news) {
  constexpr std::array<std::string_view, 4> kWords{"a frame", "end of stream", "a reset",
                                                   "nothing at all"};
  return kWords[static_cast<size_t>(news)];
}

TestPeer::TestPeer(const Address& gateway, PeerOptions options, Here here)
    : options_(std::move(options)) {
  absl::StatusOr<UniqueFd> fd = dial(gateway, options_);
  if (!fd.ok()) {
    fail_at(here, fd.status().ToString());
    return;
  }
  fd_ = std::move(*fd);
  local_ = local_address(fd_.get());
  const int no_delay = options_.no_delay ? 1 : 0;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
}

ConnackPacket TestPeer::connect(std::string_view uid, Here here) {
  send_raw(encoded_connect(uid, options_));
  return expect<ConnackPacket>(here);
}

void TestPeer::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN && wait_ready(fd_.get(), POLLOUT)) {
      continue;
    } else if (errno != EINTR) {
      return;  // the connection is gone, which next() tells
    }
  }
}

size_t TestPeer::try_send_raw(std::string_view bytes) {
  const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

TestPeer::News TestPeer::discard() {
  in_.resize(65536);
  begin_ = 0;
  const ssize_t n = ::recv(fd_.get(), in_.data(), in_.size(), MSG_DONTWAIT);
  const int error = errno;
  in_.clear();
  if (n > 0) return News::Frame;
  if (n == 0) return News::Eof;
  return error == EAGAIN || error == EINTR ? News::Silence : News::Reset;
}

uint32_t TestPeer::send_text(std::string_view channel, std::string_view text, ChannelType type) {
  SendPacket packet;
  packet.client_seq = ++client_seq_;
  packet.client_msg_no = "m";
  packet.channel_id = channel;
  packet.channel_type = type;
  packet.payload = bytes_of(text);
  send(packet);
  return client_seq_;
}

Reason TestPeer::subscribe(std::string_view group, SubAction action, Here here) {
  SubPacket sub;
  sub.sub_no = "s";
  sub.channel_id = group;
  sub.channel_type = ChannelType::Group;
  sub.action = action;
  send(sub);
  return skip_to<SubackPacket>(here).reason;
}

void TestPeer::ping() {
  std::array<std::byte, kFrameHeaderBytesMax> bytes{};
  const size_t size = encode_ping(options_.framing, bytes);
  send_raw(text_of(Bytes(bytes.data(), size)));
}

bool TestPeer::take_frame() {
  const Bytes left = Bytes(in_).subspan(begin_);
  const FrameResult result = decode_frame(options_.framing, left, kBodyBytesMax);
  if (result.status == FrameStatus::NeedMore) return false;
  EXPECT_EQ(static_cast<int>(result.status), static_cast<int>(FrameStatus::Ok))
      << "the gateway sent what is no frame";
  frame_ = result.frame;
  begin_ += result.frame.size;
  return result.status == FrameStatus::Ok;
}

TestPeer::News TestPeer::next() {
  while (!take_frame()) {
    in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(begin_));
    begin_ = 0;
    if (!fd_.valid()) return News::Reset;
    if (!wait_ready(fd_.get(), POLLIN)) return News::Silence;
    constexpr size_t kBlock = 65536;
    const size_t had = in_.size();
    in_.resize(had + kBlock);
    const ssize_t n = ::recv(fd_.get(), in_.data() + had, kBlock, MSG_DONTWAIT);
    in_.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return News::Eof;
    if (n < 0 && errno != EAGAIN && errno != EINTR) return News::Reset;
  }
  return News::Frame;
}

bool TestPeer::is_next(PacketType type, Here here) {
  const News news = next();
  if (news == News::Frame && frame_.type == type) return true;
  fail_at(here, std::string(name_of(type)) + " was expected, " +
                    std::string(news == News::Frame ? name_of(frame_.type) : word_for(news)) +
                    " came");
  return false;
}

bool TestPeer::skip_until(PacketType type, Here here) {
  News news = next();
  while (news == News::Frame && frame_.type != type) news = next();
  if (news == News::Frame) return true;
  fail_at(here,
          std::string(name_of(type)) + " was expected, " + std::string(word_for(news)) + " came");
  return false;
}

void TestPeer::expect_pong(Here here) { is_next(PacketType::Pong, here); }

void TestPeer::expect_success(Here here) {
  const Reason reason = expect<SendackPacket>(here).reason;
  if (reason != Reason::Success) fail_at(here, "SENDACK " + std::string(name_of(reason)));
}

void TestPeer::expect_text(std::string_view from, std::string_view text, Here here) {
  const RecvPacket recv = expect<RecvPacket>(here);
  if (recv.from_uid != from || text_of(recv.payload) != text) {
    fail_at(here, "RECV from " + std::string(recv.from_uid) + ": " +
                      std::string(text_of(recv.payload).substr(0, 80)));
  }
}

void TestPeer::expect_eof(Here here) {
  const News news = next();
  if (news == News::Eof) return;
  fail_at(here, "the end of the stream was expected, " +
                    std::string(news == News::Frame ? name_of(frame_.type) : word_for(news)) +
                    " came");
}

TestPeer::News TestPeer::drain_to_end(Here here) {
  News news = next();
  while (news == News::Frame) news = next();
  if (news == News::Silence) fail_at(here, "the connection does not end");
  return news;
}

void TestPeer::expect_quiet(Here here) {
  ping();
  expect_pong(here);
}

void TestPeer::shutdown_send() { ::shutdown(fd_.get(), SHUT_WR); }

void TestPeer::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

}  // namespace sluice
