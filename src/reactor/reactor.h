// One thread's turn: collect completions, hand them to their owner, run timers and letters, flush
// once.
//
// It knows the kernel's doors (poller, clock, mailbox) and no protocol: what a completion means is
// the Resident's business. turn() may be called by a simulator instead of run(). All of it belongs
// to one thread, except stop().
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <limits>
#include <vector>

#include "base/counter.h"
#include "poller/poller.h"
#include "reactor/mailroom.h"
#include "sys/clock.h"
#include "time/timing_wheel.h"

namespace sluice {

// Who lives on a reactor and understands its news.
class Resident {
 public:
  virtual ~Resident() = default;
  virtual void on_completion(const Completion& news, Instant now) = 0;
  // Work that ran out of its budget last turn; while there is some, the reactor does not sleep.
  virtual bool has_ready() const = 0;
  virtual void run_ready(Instant now) = 0;
  // The end of a turn: what was queued goes out.
  virtual void flush(Instant now) = 0;
};

class Reactor {
 public:
  // `index` is its mailbox in the mailroom. Everything outlives the reactor.
  Reactor(uint32_t index, Poller& poller, const Clock& clock, Mailroom& mailroom);

  void set_resident(Resident* resident) { resident_ = resident; }
  // Any thread: has `call` run on the reactor's thread, between two completions; returns before
  // that.
  void call(std::function<void()> call);

  // One turn; sleeps at most until the wheel's next deadline.
  void turn();
  // Turns until stop().
  void run();
  // Any thread: run() returns after the turn in progress.
  void stop();

  // Letters never get lost and never block: while the receiver's mailbox is full they wait here, in
  // order.
  void post(uint32_t to, const Mail& mail);
  // While a letter waits for room, no connection may cause further ones: its messages are to wait.
  bool outboxes_empty() const;

  uint32_t index() const { return index_; }
  Poller& poller() { return poller_; }
  const Poller& poller() const { return poller_; }
  TimingWheel& wheel() { return wheel_; }
  const Clock& clock() const { return clock_; }
  // The instant of this turn, read once.
  Instant now() const { return now_; }
  // The wall clock in this turn, read when it is first asked for.
  WallMs wall_ms() {
    if (wall_ms_ == kWallUnread) wall_ms_ = clock_.wall_ms();
    return wall_ms_;
  }

  const Counter& turns() const { return turns_; }
  const Counter& letters_run() const { return letters_run_; }
  const Counter& letters_posted() const { return letters_posted_; }
  const Counter& mailbox_full() const { return mailbox_full_; }

 private:
  struct CallLetter {
    std::function<void()>* call;  // owned
  };
  // Before all that any clock says.
  static constexpr WallMs kWallUnread = std::numeric_limits<WallMs>::min();
  void on_call(const CallLetter& letter);
  bool take_letters();
  void empty_outboxes();

  const uint32_t index_;
  Poller& poller_;
  const Clock& clock_;
  Mailroom& mailroom_;
  Mailbox& mailbox_;
  Resident* resident_ = nullptr;
  Instant now_;
  WallMs wall_ms_ = kWallUnread;
  TimingWheel wheel_;
  std::vector<Completion> out_;
  std::vector<std::deque<Mail>> outboxes_;  // by receiver; letters that found a full mailbox
  size_t waiting_ = 0;                      // letters in all outboxes
  bool more_letters_ = false;               // the mailbox outlasted this turn's budget
  std::atomic<bool> stopping_{false};
  Counter turns_;
  Counter letters_run_;
  Counter letters_posted_;
  Counter mailbox_full_;  // letters that had to wait
};

}  // namespace sluice
