#include "support/e2e/peer_crowd.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "codec/decode.h"
#include "support/e2e/patience.h"
#include "sys/descriptors.h"
#include "sys/tcp_socket.h"

namespace sluice {
namespace {

// CONNECTs without a CONNACK at a time: below the listener's backlog, above its pace.
constexpr size_t kJoiningMax = 512;

}  // namespace

PeerCrowd::PeerCrowd(Guide& guide) : guide_(guide), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  EXPECT_TRUE(raise_descriptor_limit().ok());
}

bool PeerCrowd::join(const Address& gateway, size_t count, const PeerOptions& options) {
  const size_t whole = size() + count;
  while (joined_ < whole && !refused_) {
    while (size() < whole && size() - joined_ < kJoiningMax) {
      if (!add(gateway, options)) return false;
    }
    if (!turn()) return false;
  }
  return !refused_;
}

bool PeerCrowd::add(const Address& gateway, const PeerOptions& options) {
  absl::StatusOr<UniqueFd> fd = connect_tcp(gateway, options.from);
  if (!fd.ok()) {
    ADD_FAILURE() << "peer " << size() << ": " << fd.status();
    return false;
  }
  const auto peer = static_cast<Peer>(size());
  members_.emplace_back();
  Member& member = members_.back();
  member.fd = std::move(*fd);
  member.framing = options.framing;
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.u32 = peer;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, member.fd.get(), &interest);
  ++open_;
  queue(peer, encoded_connect(uid_of(peer), options));
  return true;
}

void PeerCrowd::queue(Peer peer, std::string_view bytes) {
  Member& member = members_[peer];
  if (!member.fd.valid()) return;
  const bool idle = member.out.empty();
  member.out += bytes;
  if (idle) push(peer);
}

void PeerCrowd::push(Peer peer) {
  Member& member = members_[peer];
  const ssize_t n =
      ::send(member.fd.get(), member.out.data(), member.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) {
    member.out.clear();  // read() will tell of the end
    return;
  }
  member.out.erase(0, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (member.out.empty()) member.out.shrink_to_fit();
  watch_output(peer, !member.out.empty());
}

void PeerCrowd::watch_output(Peer peer, bool on) {
  epoll_event interest{};
  interest.events = on ? EPOLLIN | EPOLLOUT : EPOLLIN;
  interest.data.u32 = peer;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, members_[peer].fd.get(), &interest);
}

bool PeerCrowd::turn() {
  std::array<epoll_event, 512> events;
  const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                           poll_ms_until(patience_end()));
  if (n == 0) ADD_FAILURE() << "nothing happens any more, with " << open_ << " peers open";
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    const Peer peer = event.data.u32;
    if ((event.events & EPOLLOUT) != 0 && members_[peer].fd.valid()) push(peer);
    if ((event.events & ~uint32_t{EPOLLOUT}) != 0 && members_[peer].fd.valid()) read(peer);
  }
  return n != 0;
}

void PeerCrowd::read(Peer peer) {
  std::array<char, 65536> block;
  const ssize_t n = ::recv(members_[peer].fd.get(), block.data(), block.size(), MSG_DONTWAIT);
  if (n > 0) {
    members_[peer].in.append(block.data(), static_cast<size_t>(n));
    cut_frames(peer);
  } else if (n == 0) {
    end(peer, TestPeer::News::Eof);
  } else if (errno != EAGAIN && errno != EINTR) {
    end(peer, TestPeer::News::Reset);
  }
}

void PeerCrowd::cut_frames(Peer peer) {
  // Taken out, as the guide may close the peer meanwhile.
  const std::string in = std::exchange(members_[peer].in, {});
  size_t used = 0;
  for (;;) {
    const FrameResult result =
        decode_frame(members_[peer].framing, bytes_of(in).subspan(used), kFrameBodyBytesMax);
    if (result.status != FrameStatus::Ok) {
      EXPECT_EQ(static_cast<int>(result.status), static_cast<int>(FrameStatus::NeedMore))
          << "the gateway sent what is no frame";
      break;
    }
    used += result.frame.size;
    if (members_[peer].joined) {
      guide_.on_frame(peer, result.frame);
      continue;
    }
    ConnackPacket ack;
    const bool ok = result.frame.type == PacketType::Connack &&
                    decode(result.frame, kProtocolVersionMax, ack).ok() &&
                    ack.reason == Reason::Success;
    EXPECT_TRUE(ok) << uid_of(peer) << " is not let in";
    refused_ = refused_ || !ok;
    members_[peer].joined = true;
    ++joined_;
  }
  if (members_[peer].fd.valid()) members_[peer].in = in.substr(used);
}

void PeerCrowd::end(Peer peer, TestPeer::News how) {
  if (!members_[peer].joined) {
    ADD_FAILURE() << uid_of(peer) << " ended before its CONNACK";
    refused_ = true;
  }
  close(peer);
  guide_.on_end(peer, how);
}

void PeerCrowd::close(Peer peer) {
  if (!members_[peer].fd.valid()) return;
  members_[peer].fd.reset();
  members_[peer].out.clear();
  --open_;
}

}  // namespace sluice
