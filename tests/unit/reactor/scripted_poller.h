// A Poller that hands out what the test has written down, and notes how it was asked.
//
// It has no sockets and never sleeps: wait() takes the next batch, or returns nothing. Only wake()
// may be called from other threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <vector>

#include "base/check.h"
#include "poller/poller.h"

namespace sluice::test {

class ScriptedPoller final : public Poller {
 public:
  // What each of the next waits hands out.
  std::deque<std::vector<Completion>> batches;
  // The deadlines that wait() was given.
  std::vector<Instant> deadlines;
  // Runs inside each wait(): what happens elsewhere while this thread would sleep.
  std::function<void()> during_wait;

  int wakes() const { return wakes_.load(); }

  std::string_view name() const override { return "scripted"; }
  const Caps& caps() const override { return caps_; }
  std::vector<PollerFeature> features() const override { return {}; }
  size_t wait(Instant deadline, std::span<Completion> out) override {
    deadlines.push_back(deadline);
    if (during_wait) during_wait();
    if (batches.empty()) return 0;
    const std::vector<Completion> batch = std::move(batches.front());
    batches.pop_front();
    SLUICE_CHECK(batch.size() <= out.size(), "a scripted batch fits");
    std::copy(batch.begin(), batch.end(), out.begin());
    return batch.size();
  }
  void wake() const override { wakes_.fetch_add(1); }

  absl::StatusOr<Handle> listen(const Address&, const ListenOptions&) override { return none(); }
  absl::StatusOr<Handle> adopt(UniqueFd) override { return none(); }
  void accept(Handle) override { none(); }
  void attach(Handle, Token) override { none(); }
  void recv(Handle) override { none(); }
  void pause(Handle) override { none(); }
  void give_back(BlockId) override { none(); }
  void send(Handle, std::span<const Bytes>) override { none(); }
  void shutdown_send(Handle) override { none(); }
  void close(Handle) override { none(); }
  Address peer(Handle) const override { return {}; }
  Address local(Handle) const override { return {}; }

 private:
  static Handle none() {
    SLUICE_CHECK(false, "a scripted poller has no sockets");
    return {};
  }

  Caps caps_;
  mutable std::atomic<int> wakes_{0};
};

}  // namespace sluice::test
