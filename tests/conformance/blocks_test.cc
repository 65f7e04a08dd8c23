// P5 every lent block comes back.
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "harness.h"

namespace sluice {
namespace {

// A caller holds at most a quarter of the blocks.
size_t blocks_to_keep(const Caps& caps) { return std::max<size_t>(1, caps.blocks / 4); }

TEST_P(Conformance, P05EveryBlockComesBackAndIsLentAgain) {
  const Caps& caps = poller().caps();
  // Three times what all blocks hold, so that each must have come back.
  const size_t size = std::max<size_t>(size_t{3} * caps.blocks * caps.block_bytes, 300'000);
  const std::string text = pattern(size, 20);
  Link& link = connect();
  recv(link);
  client_sends(link, text);
  turn_until([&] { return link.received.size() >= size; }, "all bytes");
  EXPECT_TRUE(same_bytes(link.received, text));
}

TEST_P(Conformance, P05AKeptBlockIsNobodyElses) {
  const size_t keep = blocks_to_keep(poller().caps());
  Link& keeper = connect();
  Link& other = connect();
  keeper.keep_blocks = true;
  recv(keeper);
  recv(other);
  for (size_t i = 0; i < keep; ++i) {
    write_all(keeper.client.get(), "kept " + std::to_string(i));
    turn_until([&] { return keeper.kept.size() == i + 1; }, "a block to keep");
  }
  std::set<BlockId> names;
  for (const Completion& news : keeper.kept) names.insert(news.block);
  EXPECT_EQ(names.size(), keep) << "one block was lent twice";
  const std::string text = pattern(400'000, 21);
  client_sends(other, text);
  turn_until([&] { return other.received.size() >= text.size(); }, "the other's bytes");
  EXPECT_TRUE(same_bytes(other.received, text));
  for (size_t i = 0; i < keep; ++i) {
    EXPECT_EQ(text_of(keeper.kept[i].bytes), "kept " + std::to_string(i));
  }
  // In another order than they were lent.
  std::reverse(keeper.kept.begin(), keeper.kept.end());
  give_back_kept(keeper);
  keeper.keep_blocks = false;
  const size_t before = keeper.received.size();
  client_sends(keeper, text);
  turn_until([&] { return keeper.received.size() >= before + text.size(); }, "more bytes");
  EXPECT_TRUE(same_bytes(std::string_view(keeper.received).substr(before), text));
}

TEST_P(Conformance, P05ABlockOutlivesItsConnection) {
  Link& keeper = connect();
  keeper.keep_blocks = true;
  recv(keeper);
  write_all(keeper.client.get(), "an inheritance");
  turn_until([&] { return keeper.kept.size() == 1; }, "a block to keep");
  close(keeper);
  turn_until([&] { return keeper.closed; }, "Close");
  Link& heir = connect();
  recv(heir);
  const std::string text = pattern(200'000, 22);
  client_sends(heir, text);
  turn_until([&] { return heir.received.size() >= text.size(); }, "the next connection's bytes");
  EXPECT_TRUE(same_bytes(heir.received, text));
  EXPECT_EQ(text_of(keeper.kept[0].bytes), "an inheritance");
  give_back_kept(keeper);
}

TEST_P(Conformance, P05EndsAndPausesUseUpNoBlocks) {
  // More endings than there are blocks: one that kept its block would starve the rest.
  const size_t rounds = std::min<size_t>(poller().caps().blocks + 8, 200);
  for (size_t i = 0; i < rounds; ++i) {
    Link& link = connect();
    recv(link);
    write_all(link.client.get(), "x");
    turn_until([&] { return link.recvs == 1; }, "a byte");
    pause(link);
    recv(link);
    if (i % 2 == 0) {
      ::shutdown(link.client.get(), SHUT_WR);
    } else {
      close_with_reset(link.client);
    }
    turn_until([&] { return !link.recv_open; }, "the end");
    close(link);
    turn_until([&] { return link.closed; }, "Close");
  }
}

}  // namespace
}  // namespace sluice
