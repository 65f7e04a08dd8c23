// A closed loop of messages between pairs: each connection SENDs to its partner, waits for the
// SENDACK before it sends the next, and answers each RECV with a RECVACK.
//
//   send_load PORT CONNECTIONS MESSAGES PAYLOAD_BYTES [--depth N]
//
// MESSAGES counts the SENDs of all connections together; --depth N keeps N of each connection in
// flight. Each message must arrive once, in order and unspoilt: a payload starts with sender and
// number, the rest is a pattern. Prints the SENDs acknowledged and the RECVs received; exit code 0
// if nothing is missing, wrong or too much. It measures nothing itself: the script around it does,
// see load_client.h. One thread, one reading and at most one writing system call an event.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "load_client.h"

namespace {

using namespace sluice;

// Sender and number at the start of each payload, two u32.
constexpr size_t kStampBytes = 8;
// One reading: some frames of 16 KiB, or all that a pair at depth 1 can have under way.
constexpr size_t kReadBytes = 65536;

struct Scenario {
  uint32_t connections = 0;
  long messages = 0;
  size_t payload_bytes = 0;
  uint32_t depth = 1;
};

[[noreturn]] void give_up(size_t number, const char* what) {
  std::fprintf(stderr, "connection %zu: %s\n", number, what);
  std::exit(1);
}

// All uids have one length, so one prebuilt SEND fits all after three patches.
struct Uid {
  explicit Uid(size_t number) { std::snprintf(text.data(), text.size(), "u%07zu", number); }
  std::string_view view() const { return {text.data(), 8}; }
  std::array<char, 24> text{};
};

// The one frame of which all SENDs are copies.
class SendFrame {
 public:
  explicit SendFrame(size_t payload_bytes) : payload_(payload_bytes) {
    // 251 is a prime: the pattern falls into step with no power of two.
    for (size_t i = 0; i < payload_bytes; ++i) payload_[i] = static_cast<std::byte>(i % 251);
    const Uid partner(0);
    SendPacket packet;
    packet.client_msg_no = "m";
    packet.channel_id = partner.view();
    packet.payload = payload_;
    frame_.resize(encoded_size(packet, Framing::Wkproto, kProtocolVersionMax));
    encode(packet, Framing::Wkproto, kProtocolVersionMax, frame_);
    // Where the three patches go, asked of the decoder.
    const Frame frame = decode_frame(Framing::Wkproto, frame_, kFrameBodyBytesMax).frame;
    must(decode(frame, kProtocolVersionMax, packet).ok(), "decode SEND");
    seq_at_ = offset_of(frame.body) + 1;  // behind the setting byte
    uid_at_ = offset_of(bytes_of(packet.channel_id));
    stamp_at_ = offset_of(packet.payload);
  }

  void append_to(std::vector<std::byte>& out, const Uid& partner, uint32_t sender,
                 uint32_t seq) const {
    const size_t at = out.size();
    out.insert(out.end(), frame_.begin(), frame_.end());
    std::byte* frame = out.data() + at;
    store_be32(frame + seq_at_, seq);
    std::memcpy(frame + uid_at_, partner.view().data(), partner.view().size());
    store_be32(frame + stamp_at_, sender);
    store_be32(frame + stamp_at_ + 4, seq);
  }

  bool is_payload(Bytes payload, uint32_t sender, uint32_t seq) const {
    return payload.size() == payload_.size() && load_be32(payload.data()) == sender &&
           load_be32(payload.data() + 4) == seq &&
           std::memcmp(payload.data() + kStampBytes, payload_.data() + kStampBytes,
                       payload.size() - kStampBytes) == 0;
  }

 private:
  size_t offset_of(Bytes part) const { return static_cast<size_t>(part.data() - frame_.data()); }

  std::vector<std::byte> payload_;
  std::vector<std::byte> frame_;
  size_t seq_at_ = 0;
  size_t uid_at_ = 0;
  size_t stamp_at_ = 0;
};

// One connection; its partner is the one whose number differs in the last bit.
struct Peer {
  Uid uid;
  UniqueFd fd;
  std::vector<std::byte> partial{};  // the beginning of a frame that has not come whole
  std::vector<std::byte> unsent{};   // what the socket did not take; EPOLLOUT is on while it waits
  uint32_t sent = 0;
  uint32_t acknowledged = 0;
  uint32_t received = 0;
};

class Load {
 public:
  Load(const Address& server, const Scenario& scenario)
      : scenario_(scenario),
        send_frame_(scenario.payload_bytes),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        in_(kFrameHeaderBytesMax + kFrameBodyBytesMax + kReadBytes) {
    peers_.reserve(scenario.connections);
    for (uint32_t i = 0; i < scenario.connections; ++i) open(server, i);
  }

