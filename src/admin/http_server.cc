#include "admin/http_server.h"

#include <httplib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "sys/tcp_socket.h"
#include "sys/unique_fd.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// One for a scraper, one for a probe beside it.
constexpr size_t kThreads = 2;
// Clients in the kernel's queue meanwhile.
constexpr int kBacklog = 64;
// A request is one small packet: whoever needs longer is no scraper.
constexpr milliseconds kRequestTimeout{2000};
// From the first byte of the answer to its last; Prometheus itself gives up after ten seconds.
constexpr milliseconds kAnswerTimeout{10000};
// For the client to close, so that input we never read does not reset the answer on its way.
constexpr milliseconds kGoodbyeTimeout{1000};
// While nobody comes: nearly for ever, but poll() counts milliseconds in an int.
constexpr milliseconds kIdleTimeout = std::chrono::hours(24);
// Between two attempts while the process has no descriptor left.
constexpr milliseconds kAcceptPause{100};
// Request line, headers and a body that nobody reads: eight times what a browser sends.
constexpr size_t kRequestBytesMax = 64 * 1024;

enum class Waited : uint8_t { Ready, Late, Stopped };

// Until `fd` has one of `events`, `until` has passed or `stop` is readable.
Waited wait_for(int fd, short events, int stop, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (left <= milliseconds::zero()) return Waited::Late;
    std::array<pollfd, 2> watched{{{fd, events, 0}, {stop, POLLIN, 0}}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return Waited::Late;
    if (ready <= 0) continue;
    return watched[1].revents != 0 ? Waited::Stopped : Waited::Ready;
  }
}

// One client for httplib, with a limit on everything: bytes, time to ask, time to take the answer.
// A stop ends each wait at once.
class Client final : public httplib::Stream {
 public:
  Client(UniqueFd fd, int stop)
      : fd_(std::move(fd)), stop_(stop), until_(Clock::now() + kRequestTimeout) {}

  bool is_readable() const override { return wait(POLLIN) == Waited::Ready; }
  bool is_writable() const override { return wait(POLLOUT) == Waited::Ready; }

  // httplib asks for single bytes while it reads lines.
  ssize_t read(char* to, size_t size) override {
    if (first_ == last_ && !refill()) return -1;
    const size_t count = std::min(size, last_ - first_);
    std::memcpy(to, buffer_.data() + first_, count);
    first_ += count;
    return static_cast<ssize_t>(count);
  }

  // All of it or -1.
  ssize_t write(const char* from, size_t size) override {
    if (!answering_) until_ = Clock::now() + kAnswerTimeout;
    answering_ = true;
    for (size_t done = 0; done < size;) {
      const ssize_t sent = ::send(fd_.get(), from + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        done += static_cast<size_t>(sent);
      } else if (errno == EAGAIN) {
        if (wait(POLLOUT) != Waited::Ready) return -1;
      } else if (errno != EINTR) {
        return -1;
      }
    }
    return static_cast<ssize_t>(size);
  }

  // FIN, then whatever still comes is thrown away until the client's FIN.
  void say_goodbye() {
    until_ = Clock::now() + kGoodbyeTimeout;
    ::shutdown(fd_.get(), SHUT_WR);
    while (refill()) {
    }
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    const Address peer = peer_address(fd_.get());
    ip = peer.ip_string();
    port = peer.port();
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    const Address local = local_address(fd_.get());
    ip = local.ip_string();
    port = local.port();
  }
  socket_t socket() const override { return fd_.get(); }

 private:
  Waited wait(short events) const { return wait_for(fd_.get(), events, stop_, until_); }

  // False at the end of the stream, on an error, and when one of the limits is reached.
  bool refill() {
    while (received_ < kRequestBytesMax && wait(POLLIN) == Waited::Ready) {
      const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0) return false;
      first_ = 0;
      last_ = static_cast<size_t>(count);
      received_ += last_;
      return true;
    }
    return false;
  }

  const UniqueFd fd_;
  const int stop_;
  Clock::time_point until_;
  std::array<char, 4096> buffer_;
  size_t first_ = 0;
  size_t last_ = 0;
  size_t received_ = 0;
  bool answering_ = false;
};

