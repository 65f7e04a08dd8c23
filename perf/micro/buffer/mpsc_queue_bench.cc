// What the queue under the mailboxes costs on one thread, where no cache line travels: the floor of
// every letter. Between two threads: micro/reactor/mailbox_bench.cc.
#include "buffer/mpsc_queue.h"

#include <benchmark/benchmark.h>

#include <array>

namespace sluice {
namespace {

// As large as a letter.
struct Value {
  std::array<uint64_t, 8> words;
};

// `range` values in, then out again.
void push_and_pop(benchmark::State& state) {
  MpscQueue<Value> queue(8192);  // The gateway's own, mailbox-slots.
  Value value{};
  for (auto _ : state) {
    for (int64_t i = 0; i < state.range(0); ++i) {
      SLUICE_CHECK(queue.try_push(value), "there is room");
    }
    for (int64_t i = 0; i < state.range(0); ++i) {
      SLUICE_CHECK(queue.try_pop(value), "what was pushed is there");
    }
    benchmark::DoNotOptimize(value);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(push_and_pop)->Name("MpscQueue/push_and_pop")->Arg(1)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace sluice
