// A TestPeer whose bytes leave in chunks and whose every frame, out and in, becomes a journal line.
//
// A Stage is what the peers of one run share: the gateway, the journal, the way of cutting. Nobody
// here decides what is said: the script does, and says how many frames are to come before it goes
// on, so that the order of a journal's lines follows from causes and never from speed. When a frame
// stays away for kPatience the stage is stuck, and every later step does nothing. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/e2e/gateway_process.h"
#include "support/e2e/journal.h"
#include "support/e2e/test_peer.h"

namespace sluice {

// How the bytes of one step become writes. `Single` is one byte a write, each of which the gateway
// reads by itself; `Random` cuts anywhere, and about half of the chunks wait until they are read.
struct Chunking {
  enum class Cut : uint8_t { Whole, Single, Random };
  Cut cut = Cut::Whole;
  uint32_t seed = 0;  // of Random
};
std::string name_of(const Chunking& chunking);

class Stage {
 public:
  Stage(GatewayProcess& gateway, int reactors, const Chunking& chunking);

  GatewayProcess& gateway() { return gateway_; }
  const Address& admin() const { return admin_; }
  Journal& journal() { return journal_; }
  int reactors() const { return reactors_; }
  bool stuck() const { return stuck_; }
  void get_stuck() { stuck_ = true; }

  void write(TestPeer& peer, std::string_view bytes);
  // Waits until the gateway has read everything that was written, by its own count.
  void await_read();

 private:
  struct Chunk {
    size_t size;
    bool alone;  // read before the next one is written
  };
  Chunk next_chunk(size_t done, size_t left);

  GatewayProcess& gateway_;
  Address admin_;
  int reactors_;
  Chunking chunking_;
  std::mt19937 random_;
  Journal journal_;
  uint64_t written_ = 0;
  bool stuck_ = false;
};

class TracedPeer {
 public:
  TracedPeer(Stage& stage, std::string name, const PeerOptions& options);

  // CONNECT; the name without what follows a dot is the uid, so "kate.desk" is one of kate's.
  void say_connect();
  // Whole frames or not: what they are goes into the journal as `what`.
  void say(std::string_view what, std::string_view bytes);
  // SENDs in one piece, one for each payload; `like` has what they share.
  void say_sends(const SendPacket& like, const std::vector<std::string>& payloads,
                 std::string_view and_then = "");
  void say_sub(std::string_view channel, ChannelType type, SubAction action);
  // RECVACKs of all RECVs heard since the last time, and a PING that shows when they were handled.
  void say_recvacks_and_ping();
  void say_ping();
  void say_fin();
  void say_reset();

  // The next `count` frames.
  void hear(size_t count);
  // The same for SENDACKs. Of several SENDs under way between reactors the later may be answered
  // first (see src/broker/README.md: the last holder sends a message home), so there these stand in
  // the order of their numbers; on one reactor as they come.
  void hear_sendacks(size_t count);
  // All frames until the end, and which end; closes this side too.
  void hear_end();
  // Ends it without a word, in the journal neither.
  void hang_up() { peer_.close(); }
  // The state of the connection as the admin port shows it.
  void know_state();
  // Waits until the gateway has ended the session.
  void await_closed();

  const std::string& name() const { return name_; }
  std::string uid() const { return name_.substr(0, name_.find('.')); }
  // As the gateway's log names it.
  std::string address() const { return peer_.name(); }
  const PeerOptions& options() const { return peer_.options(); }

 private:
  bool next_frame();
  void note_frame();

  Stage& stage_;
  std::string name_;
  TestPeer peer_;
  uint32_t client_seq_ = 0;
  std::deque<RecvackPacket> unacknowledged_;
};

}  // namespace sluice
