#include "client/client.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "absl/strings/str_cat.h"
#include "client/report.h"
#include "client/visible.h"
#include "codec/bounds.h"
#include "codec/decode.h"

namespace sluice {
namespace {

// Input is not read while more than this waits for the server.
constexpr size_t kUnsentBytesMax = 256 * 1024;
// How long the server may take to see our end: then we leave anyway.
constexpr Duration kGoodbyeMax = std::chrono::seconds(1);
// clientSeq has 32 bits; above them a key says that it is a subNo.
constexpr uint64_t kSubBit = uint64_t{1} << 32;

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

template <typename P>
bool decode_as(const Frame& frame, uint8_t version, Packet& out) {
  return decode(frame, version, out.emplace<P>()).ok();
}

timespec timespec_of(Duration length) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t ns = std::max<int64_t>(length.count(), 0);
  return {.tv_sec = ns / kSecond, .tv_nsec = ns % kSecond};
}

}  // namespace

Client::Client(const Options& options, Console& console, const Interrupts& interrupts,
               const Clock& clock)
    : options_(options), console_(console), interrupts_(interrupts), clock_(clock) {
  std::random_device dice;
  message_nonce_ = absl::StrCat(absl::Hex(dice(), absl::kZeroPad8));
}

News Client::connect() {
  const Instant deadline = instant_after(now(), options_.timeout);
  absl::StatusOr<FrameLink> link =
      FrameLink::open(options_.server, options_.framing, options_.version);
  if (!link.ok()) {
    return over(ExitCode::NoConnection,
                absl::StrCat("no connection to ", options_.server.to_string(), ": ",
                             link.status().message()));
  }
  link_.emplace(*std::move(link));
  ConnectPacket hello;
  hello.version = options_.version;
  hello.device_flag = options_.device_flag;
  hello.device_id = options_.device_id;
  hello.uid = options_.uid;
  hello.token = options_.token;
  hello.client_timestamp_ms = clock_.wall_ms();
  link_->send(hello);

  const News news = wait(deadline, false);
  if (news == News::Deadline) {
    const bool connected = link_->unsent_bytes() == 0;
    return over(connected ? ExitCode::Timeout : ExitCode::NoConnection,
                absl::StrCat("no answer from ", options_.server.to_string(), " in time"));
  }
  if (news != News::Packet) return news;
  const auto* answer = std::get_if<ConnackPacket>(&packet_);
  if (answer == nullptr) {
    return over(ExitCode::NoConnection, "the server's first packet is no CONNACK");
  }
  if (answer->reason != Reason::Success) {
    return over(ExitCode::Refused,
                absl::StrCat("refused by the server: ", reason_text(answer->reason)));
  }
  connected_ = true;
  next_ping_ = options_.ping_interval == Duration::zero()
                   ? kNever
                   : instant_after(now(), options_.ping_interval);
  return News::Packet;
}

News Client::wait(Instant deadline, bool with_input) {
  for (;;) {
    if (const auto news = take_packet()) return *news;
    if (with_input && link_->unsent_bytes() <= kUnsentBytesMax) {
      if (auto line = console_.next_line()) {
        line_ = *std::move(line);
        return News::Line;
      }
      if (console_.input_ended()) return News::InputEnd;
    }
    const Instant moment = now();
    if (moment >= deadline) return News::Deadline;
    if (const auto news = keep_alive(moment)) return *news;
    const Instant until = std::min({deadline, next_ping_, pong_deadline_});
    if (const auto news = sleep(until, with_input)) return *news;
  }
}

std::optional<News> Client::take_packet() {
  for (;;) {
    const FrameResult result = link_->next_frame();
    if (result.status == FrameStatus::NeedMore) return std::nullopt;
    if (result.status != FrameStatus::Ok) {
      return over(ExitCode::NoConnection,
                  absl::StrCat("the server does not speak ", absl_view(name_of(options_.framing)),
                               " as we do: a frame without sense"));
    }
    if (!decode_packet(result.frame)) {
      return over(ExitCode::NoConnection, absl::StrCat("cannot make sense of the server's ",
                                                       absl_view(name_of(result.frame.type))));
    }
    if (const auto news = account()) return news;
  }
}

bool Client::decode_packet(const Frame& frame) {
  switch (frame.type) {
    case PacketType::Pong:
      packet_.emplace<Pong>();
      return true;
    case PacketType::Connack:
      return decode_as<ConnackPacket>(frame, link_->version(), packet_);
    case PacketType::Sendack:
      return decode_as<SendackPacket>(frame, link_->version(), packet_);
    case PacketType::Recv:
      return decode_as<RecvPacket>(frame, link_->version(), packet_);
    case PacketType::Disconnect:
      return decode_as<DisconnectPacket>(frame, link_->version(), packet_);
    case PacketType::Suback:
      return decode_as<SubackPacket>(frame, link_->version(), packet_);
    case PacketType::Event:
      return decode_as<EventPacket>(frame, link_->version(), packet_);
    default:
      return false;
  }
}

