#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace sluice {
namespace {

struct ReadyTag {};
struct FlushTag {};

struct Item : ListHook<ReadyTag>, ListHook<FlushTag> {
  explicit Item(int n) : number(n) {}
  int number;
};
using ReadyList = IntrusiveList<Item, ReadyTag>;
using FlushList = IntrusiveList<Item, FlushTag>;

template <class List>
std::vector<int> numbers(List& list) {
  std::vector<int> all;
  for (const Item& item : list) all.push_back(item.number);
  return all;
}

TEST(IntrusiveList, KeepsItsOrderAtBothEnds) {
  Item a(1), b(2), c(3);
  ReadyList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.pop_front(), nullptr);
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.front(), &a);
  EXPECT_EQ(list.pop_front(), &a);
  EXPECT_FALSE(ReadyList::linked(a));
  EXPECT_EQ(numbers(list), (std::vector{2, 3}));
}

TEST(IntrusiveList, RemovesFromTheMiddleAndTakesAnElementAgain) {
  Item a(1), b(2), c(3);
  ReadyList list;
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  ReadyList::remove(b);
  ReadyList::remove(b);
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
  list.push_back(b);
  EXPECT_EQ(numbers(list), (std::vector{1, 3, 2}));
}

TEST(IntrusiveList, LosesAnElementThatIsDestroyed) {
  Item a(1), c(3);
  ReadyList list;
  list.push_back(a);
  auto b = std::make_unique<Item>(2);
  list.push_back(*b);
  list.push_back(c);
  b.reset();
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
}

TEST(IntrusiveList, UnlinksItsElementsWhenItEnds) {
  Item a(1), b(2);
  {
    ReadyList list;
    list.push_back(a);
    list.push_back(b);
  }
  EXPECT_FALSE(ReadyList::linked(a));
  EXPECT_FALSE(ReadyList::linked(b));
}

TEST(IntrusiveList, LetsAnElementBeInOneListOfEachTag) {
  Item a(1), b(2);
  ReadyList ready;
  FlushList flush;
  ready.push_back(a);
  ready.push_back(b);
  flush.push_back(b);
  ReadyList::remove(b);
  EXPECT_EQ(numbers(ready), (std::vector{1}));
  EXPECT_EQ(numbers(flush), (std::vector{2}));
  EXPECT_TRUE(FlushList::linked(b));
}

TEST(IntrusiveList, SplicesAWholeListBehindItsOwn) {
  Item a(1), b(2), c(3), d(4);
  ReadyList left, right;
  left.push_back(a);
  right.push_back(b);
  right.push_back(c);
  left.splice(right);
  EXPECT_TRUE(right.empty());
  EXPECT_EQ(numbers(left), (std::vector{1, 2, 3}));
  right.push_back(d);
  left.splice(right);
  left.splice(right);
  left.splice(left);
  EXPECT_EQ(numbers(left), (std::vector{1, 2, 3, 4}));
  right.splice(left);
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(numbers(right), (std::vector{1, 2, 3, 4}));
}

TEST(IntrusiveListDeathTest, RefusesAnElementThatIsInAList) {
  if (!kDebugChecks) GTEST_SKIP() << "debug builds check this";
  Item a(1);
  ReadyList left, right;
  left.push_back(a);
  EXPECT_DEATH(right.push_back(a), "one list of a tag");
}

}  // namespace
}  // namespace sluice
