#include "reactor/balance.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

Loads loads_of(const std::vector<uint32_t>& values) {
  Loads loads(values.size());
  for (size_t i = 0; i < values.size(); ++i) loads[i].store(values[i]);
  return loads;
}

TEST(Balancer, LeastTakesTheOneWithTheFewestConnections) {
  Balancer balancer(Balance::Least);
  EXPECT_EQ(balancer.choose(9, loads_of({5, 3, 4})), 1U);
  EXPECT_EQ(balancer.choose(9, loads_of({5, 3, 2})), 2U);
  EXPECT_EQ(balancer.choose(9, loads_of({0, 0, 0})), 0U);
  EXPECT_EQ(balancer.choose(9, loads_of({2, 1, 1})), 1U);
  EXPECT_EQ(balancer.choose(9, loads_of({7})), 0U);
}

TEST(Balancer, LeastSpreadsEvenlyWhenItsChoicesAreCounted) {
  Balancer balancer(Balance::Least);
  Loads loads(3);
  for (int fd = 0; fd < 30; ++fd) loads[balancer.choose(fd, loads)].fetch_add(1);
  for (const auto& load : loads) EXPECT_EQ(load.load(), 10U);
}

TEST(Balancer, FdTakesTheDescriptorModuloTheReactors) {
  Balancer balancer(Balance::Fd);
  const Loads loads = loads_of({100, 0, 0});
  EXPECT_EQ(balancer.choose(9, loads), 0U);
  EXPECT_EQ(balancer.choose(10, loads), 1U);
  EXPECT_EQ(balancer.choose(11, loads), 2U);
  EXPECT_EQ(balancer.choose(11, loads), 2U);
}

TEST(Balancer, RoundRobinTakesOneAfterTheOther) {
  Balancer balancer(Balance::RoundRobin);
  const Loads loads = loads_of({100, 0, 50});
  std::vector<uint32_t> chosen;
  for (int i = 0; i < 7; ++i) chosen.push_back(balancer.choose(5, loads));
  EXPECT_EQ(chosen, (std::vector<uint32_t>{0, 1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(Balancer(Balance::RoundRobin).choose(5, loads_of({1})), 0U);
}

}  // namespace
}  // namespace sluice
