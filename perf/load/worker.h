// One process of a load: its share of the connections, its share of the schedule, one thread.
//
// Its loop is its own and owes nothing to the gateway's: an edge-triggered epoll, one recv() (more
// only for what one cannot hold) and at most one send() an event. In an open loop it never sleeps
// through a moment when something is due: it looks without waiting for the last hundred
// microseconds before it, and between any two readings. What is neither sleep nor a look in vain is
// work, also when another program has the core meanwhile.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "load/flow.h"
#include "load/login.h"
#include "load/payload.h"
#include "load/peer.h"
#include "load/scenario.h"
#include "load/send_window.h"
#include "load/tally.h"
#include "sys/address.h"
#include "sys/unique_fd.h"

namespace sluice::load {

// What one worker of several does of the whole.
struct Share {
  uint32_t index = 0;        // from 0
  uint32_t workers = 1;      // of the whole load
  uint32_t first = 0;        // number of its first connection
  uint32_t connections = 0;  // from that one on
  uint64_t messages = 0;     // units of a counted run
  uint32_t pause_at = 0;     // of its own connections; only where the scenario has one
};

// Where a worker tells how far it is; see the protocol in coordinator.h.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void opened(uint32_t connections) = 0;  // returns when it may go on
  virtual void measuring() = 0;
  virtual void measured() = 0;
};

class Worker {
 public:
  Worker(const Scenario& scenario, const Share& share, const Address& server, uint64_t seed,
         Progress& progress);

  absl::Status open_all();
  // Runs warm-up, window and drain; `start_ns` is the monotonic moment at which all workers begin.
  Tally run(uint64_t start_ns);

 private:
  // Events with this bit are of a login, the others of a connection.
  static constexpr uint32_t kLoginTag = 1U << 31;
  // One reading: some frames of 16 KiB, or all that a pair at depth 1 can have under way.
  static constexpr size_t kReadBytes = 65536;
  // At most so many readings of one connection before the others have their turn.
  static constexpr int kReadsAtOnce = 4;
  enum class Phase : uint8_t { WarmUp, Window, Drain, FinalRound, Over };

  void plan_flows(uint64_t seed);
  void plan_flow(FlowKind kind, uint32_t begin, uint32_t end, double rate, uint32_t stride = 1);
  void plan_roles(uint32_t begin, uint32_t end, FlowKind role);
  void start_closed_loop();
  void keep_schedule();
  void fire(Flow& flow);
  void start_waiting(uint32_t number);
  void step_phase();
  void enter_window();
  void leave_window();
  void send_final_round();
  bool is_schedule_kept() const;
  bool is_drained() const;
  void give_up();
  void sum_up();
  void handle(const epoll_event* events, int count);
  int wait_events(epoll_event* events, int count);

  void on_event(const epoll_event& event);
  void read_frames(uint32_t number, bool ends);
  void cut_frames(uint32_t number, size_t size);
  void on_frame(uint32_t number, const Frame& frame);
  void on_pong(uint32_t number);
  void on_sendack(uint32_t number, const Frame& frame);
  void on_suback(uint32_t number);
  void on_recv(uint32_t number, const Frame& frame);
  void on_login(const LoginTimes& times);
  void on_answer(uint32_t number, Sent& sent);
  void record(Wait wait, uint64_t due_ns, uint64_t sent_ns);
  void complete();
  void flush(uint32_t number);
  void send_unsent(uint32_t number);
  void end(uint32_t number, const char* why);
  void fault(uint32_t number, const char* what, uint64_t Tally::*counter);

  Scenario scenario_;
  Share share_;
  Address server_;
  Progress& progress_;
  Tally tally_;
  SendTemplate to_person_;
  SendTemplate to_group_;
  UniqueFd epoll_;
  std::vector<Peer> peers_;
  std::vector<Flow> flows_;
  std::unique_ptr<Logins> logins_;
  Phase phase_ = Phase::WarmUp;
  uint64_t begin_ns_ = 0;  // of the window
  uint64_t end_ns_ = 0;    // of the window; of a counted run, when it was over
  uint64_t now_ns_ = 0;
  uint64_t news_ns_ = 0;          // when something last came
  bool slept_ = false;            // in the last look at the sockets
  uint64_t free_ns_ = 0;          // asleep, or looking in vain, since the window began
  uint64_t cpu_ns_ = 0;           // of the thread, when the window began
  uint64_t outstanding_ = 0;      // answers and deliveries to come, what is due and unsent included
  uint64_t final_left_ = 0;       // connections that have not come through the final round
  uint64_t begun_ = 0;            // closed loop: units
  uint64_t completed_ = 0;        // units, whenever
  std::vector<uint32_t> unread_;  // connections with more to read than one turn allows
  std::vector<std::byte> in_;     // one connection's input, while its event lasts
  std::vector<std::byte> out_;    // its output, likewise; empty between events
};

}  // namespace sluice::load
