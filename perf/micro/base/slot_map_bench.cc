// What the table of a reactor's connections costs: making, finding and ending an object, and asking
// for one that is gone.
//
// The argument is the number of objects: 1,000 of them fit into a core's caches, 100,000 do not,
// and they are met in random order, as completions come.
#include "base/slot_map.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>

namespace sluice {
namespace {

constexpr uint64_t kSeed = 1;

// As large as a connection of the gateway, give or take a cache line.
struct Object {
  explicit Object(Token its_token) : token(its_token) {}
  Token token;
  uint64_t touched = 0;
  std::array<std::byte, 304> rest;
};

using Map = SlotMap<Object>;

std::vector<Token> fill(Map& map, size_t n) {
  std::vector<Token> tokens;
  tokens.reserve(n);
  for (size_t i = 0; i < n; ++i) tokens.push_back(map.emplace()->token);
  return tokens;
}

void shuffle(std::vector<Token>& tokens) {
  std::shuffle(tokens.begin(), tokens.end(), std::mt19937_64(kSeed));
}

void count_items(benchmark::State& state, size_t each) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(each));
}

// A gateway that grows: chunks are allocated. With 100,000 the allocator has to fetch new pages,
// and the kernel clears each when it is touched for the first time; 1,000 lie in the allocator's
// cache.
void insert_fresh(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  std::optional<Map> map;
  for (auto _ : state) {
    state.PauseTiming();
    map.emplace();
    state.ResumeTiming();
    for (size_t i = 0; i < n; ++i) benchmark::DoNotOptimize(map->emplace());
  }
  SLUICE_CHECK(map->size() == n, "every object was made");
  count_items(state, n);
}
BENCHMARK(insert_fresh)->Name("SlotMap/insert_fresh")->Arg(1000)->Arg(100'000);

// A gateway that has held as many before: freed slots are used again.
void insert_reused(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Map map;
  for (auto _ : state) {
    state.PauseTiming();
    if (map.size() == 0) fill(map, n);
    uint32_t cursor = 0;
    while (Object* object = map.next_from(cursor)) map.erase(object->token);
    state.ResumeTiming();
    for (size_t i = 0; i < n; ++i) benchmark::DoNotOptimize(map.emplace());
  }
  SLUICE_CHECK(map.size() == n, "every object was made");
  count_items(state, n);
}
BENCHMARK(insert_reused)->Name("SlotMap/insert_reused")->Arg(1000)->Arg(100'000);

void erase(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Map map;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Token> tokens = fill(map, n);
    shuffle(tokens);
    state.ResumeTiming();
    for (const Token token : tokens) map.erase(token);
  }
  SLUICE_CHECK(map.size() == 0, "every object was ended");
  count_items(state, n);
}
BENCHMARK(erase)->Name("SlotMap/erase")->Arg(1000)->Arg(100'000);

void find(benchmark::State& state) {
  Map map;
  std::vector<Token> tokens = fill(map, static_cast<size_t>(state.range(0)));
  shuffle(tokens);
  size_t next = 0;
  for (auto _ : state) {
    Object* object = map.find(tokens[next]);
    SLUICE_CHECK(object != nullptr, "a live object is found");
    ++object->touched;
    if (++next == tokens.size()) next = 0;
  }
  count_items(state, 1);
}
BENCHMARK(find)->Name("SlotMap/find")->Arg(1000)->Arg(100'000);

// News of a connection that is gone, whose slot another one has taken.
void find_stale(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  Map map;
  std::vector<Token> stale = fill(map, n);
  for (const Token token : stale) map.erase(token);
  fill(map, n);
  shuffle(stale);
  size_t next = 0;
  for (auto _ : state) {
    SLUICE_CHECK(map.find(stale[next]) == nullptr, "a stale token finds nothing");
    if (++next == stale.size()) next = 0;
  }
  count_items(state, 1);
}
BENCHMARK(find_stale)->Name("SlotMap/find_stale")->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace sluice
