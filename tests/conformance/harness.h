// The ground that every conformance test stands on: one poller on the test's thread, a listener,
// and connections whose other end is an ordinary blocking socket.
//
// The fixture keeps book of every operation and of every completion, so that each test, whatever
// its own promise, also checks P2 (one final completion per operation), P3 (nothing after Close)
// and P5 (blocks come back), and at its end that no descriptor has leaked. What blocks (a peer that
// reads, a peer that connects) runs on a thread of its own, alongside the poller's turns: even a
// poller that is its own TCP stack can be tested. No test measures time; kPatience only turns a
// hang into a failure with a name.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poller/poller.h"
#include "sys/clock.h"
#include "sys/unique_fd.h"

namespace sluice {

// Long enough for a sanitizer on a busy machine.
inline constexpr Duration kPatience = std::chrono::seconds(30);
// More than the kernel buffers of a connection take, on both sides together: a send of this size
// gets stuck as long as the client does not read.
inline constexpr size_t kStuckBytes = size_t{12} << 20;
// What wait() may come back for while nothing happens: the wake that ends the test, and a straggler
// or two of what happened before.
inline constexpr size_t kIdleReturnsMax = 3;

// One connection, both ends, and all that the poller ever told about it.
struct Link {
  UniqueFd client;  // the test's end, blocking
  Handle handle;    // the poller's end
  Token who;
  std::string received;            // the bytes of all Recv completions, in order
  std::vector<int32_t> recv_ends;  // results of the final completions, in order
  std::vector<int32_t> send_ends;
  std::vector<Completion> kept;  // Recv completions not given back yet; see keep_blocks
  size_t recvs = 0;              // Recv completions with bytes
  size_t news = 0;               // completions of any kind
  bool keep_blocks = false;
  bool recv_open = false;  // from recv() to pause() or the end
  bool send_open = false;
  size_t recv_ends_due = 0;  // recv() is legal right after pause(): two ends may be due
  bool closing = false;
  bool closed = false;
};

class Conformance : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Poller& poller() { return *poller_; }
  const Clock& clock() const { return clock_; }
  Address address() const { return address_; }

  // A new connection, through the listener.
  Link& connect();
  std::vector<Link*> connect_many(size_t count);
  // The link of a client that has connected by itself; turns until the poller has accepted it.
  Link& link_of_client(UniqueFd client);
  // A client's connection that the poller need not have accepted yet.
  UniqueFd connect_client();

  // The verbs, with bookkeeping. What `parts` point to stays put until the final completion.
  void recv(Link& link);
  void pause(Link& link);
  void send(Link& link, std::span<const Bytes> parts);
  void send(Link& link, std::string_view text);
  void shutdown_send(Link& link);
  void close(Link& link);
  void accept();
  void close_listener();
  void give_back_kept(Link& link);
  // Closes the newcomers that no link_of_client() has taken; returns how many there were.
  size_t close_newcomers();

  // One wait(), whose completions are booked; returns their number.
  size_t turn(Instant deadline);
  // Turns until `done`; false, with a failure that says `what`, when patience is at its end.
  bool turn_until(const std::function<bool()>& done, std::string_view what);
  // Turns, without sleeping, until the kernel has nothing more to say.
  void settle();
  // A round trip on a connection of its own, and settle(): what the peers did before has arrived.
  void fence();
  // Runs `act`, which may block, on another thread while this one turns.
  void alongside(const std::function<void()>& act);
  // Waits until nothing but time ends a sleep of this thread. The kernel interrupts it, some times
  // a ring, while it finishes with the io_uring of an earlier test.
  static void outlive_dead_rings();
  // Nothing happens for so long, and wait() does not come back. A late signal of that kind may
  // still end it.
  void expect_sleep_for(Duration length);
  // On another thread: returns when this one sleeps in the kernel.
  void wait_until_asleep() const;
  // Sleeps without a deadline until another thread has seen this one asleep in the kernel and wakes
  // it; returns how many times wait() came back, which is 1 when nothing spins.
  size_t returns_until_seen_asleep();

  // What the client reads: `size` bytes, fewer when the stream ends before.
  std::string client_reads(Link& link, size_t size);
  // What the client reads until the end of the stream.
  std::string client_reads_all(Link& link);
  void client_sends(Link& link, std::string_view text);

  size_t out_size = 64;  // completions that one wait() may hand out
  // Called for each completion once it is booked, while those behind it in the batch are not.
  std::function<void(const Completion&)> on_news;
  int newcomer_sndbuf = 0;  // SO_SNDBUF of newcomers, where they pass as descriptors; 0 = as is
  std::vector<int32_t> accept_ends;  // results of the final completions of accept()
  bool listener_closed = false;
  size_t newcomers_closed = 0;  // Close completions of close_newcomers()

 private:
  void book(const Completion& news);
  void book_recv(Link& link, const Completion& news);
  void book_listener(const Completion& news);
  bool open_listener();

  SystemClock clock_;
  std::unique_ptr<Poller> poller_;
  Handle listener_;
  Address address_;
  bool accept_open_ = false;
  bool listener_closing_ = false;
  std::map<std::string, Handle> newcomers_;   // accepted, by the client's address; nobody's yet
  std::vector<std::unique_ptr<Link>> links_;  // by their Token's slot
  Link* fence_ = nullptr;
  bool gave_up_ = false;    // patience ended once: the rest of the test waits for nothing
  UniqueFd thread_stat_;    // this thread's state, as the kernel sees it
  size_t descriptors_ = 0;  // open before the test
};

// The end of a test's name: its poller.
std::string test_suffix(const testing::TestParamInfo<std::string_view>& info);
// Equal, or where they part: the bytes themselves would fill the screen.
testing::AssertionResult same_bytes(std::string_view actual, std::string_view expected);
// `size` bytes that tell where they belong: no two stretches of a stream look the same.
std::string pattern(size_t size, uint32_t seed);
// Sends RST instead of FIN when the client closes.
void close_with_reset(UniqueFd& client);
// Blocking, on any thread; true when all went.
bool write_all(int fd, std::string_view text);
// Writes as much of `text` as goes without blocking; returns how much.
size_t write_what_fits(int fd, std::string_view text);
// Blocking: reads until `size` bytes or the end of the stream.
std::string read_some(int fd, size_t size);

}  // namespace sluice