// httplib as a parser of requests and a writer of answers; its sockets, threads and routes rest.
class Protocol final : private httplib::Server {
 public:
  explicit Protocol(HttpServer::Handler handler) : handler_(std::move(handler)) {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    // What httplib itself refuses: a request line or headers that are none, or too long.
    set_error_handler(HandlerWithResponse([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return HandlerResponse::Unhandled;
      response.set_content("this is no HTTP/1.1 request that the admin port understands\n",
                           "text/plain; charset=utf-8");
      return HandlerResponse::Handled;
    }));
  }

  // One request, one answer. Any of the threads.
  void serve(Client& client) {
    bool closed = false;
    process_request(client, true, closed, [](httplib::Request& request) {
      // Parts of an answer are no use to anybody, and thousands of overlapping ones an attack.
      request.ranges.clear();
      // Compression would spend the gateway's cores to save its loopback.
      request.headers.erase("Accept-Encoding");
    });
  }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) const {
    HttpRequest ours{request.method, request.path, {}};
    for (const auto& [name, value] : request.params) ours.query.emplace_back(name, value);
    const HttpAnswer answer = handler_(ours);
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    response.set_content(answer.body, answer.content_type);
  }

  const HttpServer::Handler handler_;
};

void become_admin_thread() {
  sigset_t all;  // signals belong to the thread that waits for them
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "admin");
}

}  // namespace

// The port, its threads, and the event that ends them: readable for ever once stop() was called.
class HttpServer::Floor {
 public:
  Floor(UniqueFd listener, UniqueFd stop, Handler handler)
      : listener_(std::move(listener)),
        stop_(std::move(stop)),
        address_(local_address(listener_.get())),
        protocol_(std::move(handler)) {}
  ~Floor() { stop(); }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  absl::Status start() {
    try {
      for (std::thread& thread : threads_) {
        thread = std::thread([this] {
          become_admin_thread();
          run();
        });
      }
    } catch (const std::system_error& error) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "admin port: cannot start a thread: ", error.what(), "; raise the limit of processes"));
    }
    return absl::OkStatus();
  }

  void stop() {
    ::eventfd_write(stop_.get(), 1);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    listener_.reset();
  }

  const Address& address() const { return address_; }

 private:
  // Each thread takes the next client itself; the others wait in the kernel's queue.
  void run() {
    bool exhausted = false;
    for (;;) {
      const Waited waited =
          wait_for(listener_.get(), POLLIN, stop_.get(), Clock::now() + kIdleTimeout);
      if (waited == Waited::Stopped) return;
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.valid()) {
        exhausted = false;
        Client client(std::move(fd), stop_.get());
        protocol_.serve(client);
        client.say_goodbye();
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        if (!exhausted) log_warn("admin port: cannot accept", {{"error", std::strerror(errno)}});
        exhausted = true;
        wait_for(-1, 0, stop_.get(), Clock::now() + kAcceptPause);
      }
    }
  }

  UniqueFd listener_;
  const UniqueFd stop_;
  const Address address_;
  Protocol protocol_;
  std::array<std::thread, kThreads> threads_;
};

HttpServer::HttpServer(std::unique_ptr<Floor> floor) : floor_(std::move(floor)) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::start(const Address& at, Handler handler) {
  ListenOptions options;
  options.backlog = kBacklog;
  auto listener = listen_tcp(at, options);
  if (!listener.ok()) {
    return absl::Status(listener.status().code(),
                        absl::StrCat("admin port: ", listener.status().message()));
  }
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("admin port: eventfd: ", std::strerror(errno)));
  }
  auto floor = std::make_unique<Floor>(*std::move(listener), std::move(stop), std::move(handler));
  SLUICE_RETURN_IF_ERROR(floor->start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(floor)));
}

Address HttpServer::address() const { return floor_->address(); }

void HttpServer::stop() { floor_->stop(); }

}  // namespace sluice
