// What a reactor's turn costs around a batch of completions, without a kernel: from the poller's
// array through the turn to the object that each token names.
//
// The poller here hands out a batch that lies ready, so what is left is the turn itself, its clock
// read, its look at wheel and mailbox, and the dispatch. The resident does the least that any has
// to do: it finds the object and counts the bytes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <random>

#include "base/check.h"
#include "base/slot_map.h"
#include "reactor/reactor.h"

namespace sluice {
namespace {

constexpr uint64_t kSeed = 1;
constexpr size_t kObjects = 4096;  // Connections that take turns in having news.

// As large as a connection of the gateway, give or take a cache line.
struct Object {
  explicit Object(Token its_token) : token(its_token) {}
  Token token;
  uint64_t bytes = 0;
  std::array<std::byte, 304> rest;
};

// Hands out the next `batch` of the completions that it was given, round and round.
class BatchPoller final : public Poller {
 public:
  BatchPoller(std::vector<Completion> news, size_t batch) : news_(std::move(news)), batch_(batch) {
    SLUICE_CHECK(news_.size() % batch_ == 0, "the batches come out even");
  }

  std::string_view name() const override { return "batch"; }
  const Caps& caps() const override { return caps_; }
  std::vector<PollerFeature> features() const override { return {}; }
  size_t wait(Instant, std::span<Completion> out) override {
    SLUICE_DCHECK(batch_ <= out.size(), "a batch fits");
    std::copy_n(news_.begin() + static_cast<ptrdiff_t>(next_), batch_, out.begin());
    next_ = (next_ + batch_) % news_.size();
    return batch_;
  }
  void wake() const override {}

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
    SLUICE_CHECK(false, "this poller has no sockets");
    return {};
  }

  Caps caps_;
  const std::vector<Completion> news_;
  const size_t batch_;
  size_t next_ = 0;
};

class CountingResident final : public Resident {
 public:
  void on_completion(const Completion& news, Instant) override {
    Object* object = objects_.find(news.who);
    if (object != nullptr) object->bytes += static_cast<uint64_t>(news.result);
  }
  bool has_ready() const override { return false; }
  void run_ready(Instant) override {}
  void flush(Instant) override {}

  SlotMap<Object>& objects() { return objects_; }
  uint64_t bytes() {
    uint64_t sum = 0;
    uint32_t cursor = 0;
    while (const Object* object = objects_.next_from(cursor)) sum += object->bytes;
    return sum;
  }

 private:
  SlotMap<Object> objects_;
};

// A turn with `range` completions; an item is a completion.
void turn(benchmark::State& state) {
  CountingResident resident;
  std::vector<Completion> news;
  for (size_t i = 0; i < kObjects; ++i) {
    const Object* object = resident.objects().emplace();
    SLUICE_CHECK(object != nullptr, "the map has room");
    news.push_back({.who = object->token, .result = 1, .bytes = {}});
  }
  std::shuffle(news.begin(), news.end(), std::mt19937_64(kSeed));
  BatchPoller poller(std::move(news), static_cast<size_t>(state.range(0)));
  const SystemClock clock;
  Mailroom room(1, 64);
  Reactor reactor(0, poller, clock, room);
  reactor.set_resident(&resident);
  for (auto _ : state) reactor.turn();
  const auto dispatched = static_cast<uint64_t>(state.iterations() * state.range(0));
  SLUICE_CHECK(resident.bytes() == dispatched, "every completion reached its object");
  state.SetItemsProcessed(static_cast<int64_t>(dispatched));
}
BENCHMARK(turn)->Name("Reactor/turn")->Arg(1)->Arg(16)->Arg(256);

}  // namespace
}  // namespace sluice
