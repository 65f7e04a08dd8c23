// What a worker does with what comes; worker.cc has the plan, the loop and the sending.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "load/now.h"
#include "load/worker.h"

namespace sluice::load {
void Worker::fault(uint32_t number, const char* what, uint64_t Tally::*counter) {
  tally_.*counter += 1;
  tally_.fault(absl::StrCat("connection ", share_.first + number, ": ", what));
}

// The connection is over: lost, or for a slow reader closed by the server.
void Worker::end(uint32_t number, const char* why) {
  Peer& peer = peers_[number];
  if (peer.gone) return;
  peer.gone = true;
  peer.fd.reset();
  final_left_ -= peer.in_final_round ? 1 : 0;
  // What it was waiting for will not come: sum_up() counts it.
  outstanding_ -= peer.window.outstanding() + peer.window.waiting();
  peer.window = SendWindow();
  if (peer.slow) {
    ++tally_.slow_closed;
  } else {
    fault(number, why, &Tally::connections_lost);
  }
}

void Worker::on_event(const epoll_event& event) {
  const uint32_t number = event.data.u32;
  if ((number & kLoginTag) != 0) {
    const LoginTimes* times = logins_->on_event(number & ~kLoginTag, event.events);
    if (times != nullptr) on_login(*times);
    return;
  }
  const bool ends = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const Peer& peer = peers_[number];
  if (peer.gone) return;
  if (peer.slow && !peer.in_final_round) {
    if (ends) end(number, "");
    return;
  }
  if ((event.events & EPOLLOUT) != 0) send_unsent(number);
  if (!peer.gone && (ends || (event.events & EPOLLIN) != 0)) read_frames(number, ends);
  flush(number);
}

// The edge is told once: reads until the socket has no more, or puts the connection on the list of
// those to be read on. `ends`: a FIN may be behind a reading that fills no buffer.
void Worker::read_frames(uint32_t number, bool ends) {
  for (int i = 0; i < kReadsAtOnce; ++i) {
    Peer& peer = peers_[number];
    const size_t kept = peer.partial.size();
    std::copy(peer.partial.begin(), peer.partial.end(), in_.begin());
    const ssize_t n = recv(peer.fd.get(), in_.data() + kept, kReadBytes, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return end(number, n == 0 ? "the server closes" : std::strerror(errno));
    if (i > 0) now_ns_ = clock_ns();
    cut_frames(number, kept + static_cast<size_t>(n));
    if (peer.gone || (static_cast<size_t>(n) < kReadBytes && !ends)) return;
  }
  unread_.push_back(number);
}

void Worker::cut_frames(uint32_t number, size_t size) {
  size_t begin = 0;
  while (begin < size && !peers_[number].gone) {
    const Bytes left = Bytes(in_).subspan(begin, size - begin);
    const FrameResult result = decode_frame(scenario_.framing, left, kFrameBodyBytesMax);
    if (result.status == FrameStatus::NeedMore) break;
    if (result.status != FrameStatus::Ok) {
      fault(number, "what comes is no frame", &Tally::spoilt);
      return end(number, "its stream cannot be read on");
    }
    on_frame(number, result.frame);
    begin += result.frame.size;
  }
  peers_[number].partial.assign(in_.data() + begin, in_.data() + size);
}

void Worker::on_frame(uint32_t number, const Frame& frame) {
  const bool echoed = !scenario_.auth;  // an echo answers with what it was sent
  switch (frame.type) {
    case PacketType::Pong:
      return on_pong(number);
    case PacketType::Sendack:
      return on_sendack(number, frame);
    case PacketType::Recv:
      return on_recv(number, frame);
    case PacketType::Suback:
      return on_suback(number);
    case PacketType::Ping:
      if (echoed) return on_pong(number);
      break;
    case PacketType::Sub:
      if (echoed) return on_suback(number);
      break;
    default:
      break;
  }
  fault(number, "a packet that nobody asked for", &Tally::spoilt);
}

void Worker::on_pong(uint32_t number) {
  Sent* sent = peers_[number].window.first_unanswered();
  if (sent == nullptr) return fault(number, "a PONG without a PING", &Tally::twice);
  on_answer(number, *sent);
}

void Worker::on_suback(uint32_t number) {
  Peer& peer = peers_[number];
  if (!peer.in_final_round) return fault(number, "a SUBACK without a SUB", &Tally::twice);
  peer.in_final_round = false;
  --final_left_;
}

void Worker::on_sendack(uint32_t number, const Frame& frame) {
  SendackPacket ack;
  if (!decode(frame, kProtocolVersionMax, ack).ok()) {
    return fault(number, "a SENDACK does not decode", &Tally::spoilt);
  }
  Sent* sent = peers_[number].window.find(ack.client_seq);
  if (sent == nullptr || sent->answered) {
    return fault(number, "a SENDACK of nothing in flight", &Tally::twice);
  }
  if (ack.reason != Reason::Success) {
    const std::string why =
        absl::StrCat("a SEND is refused with reason ", static_cast<int>(ack.reason));
    fault(number, why.c_str(), &Tally::spoilt);
  }
  on_answer(number, *sent);
}

void Worker::on_answer(uint32_t number, Sent& sent) {
  Peer& peer = peers_[number];
  peer.window.answer(sent);
  --outstanding_;
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
  start_waiting(number);
}

void Worker::on_recv(uint32_t number, const Frame& frame) {
  Peer& peer = peers_[number];
  if (peer.slow) return;  // what it did not read in time: nobody counted on it
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
    tally_.fault(absl::StrCat("connection ", share_.first + number, ": RECV ",
                              peer.received_last + 1, " to ", stamp.seq - 1, " have not come"));
  }
  peer.received_last = stamp.seq;
  ++tally_.delivered;
  Peer& source = peers_[peer.source];
  Sent* sent = source.window.find(stamp.seq);
  if (sent != nullptr && sent->deliveries_left > 0) {
    --sent->deliveries_left;
    --outstanding_;
    record(Wait::Delivery, sent->due_ns, sent->sent_ns);
    source.window.retire();  // `sent` may be gone
  } else if (!source.gone) {
    return fault(number, "a RECV of nothing in flight", &Tally::twice);
  }
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
