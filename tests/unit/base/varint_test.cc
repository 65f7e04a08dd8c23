#include "base/varint.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace sluice {
namespace {

using namespace std::string_view_literals;

Varint read(std::string_view bytes) { return read_varint(bytes_of(bytes)); }

TEST(Varint, SurvivesARoundTripAtEveryBorder) {
  struct Border {
    uint32_t value;
    size_t size;
  };
  for (const Border& border :
       {Border{0, 1}, Border{1, 1}, Border{127, 1}, Border{128, 2}, Border{16'383, 2},
        Border{16'384, 3}, Border{2'097'151, 3}, Border{2'097'152, 4}, Border{kVarintMax, 4}}) {
    SCOPED_TRACE(border.value);
    std::array<std::byte, 6> out{};
    EXPECT_EQ(varint_size(border.value), border.size);
    ASSERT_EQ(write_varint(border.value, out.data()), border.size);
    const Varint back = read_varint(out);
    EXPECT_EQ(back.status, VarintStatus::Ok);
    EXPECT_EQ(back.value, border.value);
    EXPECT_EQ(back.size, border.size);
    for (size_t cut = 0; cut < border.size; ++cut) {
      EXPECT_EQ(read_varint(Bytes(out).first(cut)).status, VarintStatus::NeedMore);
    }
  }
}

TEST(Varint, PutsTheLeastSignificantGroupFirst) {
  const Varint varint = read("\xac\x02\xff");
  EXPECT_EQ(varint.value, 300U);
  EXPECT_EQ(varint.size, 2U);
}

TEST(Varint, AcceptsPaddedSpellings) {
  const Varint varint = read("\x80\x80\x80\x00"sv);
  EXPECT_EQ(varint.status, VarintStatus::Ok);
  EXPECT_EQ(varint.value, 0U);
  EXPECT_EQ(varint.size, 4U);
}

TEST(Varint, RefusesAFifthByteAsSoonAsItIsPromised) {
  EXPECT_EQ(read("\xff\xff\xff\xff").status, VarintStatus::TooLong);
  EXPECT_EQ(read("\x80\x80\x80\x80\x01").status, VarintStatus::TooLong);
  EXPECT_EQ(read("\xff\xff\xff").status, VarintStatus::NeedMore);
  EXPECT_EQ(read("").status, VarintStatus::NeedMore);
}

TEST(Varint, WorksInConstantExpressions) {
  static constexpr std::array kBytes = {std::byte{0x80}, std::byte{0x01}};
  static_assert(read_varint(kBytes).value == 128);
}

}  // namespace
}  // namespace sluice
