// A poller on io_uring that ends in the middle of its work, in a process that lives on: the kernel
// must let go of everything, sockets, threads and locked memory, although it does so late.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/check.h"
#include "poller/make_poller.h"
#include "support/e2e/patience.h"
#include "support/in_child.h"
#include "sys/descriptors.h"
#include "sys/tcp_socket.h"

namespace sluice {
namespace {

constexpr std::string_view kSpecs[] = {
    "uring",
    "uring:multishot=off,defer_taskrun=off",
    "uring:bundle=on,fixed_files=on",
    "uring:sqpoll=on",
    "uring:zc=1",
    "uring:sqpoll=on,zc=1,fixed_files=on",
    "uring:sq=4,cq=8,bufs=2,overflow=0",
};
constexpr size_t kFew = 50;
// A kernel that defers finishes about 20 operations a call: these take more than a hundred calls.
constexpr size_t kMany = 2'500;
// More than the kernel buffers of a connection take, on both sides together.
constexpr size_t kStuckBytes = size_t{12} << 20;

size_t threads_of_io_uring() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name.rfind("iou-", 0) == 0) ++count;
  }
  return count;
}

struct Descriptors {
  size_t all = 0;
  size_t rings = 0;
};
Descriptors open_descriptors() {
  Descriptors open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    ++open.all;
    if (std::filesystem::read_symlink(entry, error) == "anon_inode:[io_uring]") ++open.rings;
  }
  return open;
}

// A poller with everything under way: accept, receives, stuck sends, and news that nobody fetches.
class BusyPoller {
 public:
  BusyPoller(std::unique_ptr<Poller> poller, size_t connections)
      : poller_(std::move(poller)), much_(kStuckBytes, 'm') {
    const absl::StatusOr<Handle> listener = poller_->listen(*Address::parse("127.0.0.1:0"), {});
    SLUICE_CHECK(listener.ok(), "a test may listen");
    address_ = poller_->local(*listener);
    poller_->attach(*listener, Token::make(0, 1, 0));
    poller_->accept(*listener);
    for (size_t i = 0; i < connections; ++i) connect();
    // Stuck: one part, several parts, and one whose connection is being closed.
    const std::array<Bytes, 1> one{bytes_of(much_)};
    const std::array<Bytes, 3> three{bytes_of(much_), bytes_of(much_), bytes_of(much_)};
    poller_->send(handles_[0], one);
    poller_->send(handles_[1], three);
    poller_->send(handles_[2], one);
    turn();
    poller_->pause(handles_[3]);
    poller_->close(handles_[2]);
    turn();
    // From here on nobody asks: bytes, an end, a newcomer.
    poller_->close(handles_[4]);
    SLUICE_CHECK(::send(clients_[5].get(), "unheard", 7, MSG_NOSIGNAL) == 7, "there is room");
    ::shutdown(clients_[6].get(), SHUT_WR);
    dial();
    poller_->wake();
  }

  // Ends the poller; the clients' ends stay.
  void end() { poller_.reset(); }
  std::vector<UniqueFd>& clients() { return clients_; }
  const Address& address() const { return address_; }

