#include "gateway/connection.h"

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "codec/encode.h"
#include "gateway/group_subscription.h"
#include "gateway/shard.h"
#include "transport/plain.h"

namespace sluice {
namespace {

std::string_view describe(FrameStatus status) {
  if (status == FrameStatus::BadType) return "a frame of a type that does not exist";
  if (status == FrameStatus::BadLength) return "a frame whose length does not end";
  return "a frame over the size limit";
}

}  // namespace

Connection::Connection(Token self, Shard& shard, Handle handle, Instant now)
    : Timer(&Connection::on_timer),
      shard_(shard),
      self_(self),
      handle_(handle),
      opened_(now),
      last_activity_(now) {}

void Connection::start() {
  rearm();
  update_recv();
}

// Stop 3 of 7: what the ring kept and the lent block, as one stream; the block goes back at the
// end.
void Connection::on_recv(const Completion& news) {
  if (!news.bytes.empty()) {
    bytes_in_ += news.bytes.size();
    shard_.metrics().bytes_in.add(news.bytes.size());
    last_activity_ = shard_.now();
    if (phase_ == Phase::Open && !leaving_) take(PlainTransport::unwrap(news.bytes));
    shard_.poller().give_back(news.block);
  }
  if (news.more || news.result == -ECANCELED) return;
  receiving_ = false;
  eof_ = true;
  if (news.result < 0) {
    close_now(CloseReason::PeerReset);
  } else if (phase_ == Phase::Open) {
    settle();
  } else {
    settle_closing();
  }
}

void Connection::take(MutableBytes in) {
  Budget budget{shard_.limits().turn_frames_max, shard_.limits().turn_bytes_max};
  drain_inbound(budget);
  // A cut frame is topped up by what it lacks; the frames behind it are read where they are.
  while (!inbound_.empty() && !in.empty() && can_handle()) {
    const size_t step = std::min(missing_bytes(), in.size());
    if (!keep(in.first(step))) return;
    in = in.subspan(step);
    drain_inbound(budget);
  }
  if (inbound_.empty() && phase_ == Phase::Open) in = in.subspan(handle(in, budget));
  if (!in.empty() && phase_ == Phase::Open && !keep(in)) return;
  settle();
}

void Connection::run_ready() {
  hungry_ = false;
  if (phase_ != Phase::Open) return;
  Budget budget{shard_.limits().turn_frames_max, shard_.limits().turn_bytes_max};
  drain_inbound(budget);
  settle();
}

void Connection::drain_inbound(Budget& budget) {
  bool whole = false;  // whether the last look saw all bytes as one piece
  while (!inbound_.empty() && can_handle()) {
    const size_t first = inbound_.view().first.size();
    const size_t size = whole ? inbound_.size() : first;
    const size_t used = handle(inbound_.contiguous(size, shard_.pool()), budget);
    inbound_.consume(used, shard_.pool());
    if (used > 0) {
      whole = false;
    } else if (whole || size == inbound_.size()) {
      return;  // the frame is not complete, or must wait
    } else {
      whole = true;  // the frame wraps: look at all of it
    }
  }
}

// Handles whole frames at the start of `in` and returns their bytes.
size_t Connection::handle(MutableBytes in, Budget& budget) {
  size_t used = 0;
  while (used < in.size() && can_handle()) {
    if (framing_ == Framing::Unknown) framing_ = sniff(in[used]);
    if (framing_ == Framing::Unknown) {
      close(CloseReason::ProtocolError, "the first byte belongs to no protocol spoken here");
      break;
    }
    const FrameResult result =
        decode_frame(framing_, in.subspan(used), shard_.limits().frame_bytes_max);
    if (result.status == FrameStatus::NeedMore) break;
    if (result.status != FrameStatus::Ok) {
      close(CloseReason::ProtocolError, describe(result.status));
      break;
    }
    if (budget.frames == 0 || budget.bytes == 0) {
      hungry_ = true;
      shard_.add_ready(*this);
      break;
    }
    if (result.frame.type == PacketType::Send && !shard_.may_send()) {
      blocked_ = true;
      shard_.add_waiting(*this);
      break;
    }
    --budget.frames;
    budget.bytes -= std::min(budget.bytes, result.frame.size);
    used += result.frame.size;
    on_frame(result.frame);
  }
  return phase_ == Phase::Open && !leaving_ ? used : in.size();
}

bool Connection::keep(Bytes in) {
  // Behind a CONNECT the block in hand does not count, nor what a poller still delivers when
  // reading pauses: a burst of small frames over the budget is no offence, and it is handled before
  // more is read. Before, reading goes on, and the limit is strict.
  size_t limit = shard_.limits().inbound_bytes_max;
  const Caps& caps = shard_.poller().caps();
  if (!session_.waiting()) limit += caps.block_bytes + caps.pause_slack_bytes;
  if (inbound_.append(in, limit, shard_.pool()) == RingAppend::Ok) return true;
  close(CloseReason::InboundOverflow);
  return false;
}

// How many bytes the cut frame at the start of the ring lacks, as far as its header tells; at
// least 1.
size_t Connection::missing_bytes() {
  const size_t size = std::min(inbound_.size(), kFrameHeaderBytesMax);
  const FrameResult result = decode_frame(framing_, inbound_.contiguous(size, shard_.pool()),
                                          shard_.limits().frame_bytes_max);
  return result.need > inbound_.size() ? result.need - inbound_.size() : 1;
}

bool Connection::can_handle() const {
  return phase_ == Phase::Open && !leaving_ && !session_.waiting() && !hungry_ && !blocked_ &&
         !parked_ && !stalled_ && !shard_.draining();
}

// After whatever may have changed what the connection waits for.
void Connection::settle() {
  if (phase_ != Phase::Open) return;
  const bool owed = hungry_ || blocked_ || parked_ || session_.waiting() || sends_in_flight_ > 0;
  if (leaving_ && sends_in_flight_ == 0) {
    close(CloseReason::PeerClosed, "DISCONNECT");
    return;
  }
  if (eof_ && !owed && !(stalled_ && !inbound_.empty())) {
    close(CloseReason::PeerClosed, inbound_.empty() ? "" : "in the middle of a frame");
    return;
  }
  update_recv();
}

void Connection::update_recv() {
  bool want = !eof_ && phase_ != Phase::Closing;
  if (phase_ == Phase::Open) {
    want = want && !hungry_ && !blocked_ && !parked_ && !stalled_ && !shard_.draining();
  }
  if (want == receiving_) return;
  receiving_ = want;
  if (want) {
    shard_.poller().recv(handle_);
  } else {
    shard_.poller().pause(handle_);
  }
}

void Connection::unblock() {
  blocked_ = false;
  run_ready();
}

void Connection::flush() {
  dirty_ = false;
  if (sending_ || outbound_.empty() || phase_ == Phase::Closing) return;
  const std::span<Bytes> parts = shard_.send_parts();
  const size_t count = outbound_.gather(parts);
  sending_ = true;
  shard_.poller().send(handle_, parts.first(count));
}

void Connection::on_sent(const Completion& news) {
  if (news.more) return;
  sending_ = false;
  if (phase_ == Phase::Closing) return;
  if (news.result < 0) {
    close_now(CloseReason::PeerReset);
    return;
  }
  const auto sent = static_cast<size_t>(news.result);
  bytes_out_ += sent;
  shard_.metrics().bytes_out.add(sent);
  outbound_.consume(sent, shard_.pool());
  if (!outbound_.empty()) {
    shard_.add_dirty(*this);
  } else if (phase_ != Phase::Open) {
    settle_closing();
    return;
  }
  if (!stalled_) return;
  if (outbound_.bytes() <= shard_.limits().outbound_high_water) stall_deadline_ = kNever;
  if (outbound_.bytes() <= shard_.limits().outbound_high_water / 2) {
    stalled_ = false;
    shard_.metrics().stalled_readers.sub();
    run_ready();
  }
}

// After something was queued: it goes out with this turn's flush, unless the peer reads too slowly.
void Connection::on_queued() {
  if (!dirty_) shard_.add_dirty(*this);  // of a burst only the first frame need call
  const Limits& limits = shard_.limits();
  if (outbound_.bytes() <= limits.outbound_high_water || phase_ != Phase::Open) return;
  if (outbound_.bytes() > limits.outbound_bytes_max) {
    close_now(CloseReason::SlowConsumer, "over the outbound limit");
  } else if (stall_deadline_ == kNever) {
    stall_deadline_ = shard_.now() + limits.outbound_stall;
    rearm();
    if (stalled_) return;
    stalled_ = true;
    shard_.metrics().stalled_readers.add();
    update_recv();
  }
}

void Connection::on_recv_queued() {
  ++messages_out_;
  shard_.metrics().recvs.add();
  on_queued();
}

Connection::View Connection::view() const {
  return {opened_,           last_activity_,
          bytes_in_,         bytes_out_,
          messages_in_,      messages_out_,
          outbound_.bytes(), phase_ == Phase::Open ? name_of(session_.state()) : "closing"};
}

}  // namespace sluice
