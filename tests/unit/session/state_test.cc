#include "session/state.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace sluice {
namespace {

struct Row {
  ConnState state;
  Event event;
  ConnState next;
  Act act;
};

// The rules of the protocol once more, cell by cell, so that no cell of the table changes unseen.
std::vector<Row> every_cell() {
  using S = ConnState;
  using E = Event;
  using A = Act;
  return {
      {S::Connected, E::Connect, S::Connected, A::Authenticate},
      {S::Connected, E::Send, S::Closed, A::Refuse},
      {S::Connected, E::Recvack, S::Closed, A::Refuse},
      {S::Connected, E::Ping, S::Closed, A::Refuse},
      {S::Connected, E::Disconnect, S::Closed, A::Refuse},
      {S::Connected, E::Sub, S::Closed, A::Refuse},
      {S::Connected, E::Alien, S::Closed, A::Refuse},
      {S::Connected, E::Accepted, S::Authed, A::Confirm},
      {S::Connected, E::Close, S::Closed, A::End},

      {S::Authed, E::Connect, S::Closed, A::Refuse},
      {S::Authed, E::Send, S::Active, A::Publish},
      {S::Authed, E::Recvack, S::Active, A::Acknowledge},
      {S::Authed, E::Ping, S::Active, A::Pong},
      {S::Authed, E::Disconnect, S::Closed, A::Goodbye},
      {S::Authed, E::Sub, S::Active, A::Subscribe},
      {S::Authed, E::Alien, S::Closed, A::Refuse},
      {S::Authed, E::Accepted, S::Authed, A::Impossible},
      {S::Authed, E::Close, S::Closed, A::End},

      {S::Active, E::Connect, S::Closed, A::Refuse},
      {S::Active, E::Send, S::Active, A::Publish},
      {S::Active, E::Recvack, S::Active, A::Acknowledge},
      {S::Active, E::Ping, S::Active, A::Pong},
      {S::Active, E::Disconnect, S::Closed, A::Goodbye},
      {S::Active, E::Sub, S::Active, A::Subscribe},
      {S::Active, E::Alien, S::Closed, A::Refuse},
      {S::Active, E::Accepted, S::Active, A::Impossible},
      {S::Active, E::Close, S::Closed, A::End},

      {S::Closed, E::Connect, S::Closed, A::Ignore},
      {S::Closed, E::Send, S::Closed, A::Ignore},
      {S::Closed, E::Recvack, S::Closed, A::Ignore},
      {S::Closed, E::Ping, S::Closed, A::Ignore},
      {S::Closed, E::Disconnect, S::Closed, A::Ignore},
      {S::Closed, E::Sub, S::Closed, A::Ignore},
      {S::Closed, E::Alien, S::Closed, A::Ignore},
      {S::Closed, E::Accepted, S::Closed, A::Ignore},
      {S::Closed, E::Close, S::Closed, A::Ignore},
  };
}

TEST(SessionTable, HasTheExpectedNextStateAndActInEveryCell) {
  std::set<std::pair<ConnState, Event>> walked;
  for (const Row& row : every_cell()) {
    const Cell cell = step(row.state, row.event);
    const auto event = static_cast<int>(row.event);
    EXPECT_EQ(cell.next, row.next) << name_of(row.state) << ", event " << event;
    EXPECT_EQ(cell.act, row.act) << name_of(row.state) << ", event " << event;
    walked.insert({row.state, row.event});
  }
  EXPECT_EQ(walked.size(), kConnStates * kEvents);
}

TEST(SessionTable, NamesItsStates) {
  EXPECT_EQ(name_of(ConnState::Connected), "connected");
  EXPECT_EQ(name_of(ConnState::Authed), "authed");
  EXPECT_EQ(name_of(ConnState::Active), "active");
  EXPECT_EQ(name_of(ConnState::Closed), "closed");
}

TEST(SessionTable, CanBeAskedByTheCompiler) {
  static_assert(step(ConnState::Connected, Event::Accepted).next == ConnState::Authed);
  static_assert(step(ConnState::Closed, Event::Accepted).act == Act::Ignore);
}

}  // namespace
}  // namespace sluice
