// One client connection: bytes to frames, frames to actions, actions to queued bytes; and an
// orderly end.
//
//   Open --close()--> Flushing --all sent: FIN--> Lingering --peer's FIN, or time up--> Closing
//     |                                                                                   ^
//     +--close_now()----------------------------------------------------------------------+
//
// and gone with the poller's last completion.
//
// It joins the wings: poller completions on one side, session and broker on the other. An idle one
// owns no buffer. Its memory is its shard's and goes back only with the poller's last completion.
// It has one timer for all its deadlines. One thread, its reactor's.
#pragma once

#include <string_view>

#include "buffer/byte_ring.h"
#include "codec/frame.h"
#include "gateway/out_queue.h"
#include "gateway/presence.h"
#include "poller/poller.h"
#include "session/authenticator.h"
#include "session/session.h"
#include "time/timing_wheel.h"

namespace sluice {

class Message;
class Shard;
struct GroupSubscription;

class Connection : public Timer {
 public:
  Connection(Token self, Shard& shard, Handle handle, Instant now);

  // From the poller.
  void on_recv(const Completion& news);
  void on_sent(const Completion& news);
  // After Close's completion: gives back everything that it borrowed.
  void on_closed();

  // From the shard.
  void start();
  void run_ready();  // goes on with frames that had to wait
  void flush();      // hands what is queued to the poller
  void unblock();    // SENDs may flow again
  void on_auth_answer(const AuthAnswer& answer);
  void on_entered();  // presence knows it: CONNACK
  void on_driven_out(bool kicked);
  void on_message_done(const Message& message);
  void on_subscribed(const GroupSubscription& subscription);
  void pause_for_drain() { update_recv(); }
  void drain(bool disconnect);

  // A RECV that was just queued by append() or append_shared(): counts it, keeps the limits.
  void on_recv_queued();
  // Whether RECVs may go to it: CONNACK was queued, and it is not closing.
  bool receives() const {
    return phase_ == Phase::Open &&
           (session_.state() == ConnState::Authed || session_.state() == ConnState::Active);
  }
  OutQueue& outbound() { return outbound_; }
  Framing framing() const { return framing_; }
  uint8_t version() const { return session_.version(); }
  const Identity* identity() const { return identity_; }

  // For the list of connections.
  struct View {
    Instant opened;
    Instant last_activity;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint32_t messages_in;
    uint32_t messages_out;
    uint32_t queued_bytes;
    std::string_view state;
  };
  View view() const;
  Token self() const { return self_; }
  Handle handle() const { return handle_; }

 private:
  friend class Shard;
  enum class Phase : uint8_t { Open, Flushing, Lingering, Closing };
  // What one connection may do in one turn.
  struct Budget {
    uint32_t frames;
    size_t bytes;
  };

  // Input.
  void take(MutableBytes in);
  void drain_inbound(Budget& budget);
  size_t handle(MutableBytes in, Budget& budget);
  bool keep(Bytes in);
  size_t missing_bytes();
  bool can_handle() const;
  void settle();
  void update_recv();

  // Frames.
  void on_frame(const Frame& frame);
  void on_connect(const ConnectPacket& connect);
  void on_send(const SendPacket& send);
  void on_sub(const SubPacket& sub);
  void on_ping();
  void refuse(Reason reason, std::string_view why,
              CloseReason close_reason = CloseReason::AuthFailed);
  template <typename Packet>
  void queue(const Packet& packet);
  void on_queued();

  // The end.
  void close(CloseReason reason, std::string_view detail = {});
  void close_now(CloseReason reason, std::string_view detail = {});
  bool end_session(CloseReason reason, std::string_view detail);
  void leave();
  void be_patient();
  void settle_closing();
  void release();
  static void on_timer(Timer& timer, Instant now);
  void rearm();

  Shard& shard_;
  const Token self_;
  const Handle handle_;
  Identity* identity_ = nullptr;  // from CONNECT on; presence's once entered_
  ByteRing inbound_;              // frames cut in two, and frames that have to wait
  OutQueue outbound_;
  const Instant opened_;
  Instant last_activity_;            // the last byte received
  Instant stall_deadline_ = kNever;  // while over the high-water mark
  int64_t time_diff_ms_ = 0;         // our clock minus the client's, at CONNECT
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  uint32_t messages_in_ = 0;      // SENDs
  uint32_t messages_out_ = 0;     // RECVs queued
  uint32_t sends_in_flight_ = 0;  // SENDs without SENDACK
  Session session_;
  Framing framing_ = Framing::Unknown;
  Phase phase_ = Phase::Open;
  bool receiving_ : 1 = false;  // a Recv is in progress
  bool sending_ : 1 = false;    // a Send is in progress
  bool eof_ : 1 = false;        // nothing more will come
  bool leaving_ : 1 = false;    // the client said DISCONNECT: it gets its SENDACKs, no more is read
  bool entered_ : 1 = false;    // presence was told
  bool hungry_ : 1 = false;     // frames wait because the budget was spent; on the ready list
  bool ready_ : 1 = false;      // on the shard's ready list
  bool blocked_ : 1 = false;    // a SEND waits for others in flight; on the shard's waiting list
  bool parked_ : 1 = false;     // a SUB is on its way; later frames wait for it
  bool stalled_ : 1 = false;    // over the high-water mark, not yet below half of it
  bool patient_ : 1 = false;    // a drain closes it: it has until the drain timeout
  bool dirty_ : 1 = false;      // on the shard's list for this turn's flush
};

}  // namespace sluice