  // False when the server fell silent before all had arrived.
  bool run() {
    for (uint32_t i = 0; i < peers_.size(); ++i) {
      for (uint32_t k = 0; k < scenario_.depth; ++k) append_send(i);
      flush(i);
    }
    std::array<epoll_event, 256> events;
    while (acknowledged_ < scenario_.messages || received_ < scenario_.messages) {
      const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               kSilenceMaxS * 1000);
      if (n == 0) return false;
      for (int i = 0; i < n; ++i) on_event(events[static_cast<size_t>(i)]);
    }
    return true;
  }

  // Whether nothing arrives that nobody is waiting for: the next thing is the answer to a PING.
  bool is_quiet() {
    for (const Peer& peer : peers_) {
      std::array<std::byte, 64> bytes{};
      send_all(peer, peer.unsent);  // RECVACKs
      send_all(peer, Bytes(bytes).first(encode_ping(Framing::Wkproto, bytes)));
      const ssize_t n = recv(peer.fd.get(), bytes.data(), bytes.size(), 0);
      must(n > 0, "receive PONG");
      const FrameResult pong = decode_frame(Framing::Wkproto, bytes, kFrameBodyBytesMax);
      if (n != 1 || !peer.partial.empty() || pong.frame.type != PacketType::Pong) return false;
    }
    return true;
  }

  long acknowledged() const { return acknowledged_; }
  long received() const { return received_; }

