#include "base/slot_map.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace sluice {
namespace {

struct Thing {
  Thing(Token token, int n, int* alive_count = nullptr)
      : name(token), number(n), alive(alive_count) {
    if (alive != nullptr) ++*alive;
  }
  ~Thing() {
    if (alive != nullptr) --*alive;
  }
  Token name;
  int number;
  int* alive;
};

// Adds an object, for which there must be room.
template <class T, class... Args>
T& add(SlotMap<T>& map, Args... args) {
  T* object = map.emplace(args...);
  SLUICE_CHECK(object != nullptr, "the test's map has room");
  return *object;
}

TEST(SlotMap, FindsWhatItHolds) {
  SlotMap<Thing> map(3);
  Thing& a = add(map, 1);
  Thing& b = add(map, 2);
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.find(a.name), &a);
  EXPECT_EQ(map.find(b.name), &b);
  EXPECT_EQ(a.name, Token::make(3, 1, 0));
  EXPECT_EQ(b.name, Token::make(3, 1, 1));
}

TEST(SlotMap, FindsNothingUnderAStaleToken) {
  SlotMap<Thing> map;
  const Token first = add(map, 1).name;
  map.erase(first);
  EXPECT_EQ(map.size(), 0U);
  EXPECT_EQ(map.find(first), nullptr);
  const Token second = add(map, 2).name;
  EXPECT_EQ(second, Token::make(0, 2, 0));
  EXPECT_EQ(map.find(first), nullptr);
  Thing* found = map.find(second);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->number, 2);
}

TEST(SlotMap, FindsNothingUnderATokenItNeverGaveOut) {
  SlotMap<Thing> map(3);
  const Token live = add(map, 1).name;
  const Token gone = add(map, 2).name;
  map.erase(gone);
  EXPECT_EQ(map.find(kNoToken), nullptr);
  EXPECT_EQ(map.find(Token::make(4, 1, 0)), nullptr);
  EXPECT_EQ(map.find(Token::make(3, 2, 0)), nullptr);
  EXPECT_EQ(map.find(Token::make(3, 2, 1)), nullptr) << "the free slot's next generation";
  EXPECT_EQ(map.find(Token::make(3, 1, 2)), nullptr);
  EXPECT_EQ(map.find(Token::make(3, 1, 1'000'000)), nullptr);
  EXPECT_EQ(map.find(Token{live.value | uint64_t{1} << 60}), nullptr) << "the poller's bits";
}

TEST(SlotMap, UsesTheSlotFreedLastFirst) {
  SlotMap<Thing> map;
  std::vector<Token> names;
  for (int i = 0; i < 5; ++i) names.push_back(add(map, i).name);
  map.erase(names[1]);
  map.erase(names[3]);
  EXPECT_EQ(add(map, 0).name, Token::make(0, 2, 3));
  EXPECT_EQ(add(map, 0).name, Token::make(0, 2, 1));
  EXPECT_EQ(add(map, 0).name, Token::make(0, 1, 5));
}

TEST(SlotMap, RefusesMoreThanItsLimit) {
  SlotMap<Thing> map(0, 2);
  const Token first = add(map, 1).name;
  ASSERT_NE(map.emplace(2), nullptr);
  EXPECT_EQ(map.emplace(3), nullptr);
  EXPECT_EQ(map.size(), 2U);
  map.erase(first);
  EXPECT_NE(map.emplace(4), nullptr);
}

TEST(SlotMap, NeverMovesAnObject) {
  SlotMap<Thing> map;
  std::vector<Thing*> things;
  for (int i = 0; i < 1000; ++i) things.push_back(&add(map, i));
  for (int i = 0; i < 1000; ++i) {
    Thing* thing = things[static_cast<size_t>(i)];
    EXPECT_EQ(thing->number, i);
    EXPECT_EQ(map.find(thing->name), thing);
  }
}

TEST(SlotMap, WalksInTheOrderOfSlotsWhileThingsComeAndGo) {
  SlotMap<Thing> map;
  std::vector<Token> names;
  for (int i = 0; i < 200; ++i) names.push_back(add(map, i).name);
  for (size_t i = 0; i < 200; ++i) {
    if (i % 3 != 0) map.erase(names[i]);
  }
  std::vector<int> seen;
  uint32_t cursor = 0;
  while (Thing* thing = map.next_from(cursor)) {
    seen.push_back(thing->number);
    if (thing->number == 60) map.erase(names[63]);
    map.erase(thing->name);
  }
  ASSERT_EQ(seen.size(), 66U);
  EXPECT_EQ(seen[0], 0);
  EXPECT_EQ(seen[20], 60);
  EXPECT_EQ(seen[21], 66);
  EXPECT_EQ(map.size(), 0U);
  EXPECT_EQ(map.next_from(cursor), nullptr);
}

TEST(SlotMap, EndsWhatItStillHolds) {
  int alive = 0;
  {
    SlotMap<Thing> map;
    for (int i = 0; i < 100; ++i) ASSERT_NE(map.emplace(i, &alive), nullptr);
    map.erase(Token::make(0, 1, 50));
    EXPECT_EQ(alive, 99);
  }
  EXPECT_EQ(alive, 0);
}

// An object that looks itself up while it ends, as a connection's close path may do.
struct Introspective {
  Introspective(Token token, SlotMap<Introspective>* home, bool* was_found)
      : name(token), map(home), found(was_found) {}
  ~Introspective() { *found = map->find(name) != nullptr; }
  Token name;
  SlotMap<Introspective>* map;
  bool* found;
};

TEST(SlotMap, HidesAnObjectFromItsOwnDestructor) {
  SlotMap<Introspective> map;
  bool found = true;
  map.erase(add(map, &map, &found).name);
  EXPECT_FALSE(found);
}

struct Nothing {
  explicit Nothing(Token token) : name(token) {}
  Token name;
};

TEST(SlotMap, SkipsGenerationZeroWhenTheyAreUsedUp) {
  SlotMap<Nothing> map;
  constexpr uint32_t kGenerations = (1U << 24) - 1;
  for (uint32_t i = 0; i < kGenerations; ++i) map.erase(add(map).name);
  EXPECT_EQ(add(map).name, Token::make(0, 1, 0));
}

TEST(SlotMap, AgreesWithAPlainVectorOverARandomLife) {
  constexpr uint32_t kSeed = 20261122;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  SlotMap<Thing> map(7);
  std::vector<Token> live;
  std::vector<Token> dead;
  for (int step = 0; step < 20'000; ++step) {
    if (live.empty() || random() % 5 < 3) {
      live.push_back(add(map, step).name);
    } else {
      const size_t at = random() % live.size();
      map.erase(live[at]);
      dead.push_back(live[at]);
      live[at] = live.back();
      live.pop_back();
    }
    ASSERT_EQ(map.size(), live.size());
  }
  for (const Token token : live) ASSERT_NE(map.find(token), nullptr);
  for (const Token token : dead) ASSERT_EQ(map.find(token), nullptr);
}

TEST(SlotMapDeathTest, RefusesToEraseTwice) {
  SlotMap<Thing> map;
  const Token name = add(map, 1).name;
  map.erase(name);
  EXPECT_DEATH(map.erase(name), "a Token whose object lives");
}

}  // namespace
}  // namespace sluice
