#include "base/token.h"

#include <absl/hash/hash.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Token, CarriesItsThreePartsInFiftySixBits) {
  constexpr Token token = Token::make(255, 0xffffff, 0xffffff);
  static_assert(token.value == (uint64_t{1} << 56) - 1);
  static_assert(token.reactor() == 255);
  static_assert(token.generation() == 0xffffff);
  static_assert(token.slot() == 0xffffff);
  static_assert(Token::make(1, 2, 3).value == 0x01'000002'000003U);
}

TEST(Token, GivesBackEachPartAlone) {
  EXPECT_EQ(Token::make(9, 1, 0).reactor(), 9U);
  EXPECT_EQ(Token::make(9, 1, 0).generation(), 1U);
  EXPECT_EQ(Token::make(9, 1, 5).slot(), 5U);
}

TEST(Token, IsNeverNoTokenWhileItsGenerationIsAlive) {
  EXPECT_EQ(kNoToken.value, 0U);
  EXPECT_NE(Token::make(0, 1, 0), kNoToken);
}

TEST(Token, IsAKeyForHashTables) {
  EXPECT_EQ(absl::Hash<Token>()(Token::make(1, 2, 3)), absl::Hash<Token>()(Token::make(1, 2, 3)));
  EXPECT_NE(absl::Hash<Token>()(Token::make(1, 2, 3)), absl::Hash<Token>()(Token::make(1, 3, 3)));
}

TEST(TokenDeathTest, RefusesAPartThatIsTooLarge) {
  if (!kDebugChecks) GTEST_SKIP() << "debug builds check this";
  EXPECT_DEATH(static_cast<void>(Token::make(256, 1, 0)), "reactor has 8 bits");
}

}  // namespace
}  // namespace sluice