 private:
  void open(const Address& server, uint32_t number) {
    peers_.push_back({.uid = Uid(number), .fd = open_connection(server)});
    Peer& peer = peers_.back();
    // A SEND must not wait until the RECVACK before it has been acknowledged by TCP.
    const int on = 1;
    must(setsockopt(peer.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "nodelay");
    authenticate(peer.fd.get(), peer.uid.view());
    watch(number, EPOLL_CTL_ADD, EPOLLIN);
  }

  void watch(uint32_t number, int operation, uint32_t what) {
    epoll_event interest{};
    interest.events = what;
    interest.data.u32 = number;
    must(epoll_ctl(epoll_.get(), operation, peers_[number].fd.get(), &interest) == 0, "epoll_ctl");
  }

  static void send_all(const Peer& peer, Bytes bytes) {
    const ssize_t n = send(peer.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    must(n == static_cast<ssize_t>(bytes.size()), "send");
  }

  void on_event(const epoll_event& event) {
    const uint32_t number = event.data.u32;
    if ((event.events & EPOLLOUT) != 0) {
      std::swap(out_, peers_[number].unsent);
      watch(number, EPOLL_CTL_MOD, EPOLLIN);
    }
    if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read_frames(number);
    flush(number);
  }

  void read_frames(uint32_t number) {
    Peer& peer = peers_[number];
    size_t size = peer.partial.size();
    std::copy(peer.partial.begin(), peer.partial.end(), in_.begin());
    const ssize_t n = recv(peer.fd.get(), in_.data() + size, kReadBytes, MSG_DONTWAIT);
    if (n <= 0) give_up(number, n == 0 ? "the server closes" : std::strerror(errno));
    size += static_cast<size_t>(n);
    size_t begin = 0;
    while (begin < size) {
      const Bytes left = Bytes(in_).subspan(begin, size - begin);
      const FrameResult result = decode_frame(Framing::Wkproto, left, kFrameBodyBytesMax);
      if (result.status == FrameStatus::NeedMore) break;
      if (result.status != FrameStatus::Ok) give_up(number, "what comes is no frame");
      on_frame(number, result.frame);
      begin += result.frame.size;
    }
    peer.partial.assign(in_.data() + begin, in_.data() + size);
  }

  void on_frame(uint32_t number, const Frame& frame) {
    if (frame.type == PacketType::Sendack) return on_sendack(number, frame);
    if (frame.type == PacketType::Recv) return on_recv(number, frame);
    give_up(number, "neither SENDACK nor RECV");
  }

  void on_sendack(uint32_t number, const Frame& frame) {
    Peer& peer = peers_[number];
    SendackPacket ack;
    if (!decode(frame, kProtocolVersionMax, ack).ok() || ack.reason != Reason::Success) {
      give_up(number, "a SENDACK that is no success");
    }
    if (peer.acknowledged == peer.sent || ack.client_seq != peer.acknowledged + 1) {
      give_up(number, "a SENDACK of another message");
    }
    ++peer.acknowledged;
    ++acknowledged_;
    append_send(number);
  }

  void on_recv(uint32_t number, const Frame& frame) {
    Peer& peer = peers_[number];
    RecvPacket recv;
    if (!decode(frame, kProtocolVersionMax, recv).ok()) give_up(number, "a RECV does not decode");
    const Uid& partner = peers_[number ^ 1].uid;
    if (recv.from_uid != partner.view() || recv.channel_id != partner.view() ||
        !send_frame_.is_payload(recv.payload, number ^ 1, peer.received + 1)) {
      give_up(number, "a RECV of another message, or spoilt");
    }
    ++peer.received;
    ++received_;
    RecvackPacket ack;
    ack.message_id = recv.message_id;
    ack.message_seq = recv.message_seq;
    const size_t at = out_.size();
    out_.resize(at + encoded_size(ack, Framing::Wkproto, kProtocolVersionMax));
    encode(ack, Framing::Wkproto, kProtocolVersionMax, MutableBytes(out_).subspan(at));
  }

  void append_send(uint32_t number) {
    if (started_ == scenario_.messages) return;
    ++started_;
    send_frame_.append_to(out_, peers_[number ^ 1].uid, number, ++peers_[number].sent);
  }

  // Sends what the event has put into out_, behind what still waits.
  void flush(uint32_t number) {
    if (out_.empty()) return;
    Peer& peer = peers_[number];
    size_t done = 0;
    if (peer.unsent.empty()) {
      const ssize_t n = send(peer.fd.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) give_up(number, std::strerror(errno));
      done = static_cast<size_t>(std::max<ssize_t>(n, 0));
      if (done < out_.size()) watch(number, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    peer.unsent.insert(peer.unsent.end(), out_.begin() + static_cast<ptrdiff_t>(done), out_.end());
    out_.clear();
  }

  Scenario scenario_;
  SendFrame send_frame_;
  UniqueFd epoll_;
  std::vector<Peer> peers_;
  std::vector<std::byte> in_;   // one connection's input, while its event lasts
  std::vector<std::byte> out_;  // its output, likewise; empty between events
  long started_ = 0;
  long acknowledged_ = 0;
  long received_ = 0;
};

bool parse(int argc, char** argv, Scenario& scenario) {
  if (argc != 5 && (argc != 7 || std::string_view(argv[5]) != "--depth")) return false;
  scenario.connections = static_cast<uint32_t>(std::atoi(argv[2]));
  scenario.messages = std::atol(argv[3]);
  scenario.payload_bytes = static_cast<size_t>(std::atol(argv[4]));
  if (argc == 7) scenario.depth = static_cast<uint32_t>(std::atoi(argv[6]));
  return scenario.connections >= 2 && scenario.connections % 2 == 0 &&
         scenario.connections < 1'000'000 && scenario.messages > 0 &&
         scenario.payload_bytes >= kStampBytes && scenario.payload_bytes <= 1'000'000 &&
         scenario.depth > 0 && scenario.depth <= 1000;
}

}  // namespace

int main(int argc, char** argv) {
  Scenario scenario;
  if (!parse(argc, argv, scenario)) {
    std::fputs(
        "usage: send_load PORT CONNECTIONS MESSAGES PAYLOAD_BYTES [--depth N]\n"
        "CONNECTIONS even, PAYLOAD_BYTES 8 to 1000000, N 1 to 1000\n",
        stderr);
    return 2;
  }
  raise_descriptor_limit();
  Load load(server_at(argv[1]), scenario);
  say_ready_and_wait();
  const bool complete = load.run();
  std::printf("acknowledged %ld received %ld\n", load.acknowledged(), load.received());
  wait_for_end_of_input();
  if (!complete) {
    std::fprintf(stderr, "lost: nothing more has come for %d s\n", kSilenceMaxS);
    return 1;
  }
  if (!load.is_quiet()) {
    std::fputs("more has come than was sent\n", stderr);
    return 1;
  }
  return 0;
}
