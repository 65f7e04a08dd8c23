#include "reactor/mail.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace sluice {
namespace {

struct LargestLetter {
  std::array<uint64_t, 6> numbers;
};
struct SmallLetter {
  char letter;
};

struct Receiver {
  uint64_t sum = 0;
  char last = '-';
  void on_largest(const LargestLetter& letter) {
    sum = std::accumulate(letter.numbers.begin(), letter.numbers.end(), uint64_t{0});
  }
  void on_small(const SmallLetter& letter) { last = letter.letter; }
};

TEST(Mail, CarriesUpTo48BytesToAMemberFunction) {
  static_assert(sizeof(LargestLetter) == sizeof(Mail::payload));
  Receiver receiver;
  Mail mail = make_mail<&Receiver::on_largest>(receiver, {{1, 2, 3, 4, 5, 6}});
  mail.run(mail);
  EXPECT_EQ(receiver.sum, 21U);
}

TEST(Mail, RemembersWhatToRunAndWhere) {
  Receiver one;
  Receiver two;
  const Mail first = make_mail<&Receiver::on_small>(one, {'a'});
  const Mail second = make_mail<&Receiver::on_small>(two, {'b'});
  second.run(second);
  EXPECT_EQ(one.last, '-');
  EXPECT_EQ(two.last, 'b');
  const Mail copy = first;
  copy.run(copy);
  EXPECT_EQ(one.last, 'a');
}

}  // namespace
}  // namespace sluice
