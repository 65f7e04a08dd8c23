// One script of traffic through the real gateway, again and again: on every poller, with one
// reactor and with two, its bytes cut into writes in five ways. What each connection says, hears
// and comes to must be the same, line by line.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "differential_script.h"
#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

struct Way {
  std::string_view spec;
  int reactors;
  Chunking chunking;
};

std::string name_of(const Way& way) {
  return absl::StrCat(test_name_of(way.spec), "_", way.reactors, "_reactors_",
                      name_of(way.chunking));
}

void PrintTo(const Way& way, std::ostream* out) { *out << name_of(way); }

Telling tell(const Way& way) {
  const std::string tokens = temporary_file("trace", DifferentialScript::tokens());
  std::vector<std::string> flags = DifferentialScript::flags(tokens);
  flags.push_back("--poller=" + std::string(way.spec));
  flags.push_back(absl::StrCat("--reactors=", way.reactors));
  GatewayProcess gateway(std::move(flags));
  DifferentialScript script(gateway, way.reactors, way.chunking);
  return {name_of(way), script.play()};
}

// Two pollers until there are two: one whose blocks are so small that it cuts every larger frame.
constexpr std::string_view kSmallBlocks = "epoll:buf_size=512";

constexpr Way kFirstWay{kPollerSpecs[0], 2, {Chunking::Cut::Whole}};

// What all others are compared with, told once.
const Telling& first_telling() {
  static const Telling first = tell(kFirstWay);
  return first;
}

std::vector<Way> all_ways() {
  std::vector<std::string_view> specs(kPollerSpecs.begin(), kPollerSpecs.end());
  specs.push_back(kSmallBlocks);
  std::vector<Way> ways;
  for (const std::string_view spec : specs) {
    for (const int reactors : {1, 2}) {
      ways.push_back({spec, reactors, {Chunking::Cut::Whole}});
      ways.push_back({spec, reactors, {Chunking::Cut::Single}});
      for (const uint32_t seed : {1U, 2U, 3U}) {
        ways.push_back({spec, reactors, {Chunking::Cut::Random, seed}});
      }
    }
  }
  return ways;
}

class Differential : public testing::TestWithParam<Way> {};

TEST_P(Differential, EveryWayTellsTheSameStory) {
  if (const std::string& objection = objection_to(GetParam().spec); !objection.empty()) {
    GTEST_SKIP() << "no poller " << GetParam().spec << " here: " << objection;
  }
  const std::string difference = first_difference(first_telling(), tell(GetParam()));
  EXPECT_TRUE(difference.empty()) << difference;
}
INSTANTIATE_TEST_SUITE_P(Way, Differential, testing::ValuesIn(all_ways()),
                         [](const auto& param) { return name_of(param.param); });

// Two empty journals would be the same, too.
TEST(Script, ReachesEveryEndThatNeedsNoClock) {
  std::string story;
  for (const std::string& line : first_telling().lines) story += line + "\n";
  for (const std::string_view part :
       {"ann = logged info: connection closed, ann, peer_closed\n",
        "bob = logged info: connection closed, bob, peer_closed, DISCONNECT\n",
        "cid = logged info: connection closed, cid, peer_reset\n",
        "cut = logged info: connection closed, peer_closed, in the middle of a frame\n",
        "fay = logged info: connection closed, fay, drain\n",
        "gus = logged warn: connection closed, gus, auth_failed",
        "noise = logged warn: connection closed, protocol_error",
        "oli-f6 = logged info: connection closed, oli-f6, peer_reset\n",
        "kate.old = logged info: connection closed, kate, kicked\n",
        "lou.first = logged info: connection closed, lou, replaced\n",
        "nat-wk < SENDACK 50 Success", "mia-f6 < SENDACK 50 Success", "fay < RECV", "cid < SUBACK",
        "ann = state authed\n", "ann = state active\n", "gateway = ends with 0\n"}) {
    EXPECT_NE(story.find(part), story.npos) << "nowhere: " << part << "\n" << story;
  }
}

TEST(FirstDifference, NamesTheConnectionAndBothWays) {
  const Telling one{"whole", {"ann > PING", "ann < PONG", "bob > PING", "bob < PONG"}};
  Telling other{"bytes", one.lines};
  EXPECT_EQ(first_difference(one, other), "");
  other.lines[3] = "bob < nothing at all";
  EXPECT_EQ(first_difference(one, other),
            "line 4, connection bob:\n  whole\n    bob < PONG\n  bytes\n    bob < nothing at all\n"
            "before it:\n    ann > PING\n    ann < PONG\n    bob > PING");
  other.lines.resize(1);
  EXPECT_TRUE(first_difference(one, other).starts_with("line 2, connection ann:"));
  EXPECT_TRUE(first_difference(other, one).starts_with("line 2, connection ann:"));
}

}  // namespace
}  // namespace sluice
