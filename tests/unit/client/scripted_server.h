// A server that follows a script, and sluice-client run against it in this process.
//
// The script runs on a thread of its own, with one accepted connection, and speaks in packets; the
// program runs on the caller's thread. Nothing waits by the clock: a step that never comes fails
// the test after kPatience.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/program.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame.h"
#include "sys/clock.h"
#include "sys/tcp_socket.h"
#include "sys/unique_fd.h"

namespace sluice {

// Only against hanging for ever.
inline constexpr int kPatienceS = 60;

// A clock that a script sets forward. Who sleeps until then has to be woken as well: by bytes.
class ManualClock final : public Clock {
 public:
  Instant now() const override { return Instant(Duration(now_ns_.load())); }
  WallMs wall_ms() const override { return 1'700'000'000'000; }
  void advance(Duration length) { now_ns_ += length.count(); }

 private:
  std::atomic<int64_t> now_ns_ = 1;
};

// The server's end of one connection.
class ScriptedPeer {
 public:
  ScriptedPeer(UniqueFd socket, Framing framing, uint8_t version)
      : socket_(std::move(socket)), framing_(framing), version_(version) {
    const timeval patience{.tv_sec = kPatienceS, .tv_usec = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // The next packet, which must be of this type. Its views live until the next call.
  template <typename Packet>
  Packet expect() {
    Packet packet;
    const Frame frame = expect_frame(Packet::kType);
    if (frame.size != 0) {
      EXPECT_TRUE(decode(frame, version_, packet).ok());
    }
    return packet;
  }

  void expect_ping() { expect_frame(PacketType::Ping); }

  // Whether the client says nothing more, not even DISCONNECT.
  bool at_end() { return bytes_.size() == taken_ && !read_more(); }

  // The CONNECT of the start, accepted.
  ConnectPacket welcome() {
    const ConnectPacket hello = expect<ConnectPacket>();
    ConnackPacket ack;
    ack.reason = Reason::Success;
    send(ack);
    return hello;
  }

  // The end of an orderly client.
  void expect_goodbye() {
    expect<DisconnectPacket>();
    EXPECT_TRUE(at_end());
  }

  template <typename Packet>
  void send(const Packet& packet) {
    send_bytes(bytes_of(packet));
  }
  void send_pong() {
    std::byte frame[kFrameHeaderBytesMax];
    const size_t size = encode_pong(framing_, frame);
    send_bytes({reinterpret_cast<const char*>(frame), size});
  }
  void send_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size < 0) return;  // the client left: its side of the test tells
      bytes.remove_prefix(static_cast<size_t>(size));
    }
  }
  // The packet as it goes over the wire.
  template <typename Packet>
  std::string bytes_of(const Packet& packet) const {
    std::string bytes(encoded_size(packet, framing_, version_), '\0');
    encode(packet, framing_, version_, std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }

  void close() { socket_.reset(); }

 private:
  bool read_more() {
    char chunk[4096];
    const ssize_t size = recv(socket_.get(), chunk, sizeof chunk, 0);
    if (size <= 0) return false;
    bytes_.append(chunk, static_cast<size_t>(size));
    return true;
  }

  Frame expect_frame(PacketType type) {
    bytes_.erase(0, taken_);
    taken_ = 0;
    for (;;) {
      const FrameResult result =
          decode_frame(framing_, std::as_bytes(std::span(bytes_)), kFrameBodyBytesMax);
      if (result.status == FrameStatus::Ok) {
        taken_ = result.frame.size;
        EXPECT_EQ(name_of(result.frame.type), name_of(type));
        return result.frame.type == type ? result.frame : Frame{};
      }
      if (result.status != FrameStatus::NeedMore || !read_more()) {
        ADD_FAILURE() << "no " << name_of(type) << " came";
        return Frame{};
      }
    }
  }

  UniqueFd socket_;
  const Framing framing_;
  const uint8_t version_;
  std::string bytes_;
  size_t taken_ = 0;  // bytes of bytes_ that were handed out
};

using Script = std::function<void(ScriptedPeer&)>;

// Listens on a port of the kernel's choice, and plays the script with the first client.
class ScriptedServer {
 public:
  explicit ScriptedServer(Script script, Framing framing = Framing::Wkproto, uint8_t version = 5) {
    listener_ = *listen_tcp(*Address::parse("127.0.0.1:0"), {});
    thread_ = std::thread([this, script = std::move(script), framing, version] {
      pollfd ready{listener_.get(), POLLIN, 0};
      if (poll(&ready, 1, kPatienceS * 1000) != 1) return;
      ScriptedPeer peer(UniqueFd(accept(listener_.get(), nullptr, nullptr)), framing, version);
      script(peer);
    });
  }
  ~ScriptedServer() { thread_.join(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string flag() const { return "--server=" + local_address(listener_.get()).to_string(); }

 private:
  UniqueFd listener_;
  std::thread thread_;
};

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

// What was written to a memory file.
inline std::string contents(const UniqueFd& file) {
  std::string text(static_cast<size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return text;
}

inline UniqueFd memory_file(std::string_view text = {}) {
  UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Runs the program with `in` as its input, which is at its end after that.
inline Outcome run_client(std::vector<std::string> arguments, std::string_view in = {},
                          const Clock& clock = SystemClock()) {
  const UniqueFd input = memory_file(in);
  const UniqueFd out = memory_file();
  const UniqueFd err = memory_file();
  Outcome outcome;
  outcome.code = client_main(std::move(arguments), input.get(), out.get(), err.get(), clock);
  outcome.out = contents(out);
  outcome.err = contents(err);
  return outcome;
}

// The same against a server that plays `script`, in wkproto and the newest version.
inline Outcome run_against(Script script, std::vector<std::string> arguments,
                           std::string_view in = {}, const Clock& clock = SystemClock()) {
  const ScriptedServer server(std::move(script));
  arguments.push_back(server.flag());
  return run_client(std::move(arguments), in, clock);
}

inline testing::AssertionResult has(std::string_view text, std::string_view part) {
  if (text.find(part) != text.npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << '"' << part << "\" is not in \"" << text << '"';
}

}  // namespace sluice
