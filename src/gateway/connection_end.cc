// How a connection ends: one reason, counted and logged once; what is owed goes out first; memory
// goes back last.
//
// Tested by: tests/unit/gateway/connection_test.cc, with the rest of the class
#include <algorithm>

#include "base/log.h"
#include "gateway/connection.h"
#include "gateway/shard.h"

namespace sluice {

// The orderly end: what is queued goes out, then FIN, then input is discarded until the peer's FIN
// or the end of the linger time. A plain close(2) with unread input would make the kernel send RST,
// which destroys what the peer has not read yet.
void Connection::close(CloseReason reason, std::string_view detail) {
  if (!end_session(reason, detail)) return;
  phase_ = Phase::Flushing;
  const Limits& limits = shard_.limits();
  // What is queued may have been acknowledged to its sender, so a slow peer gets the time of any
  // slow peer. One that was kicked is to be gone soon.
  const Duration patience = reason == CloseReason::Kicked
                                ? limits.linger
                                : std::max(limits.linger, limits.outbound_stall);
  shard_.reactor().wheel().arm(*this, shard_.now() + patience);
  if (reason == CloseReason::Drain) be_patient();
  update_recv();
  settle_closing();
}

// A drain waits for everybody until its own end.
void Connection::be_patient() {
  if (phase_ == Phase::Closing) return;
  patient_ = true;
  shard_.reactor().wheel().arm(*this, shard_.now() + shard_.limits().drain);
}

// The end when nothing can be owed: the peer is gone, or does not read.
void Connection::close_now(CloseReason reason, std::string_view detail) {
  end_session(reason, detail);
  release();
}

bool Connection::end_session(CloseReason reason, std::string_view detail) {
  if (phase_ != Phase::Open) return false;
  shard_.metrics().closed[static_cast<size_t>(reason)].add();
  if (const LogLevel level = log_level_of(reason); log_enabled(level)) {
    log(level, "connection closed",
        {{"conn", self_.value},
         {"uid", identity_ == nullptr ? std::string_view() : identity_->uid()},
         {"peer", shard_.poller().peer(handle_).to_string()},
         {"reason", name_of(reason)},
         {"detail", detail}});
  }
  session_.on_close();
  if (stalled_) shard_.metrics().stalled_readers.sub();
  stalled_ = false;
  leave();
  return true;
}

void Connection::leave() {
  if (identity_ == nullptr) return;
  if (entered_) {
    shard_.leave(*identity_);
  } else {
    Identity::end(identity_);
  }
  identity_ = nullptr;
}

void Connection::settle_closing() {
  if (phase_ == Phase::Flushing && outbound_.empty() && !sending_) {
    phase_ = Phase::Lingering;
    if (!patient_) shard_.reactor().wheel().arm(*this, shard_.now() + shard_.limits().linger);
    if (!eof_) shard_.poller().shutdown_send(handle_);
  }
  if (phase_ == Phase::Lingering && eof_) release();
}

void Connection::release() {
  if (phase_ == Phase::Closing) return;
  phase_ = Phase::Closing;
  shard_.reactor().wheel().cancel(*this);
  shard_.forget_address(*this);
  shard_.poller().close(handle_);
}

void Connection::on_closed() {
  inbound_.clear(shard_.pool());
  outbound_.clear(shard_.pool());
}

void Connection::rearm() {
  const Instant deadline = session_.deadline(opened_, last_activity_, shard_.limits().timeouts);
  shard_.reactor().wheel().arm(*this, std::min(deadline, stall_deadline_));
}

void Connection::on_timer(Timer& timer, Instant now) {
  auto& self = static_cast<Connection&>(timer);
  if (self.phase_ != Phase::Open) {
    self.release();
    return;
  }
  const Limits& limits = self.shard_.limits();
  if (now >= self.stall_deadline_) {
    self.close_now(CloseReason::SlowConsumer, "too long over the high-water mark");
  } else if (now >= self.session_.deadline(self.opened_, self.last_activity_, limits.timeouts)) {
    if (self.session_.waiting()) {
      self.refuse(Reason::SystemError, "the authenticator did not answer",
                  CloseReason::AuthTimeout);
    } else {
      self.close(self.session_.overdue_reason());
    }
  } else {
    self.rearm();  // activity moved the idle deadline, at the price of one look here
  }
}

}  // namespace sluice