std::optional<News> Client::account() {
  if (const auto* disconnect = std::get_if<DisconnectPacket>(&packet_)) {
    std::string why = absl::StrCat("disconnected by the server: ", reason_text(disconnect->reason));
    if (!disconnect->text.empty()) absl::StrAppend(&why, ": ", absl_view(disconnect->text));
    return over(ExitCode::Refused, why);
  }
  if (const auto* sendack = std::get_if<SendackPacket>(&packet_)) {
    if (!answer(sendack->client_seq)) return std::nullopt;
  } else if (const auto* suback = std::get_if<SubackPacket>(&packet_)) {
    uint32_t number = 0;
    const std::string_view text = suback->sub_no;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (!answer(kSubBit | number)) return std::nullopt;
  } else if (const auto* message = std::get_if<RecvPacket>(&packet_); message && connected_) {
    RecvackPacket ack;
    ack.flags = message->flags;
    ack.message_id = message->message_id;
    ack.message_seq = message->message_seq;
    link_->send(ack);
  }
  return News::Packet;
}

bool Client::answer(uint64_t key) {
  const auto found = unanswered_.find(key);
  if (found == unanswered_.end()) return false;
  answered_ = std::move(found->second);
  unanswered_.erase(found);
  answer_deadline_ = instant_after(now(), options_.timeout);
  return true;
}

void Client::ask(uint64_t key, Channel to) {
  if (unanswered_.empty()) answer_deadline_ = instant_after(now(), options_.timeout);
  unanswered_.emplace(key, std::move(to));
}

std::optional<News> Client::keep_alive(Instant now) {
  if (now >= pong_deadline_) {
    return over(ExitCode::NoConnection, "connection lost: the server is silent");
  }
  if (now < next_ping_) return std::nullopt;
  link_->send_ping();
  next_ping_ = instant_after(now, options_.ping_interval);
  if (pong_deadline_ == kNever) pong_deadline_ = instant_after(now, options_.timeout);
  return std::nullopt;
}

std::optional<News> Client::sleep(Instant deadline, bool with_input) {
  const bool take_input = with_input && link_->unsent_bytes() <= kUnsentBytesMax;
  const bool sending = link_->unsent_bytes() > 0;
  pollfd ready[] = {
      {link_->fd(), static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0},
      {interrupts_.fd(), POLLIN, 0},
      {take_input ? console_.in() : -1, POLLIN, 0},
  };
  const timespec length = timespec_of(deadline == kNever ? Duration::zero() : deadline - now());
  if (ppoll(ready, std::size(ready), deadline == kNever ? nullptr : &length, nullptr) <= 0) {
    return std::nullopt;  // EINTR too: the caller looks again
  }
  if (ready[1].revents != 0) {
    if (interrupts_.take() == Interrupts::Kind::Leave) return News::Interrupted;
    console_.resume();
  }
  if ((ready[0].revents & POLLOUT) != 0) link_->flush();
  if ((ready[0].revents & ~POLLOUT) != 0) {
    pong_deadline_ = kNever;
    if (!link_->receive()) {
      const std::string place =
          connected_ ? "connection lost" : "no connection to " + options_.server.to_string();
      return over(ExitCode::NoConnection, absl::StrCat(place, ": ", link_->why()));
    }
  }
  if (ready[2].revents != 0) console_.read_input();
  return std::nullopt;
}

bool Client::send_text(const Channel& to, std::string_view text) {
  SendPacket packet;
  packet.setting = kSettingNoEncrypt;  // we offer no key, and say so
  packet.client_seq = ++last_seq_;
  const std::string number = absl::StrCat(message_nonce_, "-", packet.client_seq);
  packet.client_msg_no = number;
  packet.channel_id = to.id;
  packet.channel_type = to.type;
  packet.payload = bytes_of(text);
  if (to.id.size() > kChannelIdBytesMax) {
    console_.complain("sluice-client: not sent: that name is too long");
    return false;
  }
  if (encoded_size(packet, options_.framing, options_.version) > kFrameBodyBytesMax) {
    console_.complain("sluice-client: not sent: the text is longer than a frame, which is 1 MiB");
    return false;
  }
  ask(packet.client_seq, to);
  link_->send(packet);
  return true;
}

bool Client::subscribe(std::string_view group, SubAction action) {
  if (group.size() > kChannelIdBytesMax) {
    console_.complain("sluice-client: that name is too long");
    return false;
  }
  SubPacket packet;
  const std::string number = absl::StrCat(++last_sub_);
  packet.sub_no = number;
  packet.channel_id = group;
  packet.channel_type = ChannelType::Group;
  packet.action = action;
  ask(kSubBit | last_sub_, {.id = std::string(group), .type = ChannelType::Group});
  link_->send(packet);
  return true;
}

void Client::ping() { link_->send_ping(); }

void Client::goodbye() {
  if (over_ || !connected_) return;
  leaving_ = true;
  link_->send(DisconnectPacket{});
  const Instant end = instant_after(now(), kGoodbyeMax);
  // A close with unread input would make the kernel throw away what the server has not read yet.
  bool is_shut = false;
  while (now() < end) {
    if (!is_shut && link_->unsent_bytes() == 0) {
      link_->shutdown_send();
      is_shut = true;
    }
    while (link_->next_frame().status == FrameStatus::Ok) {
    }
    if (sleep(end, false)) return;  // its end, or a second Ctrl-C
  }
}

News Client::over(ExitCode code, std::string_view why) {
  over_ = true;
  ended_ = code;
  if (!leaving_) console_.complain(absl::StrCat("sluice-client: ", visible(why)));
  return News::Over;
}

}  // namespace sluice