 private:
  void dial() {
    absl::StatusOr<UniqueFd> client = connect_tcp(address_);
    SLUICE_CHECK(client.ok(), "a test may connect");
    const timeval patience{kPatience.count(), 0};
    setsockopt(client->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    clients_.push_back(*std::move(client));
  }

  void connect() {
    dial();
    while (handles_.size() < clients_.size()) turn();
  }

  void turn() {
    std::array<Completion, 64> out;
    const size_t count =
        poller_->wait(handles_.size() < clients_.size() ? kNever : Instant::min(), out);
    for (size_t i = 0; i < count; ++i) {
      if (out[i].block != BlockId::None) poller_->give_back(out[i].block);
      if (out[i].op != Op::Accept || out[i].result < 0) continue;
      const absl::StatusOr<Handle> handle = poller_->adopt(UniqueFd(out[i].result));
      SLUICE_CHECK(handle.ok(), "a newcomer can be adopted");
      poller_->attach(*handle, Token::make(0, 2, static_cast<uint32_t>(handles_.size())));
      poller_->recv(*handle);
      handles_.push_back(*handle);
    }
  }

  std::unique_ptr<Poller> poller_;
  const std::string much_;
  Address address_;
  std::vector<UniqueFd> clients_;
  std::vector<Handle> handles_;
};

absl::StatusOr<std::unique_ptr<Poller>> make(std::string_view text) {
  static const SystemClock clock;
  return make_poller(*PollerSpec::parse(text), clock);
}

// Reads to the end of the stream, or to its reset; false when patience ran out.
bool ends(const UniqueFd& client) {
  std::string part(1 << 20, '\0');
  ssize_t n = 1;
  // EINTR: the end of a ring interrupts the thread that made it.
  while (n > 0 || (n < 0 && errno == EINTR)) {
    n = ::recv(client.get(), part.data(), part.size(), 0);
  }
  return n == 0 || errno == ECONNRESET;
}

class UringLeavesNothing : public testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Pollers, UringLeavesNothing, testing::ValuesIn(kSpecs),
                         [](const testing::TestParamInfo<std::string_view>& spec) {
                           std::string name(spec.param);
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

TEST_P(UringLeavesNothing, WhenItEndsInTheMiddleOfItsWork) {
  const size_t threads = threads_of_io_uring();
  const Descriptors descriptors = open_descriptors();
  auto made = make(GetParam());
  if (!made.ok()) GTEST_SKIP() << GetParam() << " is not to be had here: " << made.status();
  // Both ends of each connection are here; 1,024 descriptors are what a shell gives.
  const absl::StatusOr<uint64_t> limit = raise_descriptor_limit();
  const bool is_room = limit.ok() && *limit > 2 * kMany + 100;
  BusyPoller busy(*std::move(made), is_room ? kMany : kFew);
  EXPECT_GT(open_descriptors().rings, descriptors.rings) << "this test cannot see rings";
  if (GetParam().find("sqpoll=on") != std::string_view::npos) {
    EXPECT_GT(threads_of_io_uring(), threads) << "this test cannot see the kernel's threads";
  }
  busy.end();
  EXPECT_TRUE(eventually([&] { return threads_of_io_uring() == threads; })) << "a thread is left";
  // The sockets are let go of too, not only their descriptors.
  for (size_t i = 0; i < busy.clients().size(); ++i) {
    EXPECT_TRUE(ends(busy.clients()[i])) << "connection " << i << " is still open";
  }
  EXPECT_TRUE(eventually([&] { return !connect_tcp(busy.address()).ok(); }))
      << "somebody still listens";
  busy.clients().clear();
  EXPECT_TRUE(eventually([&] { return open_descriptors().rings == descriptors.rings; }));
  EXPECT_TRUE(eventually([&] { return open_descriptors().all == descriptors.all; }))
      << open_descriptors().all << " descriptors instead of " << descriptors.all;
}

TEST_P(UringLeavesNothing, HoweverOftenItEnds) {
  const size_t threads = threads_of_io_uring();
  const size_t descriptors = open_descriptors().all;
  for (int i = 0; i < 10; ++i) {
    auto made = make(GetParam());
    if (!made.ok()) GTEST_SKIP() << GetParam() << " is not to be had here: " << made.status();
    BusyPoller busy(*std::move(made), kFew);
  }
  EXPECT_TRUE(eventually([&] { return threads_of_io_uring() == threads; })) << "a thread is left";
  EXPECT_EQ(open_descriptors().all, descriptors);
}

// Locked memory is counted by user: what a dead ring keeps, the next one lacks.
std::string second_time(std::string_view spec) {
  constexpr uint64_t kLockableBytes = 512 * 1024;
  if (!test::become_nobody(kLockableBytes)) return "only root can become somebody else";
  const auto completions = [](const Poller& poller) {
    for (const PollerFeature& feature : poller.features()) {
      if (feature.name == "cq") return feature.value;
    }
    return std::string();
  };
  auto made = make(spec);
  if (!made.ok()) return std::string(made.status().message());
  const std::string size = completions(**made);
  if (size == "65536") return "there was memory for all that was asked for";
  BusyPoller(*std::move(made), kFew).end();
  const bool same = eventually([&] {
    const auto next = make(spec);
    return next.ok() && completions(**next) == size;
  });
  return same ? "" : "no room any more for a ring of " + size;
}

TEST(UringLeaves, NoMemoryLocked) {
  for (const std::string_view options : {"", ",sqpoll=on", ",zc=1"}) {
    SCOPED_TRACE(options);
    // As large as fits: the poller halves its queues until they do.
    const std::string spec = "uring:sq=16384,cq=65536" + std::string(options);
    const auto made = make("uring:sq=4,cq=8" + std::string(options));
    if (!made.ok()) GTEST_SKIP() << spec << " is not to be had here: " << made.status();
    const std::string found = test::in_child([&spec] { return second_time(spec); });
    if (found == "only root can become somebody else") GTEST_SKIP() << found;
    EXPECT_EQ(found, "");
  }
}

}  // namespace
}  // namespace sluice
