// What a connection's inbound ring costs in its three lives: a cut frame that comes and goes, a
// stream that stands in it, and bytes that wrap and are wanted in one piece.
#include "buffer/byte_ring.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace sluice {
namespace {

constexpr size_t kLimit = size_t{2} << 20;  // The gateway's own, inbound-bytes-max.

void append(ByteRing& ring, Bytes piece, BufferPool& pool) {
  SLUICE_CHECK(ring.append(piece, kLimit, pool) == RingAppend::Ok, "the piece is under the limit");
}

void count_bytes(benchmark::State& state, size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(each));
  state.SetItemsProcessed(state.iterations());
}

// From empty to empty: storage is borrowed from the pool and given back each time.
void come_and_go(benchmark::State& state) {
  const std::vector<std::byte> piece(static_cast<size_t>(state.range(0)));
  BufferPool pool;
  ByteRing ring;
  for (auto _ : state) {
    append(ring, piece, pool);
    benchmark::DoNotOptimize(ring.view());
    ring.consume(piece.size(), pool);
  }
  SLUICE_CHECK(ring.empty() && pool.lent_bytes() == 0, "what came has gone");
  count_bytes(state, piece.size());
}
BENCHMARK(come_and_go)->Name("ByteRing/come_and_go")->Arg(64)->Arg(1460)->Arg(16'384);

// As much goes out in front as comes in behind, while one piece stays inside: the copy and nothing
// else.
void stand(benchmark::State& state) {
  const std::vector<std::byte> piece(static_cast<size_t>(state.range(0)));
  BufferPool pool;
  ByteRing ring;
  append(ring, piece, pool);
  for (auto _ : state) {
    append(ring, piece, pool);
    benchmark::DoNotOptimize(ring.view());
    ring.consume(piece.size(), pool);
  }
  SLUICE_CHECK(ring.size() == piece.size(), "one piece stays inside");
  ring.clear(pool);
  count_bytes(state, piece.size());
}
BENCHMARK(stand)->Name("ByteRing/stand")->Arg(64)->Arg(1460)->Arg(16'384);

// A ring of 4,096 bytes that holds 4,000. They lie from its start; a quarter leaves and a quarter
// comes, so they wrap, and contiguous() has to move them all:
//
//   0            1000                      4000 4096
//   ├─ 904 come ─┤─────── 3,000 stay ───────┤ 96 ┤   …and after contiguous() from 0 again
void make_contiguous(benchmark::State& state) {
  constexpr size_t kHeld = 4000;
  const std::vector<std::byte> piece(kHeld / 4);
  BufferPool pool;
  ByteRing ring;
  for (int i = 0; i < 4; ++i) append(ring, piece, pool);
  SLUICE_CHECK(ring.capacity() == 4096, "the picture holds");
  for (auto _ : state) {
    ring.consume(piece.size(), pool);
    append(ring, piece, pool);
    SLUICE_CHECK(!ring.view().second.empty(), "the bytes wrap");
    benchmark::DoNotOptimize(ring.contiguous(kHeld, pool));
  }
  ring.clear(pool);
  count_bytes(state, kHeld);
}
BENCHMARK(make_contiguous)->Name("ByteRing/make_contiguous");

}  // namespace
}  // namespace sluice
