// All mailboxes of a process: how reactors talk, without locks.
//
// A mailbox is a bounded queue with many writers and one reader, its reactor. A writer knocks
// (poller.wake()) only when the reader sleeps, so a burst costs one wake. A writer that finds a
// mailbox full registers and is woken when the reader has made room: nobody polls.
//
//   writer: push, then sleeping.exchange(false) ? wake : nothing
//   reader: sleeping = true, look again, sleep, sleeping = false
// Both sides are sequentially consistent, so either the writer sees `sleeping` or the reader sees
// the letter.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "buffer/mpsc_queue.h"
#include "poller/poller.h"
#include "reactor/mail.h"
#include "reactor/ownership.h"

namespace sluice {

class Mailbox {
 public:
  explicit Mailbox(uint32_t slots) : queue_(std::bit_ceil(slots)) {}

  // Before any letter is posted: whom to wake.
  void set_poller(const Poller* poller) { poller_ = poller; }
  // Any thread. False when it is full.
  bool try_post(const Mail& mail) {
    if (!queue_.try_push(mail)) return false;
    if (sleeping_.exchange(false)) poller_->wake();
    return true;
  }
  // Any thread: wakes the reader although there is no letter.
  void knock() const { poller_->wake(); }
  // Any reactor's thread: "wake reactor `who` when there is room". Look again after registering.
  void wait_for_room(uint32_t who) { waiters_.fetch_or(uint64_t{1} << who); }

  // The reader's side.
  bool try_take(Mail* mail) { return queue_.try_pop(*mail); }
  // Announces sleep; false when a letter is there already.
  bool try_sleep() {
    sleeping_.store(true);
    if (queue_.maybe_empty_seq_cst()) return true;
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  void awake() { sleeping_.store(false, std::memory_order_relaxed); }
  // The writers that wait for room, who are then no longer registered.
  uint64_t take_waiters() {
    // Not a load first: the exchange orders this look behind the pops before it, so that a writer
    // whose registration it misses finds the room when it looks again.
    return waiters_.exchange(0);
  }

 private:
  MpscQueue<Mail> queue_;
  const Poller* poller_ = nullptr;
  alignas(64) std::atomic<bool> sleeping_{false};
  std::atomic<uint64_t> waiters_{0};
};

class Mailroom {
 public:
  // One mailbox for each of `reactors`, with `slots` letters of 64 bytes each.
  Mailroom(uint32_t reactors, uint32_t slots);

  uint32_t size() const { return static_cast<uint32_t>(boxes_.size()); }
  Mailbox& box(uint32_t reactor) { return *boxes_[reactor]; }
  // For threads that are no reactors (signals, admin, start and drain): waits while the mailbox is
  // full.
  void post_from_outside(uint32_t to, const Mail& mail);

 private:
  std::vector<std::unique_ptr<Mailbox>> boxes_;
};

}  // namespace sluice
