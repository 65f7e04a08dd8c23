#include "load/login.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "load/opening.h"

namespace sluice::load {
Logins::Logins(const Address& server, Framing framing, uint32_t first, int epoll, uint32_t tag,
               Tally& tally)
    : server_(server), framing_(framing), first_(first), epoll_(epoll), tag_(tag), tally_(tally) {}

void Logins::start(LoginTimes times) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t number = free_.back();
  free_.pop_back();
  slots_[number].times = times;
  slots_[number].step = Step::Connecting;
  ++tally_.sent;
  ++unanswered_;
  if (!open_socket(number)) fail(number, std::strerror(errno));
}

bool Logins::open_socket(uint32_t number) {
  // Every login takes the next address: each has its own ports in TIME_WAIT.
  constexpr uint32_t kAddresses = 64;
  const uint32_t turn = started_++ % kAddresses;
  Slot& slot = slots_[number];
  slot.fd = make_socket(server_, turn * kConnectionsPerAddress, SOCK_NONBLOCK);
  if (!slot.fd.valid()) return false;
  if (!start_connect(slot.fd.get(), server_)) return false;
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.u32 = tag_ + number;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.fd.get(), &interest) == 0;
}

void Logins::release(uint32_t number) {
  slots_[number].fd.reset();
  free_.push_back(number);
}

void Logins::fail(uint32_t number, std::string_view what) {
  ++tally_.refused;
  tally_.fault(absl::StrCat("a login fails: ", std::string(what)));
  --unanswered_;
  release(number);
}

const LoginTimes* Logins::on_event(uint32_t number, uint32_t events) {
  Slot& slot = slots_[number];
  if (!slot.fd.valid()) return nullptr;
  if (slot.step == Step::Connecting) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      fail(number, "connection refused or reset");
    } else if ((events & EPOLLOUT) != 0) {
      send_connect(number);
    }
    return nullptr;
  }
  if (slot.step == Step::Waiting) return read_connack(number);
  // Closing: whatever ends it, it has ended.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) release(number);
  return nullptr;
}

void Logins::send_connect(uint32_t number) {
  connect_.clear();
  append_connect(connect_, Name("logn", first_ + number), framing_);
  Slot& slot = slots_[number];
  if (send(slot.fd.get(), connect_.data(), connect_.size(), MSG_NOSIGNAL) < 0) {
    return fail(number, std::strerror(errno));
  }
  slot.step = Step::Waiting;
}

const LoginTimes* Logins::read_connack(uint32_t number) {
  Slot& slot = slots_[number];
  std::array<std::byte, 512> in;
  const ssize_t n = recv(slot.fd.get(), in.data(), in.size(), MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return nullptr;
  if (n <= 0) {
    fail(number, n == 0 ? "closed instead of CONNACK" : std::strerror(errno));
    return nullptr;
  }
  // A CONNACK is some thirty bytes: it comes whole.
  const FrameResult result =
      decode_frame(framing_, Bytes(in).first(static_cast<size_t>(n)), kFrameBodyBytesMax);
  ConnackPacket connack;
  if (result.status != FrameStatus::Ok || result.frame.type != PacketType::Connack ||
      !decode(result.frame, kProtocolVersionMax, connack).ok()) {
    fail(number, "answered with something else than CONNACK");
    return nullptr;
  }
  if (connack.reason != Reason::Success) {
    fail(number, absl::StrCat("refused with reason ", static_cast<int>(connack.reason)));
    return nullptr;
  }
  --unanswered_;
  ++tally_.acknowledged;
  slot.step = Step::Closing;
  shutdown(slot.fd.get(), SHUT_WR);
  return &slot.times;
}

}  // namespace sluice::load
