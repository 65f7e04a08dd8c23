#include "reactor/reactor.h"

#include <bit>

namespace sluice {
namespace {

// Completions of one wait: as many as epoll hands events, so that neither waits for the other.
constexpr size_t kBatch = 256;
// Letters of one turn, before sockets have their turn again.
constexpr uint32_t kLettersPerTurn = 1024;

}  // namespace

Reactor::Reactor(uint32_t index, Poller& poller, const Clock& clock, Mailroom& mailroom)
    : index_(index),
      poller_(poller),
      clock_(clock),
      mailroom_(mailroom),
      mailbox_(mailroom.box(index)),
      now_(clock.now()),
      wheel_(now_),
      out_(kBatch),
      outboxes_(mailroom.size()) {
  mailbox_.set_poller(&poller);
}

void Reactor::run() {
  while (!stopping_.load(std::memory_order_relaxed)) turn();
}

void Reactor::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  poller_.wake();
}

// Stop 2 of 7: a turn. The batch goes to its owner; then timers, letters, one flush.
void Reactor::turn() {
  Instant deadline = wheel_.next_deadline();
  if (more_letters_ || resident_->has_ready() || !mailbox_.try_sleep()) deadline = Instant::min();
  const size_t count = poller_.wait(deadline, out_);
  mailbox_.awake();
  turns_.add();
  now_ = clock_.now();
  wall_ms_ = kWallUnread;
  resident_->run_ready(now_);
  for (size_t i = 0; i < count; ++i) resident_->on_completion(out_[i], now_);
  if (wheel_.next_deadline() <= now_) wheel_.advance(now_);
  more_letters_ = take_letters();
  if (waiting_ > 0) empty_outboxes();
  resident_->flush(now_);
}

bool Reactor::take_letters() {
  Mail mail;
  uint32_t count = 0;
  while (count < kLettersPerTurn && mailbox_.try_take(&mail)) {
    ++count;
    mail.run(mail);
  }
  if (count == 0) return false;
  letters_run_.add(count);
  uint64_t waiters = mailbox_.take_waiters();
  for (; waiters != 0; waiters &= waiters - 1) {
    mailroom_.box(static_cast<uint32_t>(std::countr_zero(waiters))).knock();
  }
  return count == kLettersPerTurn;
}

void Reactor::call(std::function<void()> call) {
  const CallLetter letter{new std::function<void()>(std::move(call))};
  mailroom_.post_from_outside(index_, make_mail<&Reactor::on_call>(*this, letter));
}

void Reactor::on_call(const CallLetter& letter) {
  const std::unique_ptr<std::function<void()>> call(letter.call);
  (*call)();
}

void Reactor::post(uint32_t to, const Mail& mail) {
  letters_posted_.add();
  std::deque<Mail>& outbox = outboxes_[to];
  if (outbox.empty()) {
    Mailbox& box = mailroom_.box(to);
    if (box.try_post(mail)) return;
    // Registered at once: a letter posted at the flush has no empty_outboxes() before the sleep.
    box.wait_for_room(index_);
    if (box.try_post(mail)) return;
  }
  mailbox_full_.add();
  outbox.push_back(mail);
  ++waiting_;
}

void Reactor::empty_outboxes() {
  for (uint32_t to = 0; to < outboxes_.size(); ++to) {
    std::deque<Mail>& outbox = outboxes_[to];
    Mailbox& box = mailroom_.box(to);
    for (bool registered = false; !outbox.empty();) {
      if (box.try_post(outbox.front())) {
        outbox.pop_front();
        --waiting_;
      } else if (!registered) {
        box.wait_for_room(index_);
        registered = true;  // the reader may have made room before it could see us: look once more
      } else {
        break;
      }
    }
  }
}

bool Reactor::outboxes_empty() const { return waiting_ == 0; }

}  // namespace sluice
