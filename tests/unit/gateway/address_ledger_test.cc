#include "gateway/address_ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice {
namespace {

Address at(const char* text) { return *Address::parse(text); }

TEST(AddressLedger, LetsInUpToItsLimitWhateverThePort) {
  AddressLedger ledger(2);
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:2000")));
  EXPECT_FALSE(ledger.try_enter(at("10.0.0.1:3000")));
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.2:1000")));
  EXPECT_TRUE(ledger.try_enter(at("[::1]:1000")));
}

TEST(AddressLedger, HasRoomAgainWhenOneLeaves) {
  AddressLedger ledger(1);
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
  EXPECT_FALSE(ledger.try_enter(at("10.0.0.1:1000")));
  ledger.leave(at("10.0.0.1:9"));
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
}

TEST(AddressLedger, TakesNoNoteOfSomebodyItNeverLetIn) {
  AddressLedger ledger(1);
  ledger.leave(at("10.0.0.1:1000"));
  EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
  EXPECT_FALSE(ledger.try_enter(at("10.0.0.1:1000")));
}

TEST(AddressLedger, LetsEverybodyInWithoutALimit) {
  AddressLedger ledger(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
  ledger.leave(at("10.0.0.1:1000"));
}

TEST(AddressLedger, CountsForSeveralThreads) {
  constexpr uint64_t kLimit = 10;
  AddressLedger ledger(kLimit);
  std::atomic<uint64_t> inside{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        if (!ledger.try_enter(at("10.0.0.1:1000"))) continue;
        if (inside.fetch_add(1) >= kLimit) over = true;
        inside.fetch_sub(1);
        ledger.leave(at("10.0.0.1:1000"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(over);
  for (uint64_t i = 0; i < kLimit; ++i) EXPECT_TRUE(ledger.try_enter(at("10.0.0.1:1000")));
  EXPECT_FALSE(ledger.try_enter(at("10.0.0.1:1000")));
}

}  // namespace
}  // namespace sluice
