// The script of the differential test: about thirty connections, from CONNECT to their ends.
//
// Its content is fixed by a seed and by nothing else. It waits for an answer wherever two orders
// are possible, and mixes no answers that may overtake each other: a PONG does not wait for the
// SENDACK of a SEND before it. No uid comes back after it went: its going is a letter, which the
// coming might overtake. It knows no poller, compares nothing, and is played once. One thread.
#pragma once

#include <deque>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/e2e/traced_peer.h"

namespace sluice {

class DifferentialScript {
 public:
  // For a gateway with these flags and a file of these tokens.
  static std::vector<std::string> flags(const std::string& token_file);
  static std::string_view tokens();

  DifferentialScript(GatewayProcess& gateway, int reactors, const Chunking& chunking)
      : stage_(gateway, reactors, chunking) {}

  // The journal's lines. The gateway has ended, unless the script got stuck.
  std::vector<std::string> play();

 private:
  // The acts, in their order.
  void arrive();
  void talk_in_pairs();
  void talk_in_a_room();
  void be_refused();
  void send_fifty_at_once();
  void send_more_than_a_block();
  void end_before_connect();
  void end_by_bad_frames();
  void end_by_another_device();
  void end_owing_answers();
  void leave();
  void tell_counters();
  void drain();
  void tell_log();

  void tell_lines(const TracedPeer& peer, std::string_view message, const LogFields& fields);
  TracedPeer& dial(std::string name, const PeerOptions& options);
  // Dials, and says CONNECT with the good token.
  TracedPeer& enter(std::string name, Framing framing, PeerOptions options = {});
  TracedPeer& member(size_t i) { return peers_[i % kMembers]; }
  // Hears its end and waits until the gateway has logged it.
  void end(TracedPeer& peer);
  std::string payload(size_t size);
  std::vector<std::string> payloads(std::initializer_list<size_t> sizes);
  std::vector<std::string> fifty_payloads();

  // Those who arrive first, chat and leave last: two framings, five versions.
  static constexpr size_t kMembers = 6;
  static constexpr uint32_t kContentSeed = 20;

  Stage stage_;
  std::mt19937 content_{kContentSeed};
  std::deque<TracedPeer> peers_;  // the members first
};

}  // namespace sluice
