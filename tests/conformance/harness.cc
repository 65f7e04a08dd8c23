#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>

#include "poller/make_poller.h"
#include "pollers.h"

namespace sluice {
namespace {

constexpr Token kListenerToken = Token::make(0, 2, 0);
// Looks of the watcher in returns_until_seen_asleep(): between so many a spinning thread moves.
constexpr int kLooksAsleep = 50;
// A poller that comes back this often is spinning, whatever the watcher sees.
constexpr size_t kSpinning = 10'000;

size_t count_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// Whether the thread whose /proc/…/stat this is sleeps in the kernel.
bool is_asleep(int stat) {
  std::array<char, 512> text{};
  const ssize_t size = pread(stat, text.data(), text.size() - 1, 0);
  // "tid (name) S …": the name may hold anything, a parenthesis too.
  const std::string_view line(text.data(), size < 0 ? 0 : static_cast<size_t>(size));
  const size_t end = line.rfind(')');
  return end != std::string_view::npos && line.substr(end + 2, 1) == "S";
}

// A hang of a peer's thread ends with kPatience too.
void set_patience(int fd) {
  const timeval limit{kPatience / std::chrono::seconds(1), 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

std::string test_suffix(const testing::TestParamInfo<std::string_view>& info) {
  std::string name(info.param);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Pollers, Conformance, testing::ValuesIn(kPollersUnderTest), test_suffix);

void Conformance::SetUp() {
  const absl::StatusOr<PollerSpec> spec = PollerSpec::parse(GetParam());
  ASSERT_TRUE(spec.ok()) << spec.status();
  descriptors_ = count_descriptors();
  const auto kinds = poller_kinds();
  const bool known = std::any_of(kinds.begin(), kinds.end(),
                                 [&spec](const PollerKind& k) { return k.name == spec->name; });
  absl::StatusOr<std::unique_ptr<Poller>> made = make_poller(*spec, clock_);
  if (!made.ok()) {
    // A spec that a poller of this build does not understand is a mistake in pollers.h.
    ASSERT_FALSE(known && absl::IsInvalidArgument(made.status())) << made.status();
    GTEST_SKIP() << GetParam() << " is not to be had here: " << made.status();
  }
  poller_ = *std::move(made);
  RecordProperty("poller", std::string(poller_->name()));
  ASSERT_EQ(poller_->name(), spec->name);
  thread_stat_ = UniqueFd(open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(thread_stat_.valid());
  ASSERT_TRUE(open_listener());
}

bool Conformance::open_listener() {
  const absl::StatusOr<Handle> listener = poller_->listen(*Address::parse("127.0.0.1:0"), {});
  EXPECT_TRUE(listener.ok()) << listener.status();
  if (!listener.ok()) return false;
  listener_ = *listener;
  address_ = poller_->local(listener_);
  poller_->attach(listener_, kListenerToken);
  accept();
  return true;
}

void Conformance::TearDown() {
  on_news = nullptr;  // it may refer to what the test's body had
  if (poller_ == nullptr) return;
  if (!listener_closing_) close_listener();
  for (const auto& link : links_) {
    if (!link->closing) close(*link);
  }
  turn_until(
      [this] {
        const bool all = std::all_of(links_.begin(), links_.end(),
                                     [](const auto& link) { return link->closed; });
        return all && listener_closed;
      },
      "Close's completion of everything that was open");
  EXPECT_FALSE(accept_open_) << "P2: an accept() never ended";
  close_newcomers();
  for (const auto& link : links_) give_back_kept(*link);
  links_.clear();
  poller_.reset();
  thread_stat_.reset();
  EXPECT_EQ(count_descriptors(), descriptors_) << "descriptors leaked";
}

// ── Connections ──

UniqueFd Conformance::connect_client() {
  absl::StatusOr<UniqueFd> client = absl::UnknownError("not tried");
  alongside([&] { client = connect_tcp(address_); });
  EXPECT_TRUE(client.ok()) << client.status();
  if (!client.ok()) return {};
  set_patience(client->get());
  return *std::move(client);
}

Link& Conformance::link_of_client(UniqueFd client) {
  const std::string address = local_address(client.get()).to_string();
  turn_until([&] { return newcomers_.count(address) == 1; }, "accepting a newcomer");
  auto link = std::make_unique<Link>();
  link->client = std::move(client);
  link->handle = newcomers_[address];
  link->who = Token::make(0, 1, static_cast<uint32_t>(links_.size()));
  newcomers_.erase(address);
  poller_->attach(link->handle, link->who);
  links_.push_back(std::move(link));
  return *links_.back();
}

Link& Conformance::connect() { return link_of_client(connect_client()); }

std::vector<Link*> Conformance::connect_many(size_t count) {
  std::vector<Link*> links;
  for (size_t i = 0; i < count; ++i) links.push_back(&connect());
  return links;
}

// ── Verbs ──

void Conformance::recv(Link& link) {
  EXPECT_FALSE(link.recv_open) << "the test is wrong: recv() while one is in progress";
  link.recv_open = true;
  ++link.recv_ends_due;
  poller_->recv(link.handle);
}

void Conformance::pause(Link& link) {
  link.recv_open = false;
  poller_->pause(link.handle);
}

void Conformance::send(Link& link, std::span<const Bytes> parts) {
  EXPECT_FALSE(link.send_open) << "the test is wrong: two sends at a time";
  link.send_open = true;
  poller_->send(link.handle, parts);
}

void Conformance::send(Link& link, std::string_view text) {
  const std::array<Bytes, 1> parts{bytes_of(text)};
  send(link, parts);
}

void Conformance::shutdown_send(Link& link) { poller_->shutdown_send(link.handle); }

void Conformance::close(Link& link) {
  link.closing = true;
  poller_->close(link.handle);
}

void Conformance::accept() {
  accept_open_ = true;
  poller_->accept(listener_);
}

void Conformance::close_listener() {
  listener_closing_ = true;
  poller_->close(listener_);
}

void Conformance::give_back_kept(Link& link) {
  for (const Completion& news : link.kept) poller_->give_back(news.block);
  link.kept.clear();
}

size_t Conformance::close_newcomers() {
  const size_t count = newcomers_.size();
  for (const auto& [client, handle] : newcomers_) poller_->close(handle);
  newcomers_.clear();
  return count;
}

// ── Turns ──

size_t Conformance::turn(Instant deadline) {
  std::vector<Completion> out(out_size);
  const size_t count = poller_->wait(deadline, out);
  EXPECT_LE(count, out.size());
  for (size_t i = 0; i < std::min(count, out.size()); ++i) {
    book(out[i]);
    if (on_news != nullptr) on_news(out[i]);
  }
  return count;
}

bool Conformance::turn_until(const std::function<bool()>& done, std::string_view what) {
  const Instant end = clock_.now() + kPatience;
  while (!done()) {
    if (gave_up_ || clock_.now() >= end) {
      ADD_FAILURE() << "in vain waited for: " << what;
      gave_up_ = true;
      return false;
    }
    turn(end);
  }
  return true;
}

void Conformance::settle() {
  for (int idle = 0; idle < 3;) idle = turn(Instant::min()) == 0 ? idle + 1 : 0;
}

void Conformance::fence() {
  if (fence_ == nullptr) {
    fence_ = &connect();
    recv(*fence_);
  }
  const size_t before = fence_->received.size();
  client_sends(*fence_, "|");
  turn_until([&] { return fence_->received.size() == before + 1; }, "the fence's round trip");
  settle();
}

void Conformance::alongside(const std::function<void()>& act) {
  std::atomic<bool> done{false};
  std::thread other([&] {
    act();
    done.store(true);
    poller_->wake();
  });
  turn_until([&] { return done.load(); }, "what a peer does alongside");
  other.join();
}

void Conformance::outlive_dead_rings() {
  const timespec moment{0, 1'000'000};
  sigset_t none;
  sigemptyset(&none);
  for (int calm = 0; calm < 3;) {
    calm = sigtimedwait(&none, nullptr, &moment) < 0 && errno == EAGAIN ? calm + 1 : 0;
  }
}

void Conformance::expect_sleep_for(Duration length) {
  constexpr size_t kReturnsMax = 8;
  outlive_dead_rings();
  const Instant deadline = clock_.now() + length;
  size_t returns = 0;
  do {
    EXPECT_EQ(turn(deadline), 0U);
    ++returns;
  } while (clock_.now() < deadline && returns <= kReturnsMax);
  EXPECT_LE(returns, kReturnsMax) << "it came back before the deadline";
}

void Conformance::wait_until_asleep() const {
  for (int looks = 0; looks < kLooksAsleep;) {
    looks = is_asleep(thread_stat_.get()) ? looks + 1 : 0;
    std::this_thread::yield();
  }
}

size_t Conformance::returns_until_seen_asleep() {
  std::atomic<bool> seen{false};
  std::atomic<size_t> returns{0};
  std::thread watcher([&] {
    size_t before = 0;
    for (int looks = 0; looks < kLooksAsleep && returns.load() < kSpinning;) {
      const bool asleep = is_asleep(thread_stat_.get());
      const size_t now = returns.load();
      looks = asleep && now == before ? looks + 1 : 0;
      before = now;
      std::this_thread::yield();
    }
    seen.store(true);
    poller_->wake();
  });
  while (!seen.load()) {
    turn(kNever);
    returns.fetch_add(1);
  }
  watcher.join();
  return returns.load();
}

// ── Peers ──

std::string Conformance::client_reads(Link& link, size_t size) {
  std::string text;
  alongside([&] { text = read_some(link.client.get(), size); });
  return text;
}

std::string Conformance::client_reads_all(Link& link) { return client_reads(link, SIZE_MAX); }

void Conformance::client_sends(Link& link, std::string_view text) {
  bool all = false;
  alongside([&] { all = write_all(link.client.get(), text); });
  EXPECT_TRUE(all) << "the client could not send: " << std::strerror(errno);
}

// ── Bookkeeping ──

void Conformance::book(const Completion& news) {
  if (news.who == kListenerToken) return book_listener(news);
  if (news.who == kNoToken) {
    // A newcomer that the test never took.
    EXPECT_EQ(news.op, Op::Close);
    ++newcomers_closed;
    return;
  }
  ASSERT_LT(news.who.slot(), links_.size()) << "news for a Token that nobody has";
  Link& link = *links_[news.who.slot()];
  EXPECT_EQ(news.who, link.who);
  EXPECT_FALSE(link.closed) << "P3: news after Close's completion";
  ++link.news;
  switch (news.op) {
    case Op::Recv:
      return book_recv(link, news);
    case Op::Send:
      EXPECT_TRUE(link.send_open) << "P2: a Send completion without a send in progress";
      if (news.more) return;
      link.send_open = false;
      link.send_ends.push_back(news.result);
      return;
    case Op::Close:
      EXPECT_TRUE(link.closing && !news.more);
      EXPECT_EQ(link.recv_ends_due, 0U) << "P2: Close came before the end of Recv";
      EXPECT_FALSE(link.send_open) << "P2: Close came before the end of Send";
      link.closed = true;
      return;
    case Op::Accept:
      ADD_FAILURE() << "an Accept completion on a connection";
  }
}

void Conformance::book_recv(Link& link, const Completion& news) {
  ASSERT_GT(link.recv_ends_due, 0U) << "P2: a Recv completion without a recv() in progress";
  if (news.result <= 0) {
    EXPECT_FALSE(news.more);
    EXPECT_EQ(news.block, BlockId::None);
    --link.recv_ends_due;
    if (news.result != -ECANCELED) link.recv_open = false;
    link.recv_ends.push_back(news.result);
    return;
  }
  EXPECT_TRUE(news.more) << "bytes never end a Recv";
  EXPECT_NE(news.block, BlockId::None);
  EXPECT_EQ(news.bytes.size(), static_cast<size_t>(news.result));
  EXPECT_LE(news.bytes.size(), poller_->caps().block_bytes);
  ++link.recvs;
  link.received += text_of(news.bytes);
  if (link.keep_blocks) {
    link.kept.push_back(news);
    return;
  }
  // Writable in place, and nobody else's: whoever receives from this memory again would show it.
  std::memset(news.bytes.data(), 0xee, news.bytes.size());
  poller_->give_back(news.block);
}

void Conformance::book_listener(const Completion& news) {
  EXPECT_FALSE(listener_closed) << "P3: news after Close's completion";
  if (news.op == Op::Close) {
    EXPECT_TRUE(listener_closing_ && !accept_open_);
    listener_closed = true;
    return;
  }
  EXPECT_EQ(news.op, Op::Accept);
  EXPECT_TRUE(accept_open_) << "P2: an Accept completion without an accept() in progress";
  if (!news.more) {
    accept_open_ = false;
    accept_ends.push_back(news.result);
  }
  if (news.result < 0) return;
  Handle handle{static_cast<uint64_t>(news.result)};
  if (poller_->caps().hand_over) {
    UniqueFd fd(news.result);
    if (newcomer_sndbuf > 0) {
      setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &newcomer_sndbuf, sizeof newcomer_sndbuf);
    }
    const absl::StatusOr<Handle> adopted = poller_->adopt(std::move(fd));
    ASSERT_TRUE(adopted.ok()) << adopted.status();
    handle = *adopted;
  }
  newcomers_[poller_->peer(handle).to_string()] = handle;
}

// ── Words for bytes ──

testing::AssertionResult same_bytes(std::string_view actual, std::string_view expected) {
  if (actual == expected) return testing::AssertionSuccess();
  const size_t common = std::min(actual.size(), expected.size());
  size_t first = 0;
  while (first < common && actual[first] == expected[first]) ++first;
  return testing::AssertionFailure() << actual.size() << " bytes instead of " << expected.size()
                                     << ", different from byte " << first;
}

std::string pattern(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xff);
  return text;
}

void close_with_reset(UniqueFd& client) {
  const linger now{1, 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  client.reset();
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

size_t write_what_fits(int fd, std::string_view text) {
  size_t size = 0;
  while (size < text.size()) {
    const std::string_view rest = text.substr(size);
    const ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) break;
    size += static_cast<size_t>(n);
  }
  return size;
}

std::string read_some(int fd, size_t size) {
  std::string text;
  std::array<char, 65536> part{};
  while (text.size() < size) {
    const ssize_t n = ::recv(fd, part.data(), std::min(part.size(), size - text.size()), 0);
    if (n <= 0) break;
    text.append(part.data(), static_cast<size_t>(n));
  }
  return text;
}

}  // namespace sluice
