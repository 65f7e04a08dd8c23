// What a worker does with what comes; worker.cc has the plan, the loop and the sending.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "load/worker.h"

namespace sluice::load {
void Worker::fault(uint32_t number, const char* what, uint64_t Tally::*counter) {
  tally_.*counter += 1;
  tally_.fault(absl::StrCat("connection ", share_.first + number, ": ", what));
}

void Worker::lose(uint32_t number, const char* why) {
  Peer& peer = peers_[number];
  if (peer.gone) return;
  peer.gone = true;
  peer.fd.reset();
  // What it was waiting for will not come; what it still had to send is told by the count.
  outstanding_ -= peer.window.outstanding() + peer.window.waiting();
  tally_.lost += peer.window.outstanding();
  peer.window = SendWindow();
  fault(number, why, &Tally::connections_lost);
}

void Worker::on_event(const epoll_event& event) {
  const uint32_t number = event.data.u32;
  if ((number & kLoginTag) != 0) {
    const LoginTimes* times = logins_->on_event(number & ~kLoginTag, event.events);
    if (times != nullptr) on_login(*times);
    return;
  }
  Peer& peer = peers_[number];
  if (peer.gone) return;
  if (peer.slow) return on_slow_event(peer, event.events);
  if ((event.events & EPOLLOUT) != 0) send_unsent(number);
  if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read_frames(number, event.events);
  flush(number);
}

// It never reads; the server may end it for that.
void Worker::on_slow_event(Peer& peer, uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  peer.gone = true;
  peer.fd.reset();
  ++tally_.slow_closed;
}

// The edge is told once: read until the socket has no more.
void Worker::read_frames(uint32_t number, uint32_t events) {
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  for (;;) {
    Peer& peer = peers_[number];
    const size_t kept = peer.partial.size();
    std::copy(peer.partial.begin(), peer.partial.end(), in_.begin());
    const ssize_t n = recv(peer.fd.get(), in_.data() + kept, kReadBytes, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return lose(number, n == 0 ? "the server closes" : std::strerror(errno));
    cut_frames(number, kept + static_cast<size_t>(n));
    if (peer.gone || (static_cast<size_t>(n) < kReadBytes && !ends)) return;
  }
}

void Worker::cut_frames(uint32_t number, size_t size) {
  size_t begin = 0;
  while (begin < size && !peers_[number].gone) {
    const Bytes left = Bytes(in_).subspan(begin, size - begin);
    const FrameResult result = decode_frame(scenario_.framing, left, kFrameBodyBytesMax);
    if (result.status == FrameStatus::NeedMore) break;
    if (result.status != FrameStatus::Ok) {
      fault(number, "what comes is no frame", &Tally::spoilt);
      return lose(number, "its stream cannot be read on");
    }
    on_frame(number, result.frame);
    begin += result.frame.size;
  }
  peers_[number].partial.assign(in_.data() + begin, in_.data() + size);
}

void Worker::on_frame(uint32_t number, const Frame& frame) {
  switch (frame.type) {
    case PacketType::Pong:
      return on_pong(number);
    case PacketType::Sendack:
      return on_sendack(number, frame);
    case PacketType::Recv:
      return on_recv(number, frame);
    case PacketType::Ping:
      if (!scenario_.auth) return on_pong(number);  // an echo
      [[fallthrough]];
    default:
      fault(number, "a packet that nobody asked for", &Tally::spoilt);
  }
}

void Worker::on_pong(uint32_t number) {
  Sent* sent = peers_[number].window.first_unanswered();
  if (sent == nullptr) return fault(number, "a PONG without a PING", &Tally::twice);
  on_answer(number, *sent);
}

void Worker::on_sendack(uint32_t number, const Frame& frame) {
  SendackPacket ack;
  if (!decode(frame, kProtocolVersionMax, ack).ok()) {
    return fault(number, "a SENDACK does not decode", &Tally::spoilt);
  }
  if (ack.reason != Reason::Success) {
    return fault(number, "a SENDACK that is no success", &Tally::spoilt);
  }
  Sent* sent = peers_[number].window.find(ack.client_seq);
  if (sent == nullptr || sent->answered) {
    return fault(number, "a SENDACK of nothing in flight", &Tally::twice);
  }
  on_answer(number, *sent);
}

void Worker::on_answer(uint32_t number, Sent& sent) {
  Peer& peer = peers_[number];
  peer.window.answer(sent);
  --outstanding_;
  if (phase_ == Phase::FinalRound) return peer.window.retire();
  ++tally_.acknowledged;
  record(Wait::Answer, sent.due_ns, sent.sent_ns);
  peer.window.retire();  // `sent` may be gone
  if (peer.role != FlowKind::Group) complete();
  if (!scenario_.open_loop && phase_ <= Phase::Window &&
      (scenario_.messages == 0 || begun_ < share_.messages)) {
    ++begun_;
    peer.window.push_due(now_ns_);
    ++outstanding_;
  }
  start_waiting(number, false);
}

void Worker::on_recv(uint32_t number, const Frame& frame) {
  Peer& peer = peers_[number];
  RecvPacket recv;
  Stamp stamp;
  if (!decode(frame, kProtocolVersionMax, recv).ok()) {
    return fault(number, "a RECV does not decode", &Tally::spoilt);
  }
  const SendTemplate& made_by = peer.role == FlowKind::Group ? to_group_ : to_person_;
  if (peer.role == FlowKind::Ping || !made_by.is_ours(recv.payload, stamp) ||
      stamp.sender != share_.first + peer.source || recv.from_uid != uid_of(stamp.sender).view()) {
    return fault(number, "a RECV of another message, or spoilt", &Tally::spoilt);
  }
  // Messages of one sender to one channel keep their order.
  if (stamp.seq <= peer.received_last) {
    return fault(number, "a RECV that came before", &Tally::twice);
  }
  if (stamp.seq != peer.received_last + 1) {
    fault(number, "a RECV is missing before this one", &Tally::lost);
  }
  peer.received_last = stamp.seq;
  SendWindow& window = peers_[peer.source].window;
  Sent* sent = window.find(stamp.seq);
  if (sent == nullptr || sent->deliveries_left == 0) {
    return fault(number, "a RECV of nothing in flight", &Tally::twice);
  }
  --sent->deliveries_left;
  --outstanding_;
  ++tally_.delivered;
  record(Wait::Delivery, sent->due_ns, sent->sent_ns);
  window.retire();  // `sent` may be gone
  if (peer.role == FlowKind::Group) complete();
  RecvackPacket ack;
  ack.message_id = recv.message_id;
  ack.message_seq = recv.message_seq;
  const size_t at = out_.size();
  out_.resize(at + encoded_size(ack, scenario_.framing, kProtocolVersionMax));
  encode(ack, scenario_.framing, kProtocolVersionMax, MutableBytes(out_).subspan(at));
}

void Worker::on_login(const LoginTimes& times) {
  record(Wait::Login, times.due_ns, times.sent_ns);
  complete();
  if (!scenario_.open_loop && phase_ <= Phase::Window) fire(flows_.front());
}

void Worker::record(Wait wait, uint64_t due_ns, uint64_t sent_ns) {
  if (due_ns < begin_ns_ || due_ns >= end_ns_) return;
  Latency& latency = tally_.latencies[static_cast<size_t>(wait)];
  latency.corrected.record(now_ns_ - due_ns);
  latency.uncorrected.record(now_ns_ - sent_ns);
}

void Worker::complete() {
  ++completed_;
  if (now_ns_ >= begin_ns_ && now_ns_ < end_ns_) ++tally_.units;
}

}  // namespace sluice::load
