// What one connection has sent or is due to send, and what of it is still unanswered.
//
//   head ── unfinished, in flight ──→ next ── due, waiting for its turn ──→ end
//
// A ring that grows: an open loop goes on scheduling while the server stalls, and nothing of that
// may be forgotten. Numbers count from 1 and are those on the wire. One thread; an idle connection
// owns no memory.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sluice::load {

struct Sent {
  uint64_t due_ns = 0;           // when the schedule wanted it sent
  uint64_t sent_ns = 0;          // when it was
  uint32_t deliveries_left = 0;  // receivers who have not had it
  bool answered = false;
};

class SendWindow {
 public:
  void push_due(uint64_t due_ns) {
    if (end_ - head_ == ring_.size()) grow();
    at(end_++) = {.due_ns = due_ns};
  }
  bool has_waiting() const { return next_ != end_; }
  uint32_t waiting() const { return end_ - next_; }
  // Sends the first that waits; returns its number.
  uint32_t start(uint64_t now_ns, uint32_t deliveries) {
    SLUICE_DCHECK(has_waiting(), "nothing is due");
    Sent& sent = at(next_);
    sent.sent_ns = now_ns;
    sent.deliveries_left = deliveries;
    ++in_flight_;
    return next_++;
  }
  // One that was sent and is unfinished, or null.
  Sent* find(uint32_t seq) { return seq - head_ < next_ - head_ ? &at(seq) : nullptr; }
  // The first that has no answer, or null: answers without numbers come in order.
  Sent* first_unanswered() {
    for (uint32_t seq = head_; seq != next_; ++seq) {
      if (!at(seq).answered) return &at(seq);
    }
    return nullptr;
  }
  void answer(Sent& sent) {
    sent.answered = true;
    --in_flight_;
  }
  // Forgets the finished ones at the front.
  void retire() {
    while (head_ != next_ && at(head_).answered && at(head_).deliveries_left == 0) ++head_;
  }
  uint32_t in_flight() const { return in_flight_; }  // sent, without an answer
  // Answers and deliveries that are still to come for what was sent.
  uint64_t outstanding() const {
    uint64_t sum = in_flight_;
    for (uint32_t seq = head_; seq != next_; ++seq) sum += at(seq).deliveries_left;
    return sum;
  }

 private:
  Sent& at(uint32_t seq) { return ring_[seq & (ring_.size() - 1)]; }
  const Sent& at(uint32_t seq) const { return ring_[seq & (ring_.size() - 1)]; }
  void grow() {
    std::vector<Sent> larger(ring_.empty() ? 4 : ring_.size() * 2);
    for (uint32_t seq = head_; seq != end_; ++seq) larger[seq & (larger.size() - 1)] = at(seq);
    ring_ = std::move(larger);
  }

  std::vector<Sent> ring_;  // its size is a power of two, or 0
  uint32_t head_ = 1;
  uint32_t next_ = 1;
  uint32_t end_ = 1;
  uint32_t in_flight_ = 0;
};

}  // namespace sluice::load
