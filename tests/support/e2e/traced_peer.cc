#include "support/e2e/traced_peer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "support/e2e/admin_client.h"
#include "support/e2e/patience.h"

namespace sluice {
namespace {

// Of one step: then come chunks as large as a packet, so that a run takes a second and no minute.
constexpr size_t kSingleBytes = 300;
constexpr size_t kPacketBytes = 1448;

std::string text(std::string_view view) { return std::string(view); }

// Of all reactors.
uint64_t received_bytes(const Address& admin) {
  const std::string page = ask_admin(admin, "/metrics").body;
  constexpr std::string_view kSample = "\nsluice_received_bytes_total{";
  uint64_t total = 0;
  for (size_t at = page.find(kSample); at != page.npos; at = page.find(kSample, at + 1)) {
    total += std::strtoull(&page[page.find(' ', at) + 1], nullptr, 10);
  }
  return total;
}

PeerOptions at_once(PeerOptions options) {
  options.no_delay = true;
  return options;
}

std::string encoded_ping(Framing framing) {
  std::array<std::byte, kFrameHeaderBytesMax> bytes{};
  return text(text_of(Bytes(bytes).first(encode_ping(framing, bytes))));
}

}  // namespace

std::string name_of(const Chunking& chunking) {
  if (chunking.cut == Chunking::Cut::Whole) return "whole";
  if (chunking.cut == Chunking::Cut::Single) return "single";
  return absl::StrCat("seed_", chunking.seed);
}

Stage::Stage(GatewayProcess& gateway, int reactors, const Chunking& chunking)
    : gateway_(gateway),
      admin_(gateway.admin_address()),
      reactors_(reactors),
      chunking_(chunking),
      random_(chunking.seed) {}

Stage::Chunk Stage::next_chunk(size_t done, size_t left) {
  if (chunking_.cut == Chunking::Cut::Whole) return {left, false};
  if (chunking_.cut == Chunking::Cut::Single) {
    return done < kSingleBytes ? Chunk{1, true} : Chunk{std::min(left, kPacketBytes), false};
  }
  // As many of 1 to 2 bytes as of 1 to 8192: small ones cut headers, large ones whole blocks.
  const size_t size = 1 + random_() % (size_t{2} << random_() % 13);
  return {std::min(left, size), random_() % 2 == 0};
}

void Stage::write(TestPeer& peer, std::string_view bytes) {
  for (size_t done = 0; done < bytes.size() && !stuck_;) {
    const Chunk chunk = next_chunk(done, bytes.size() - done);
    peer.send_raw(bytes.substr(done, chunk.size));
    written_ += chunk.size;
    done += chunk.size;
    if (chunk.alone) await_read();
  }
}

void Stage::await_read() {
  const auto end = patience_end();
  while (!stuck_ && received_bytes(admin_) < written_) {
    if (std::chrono::steady_clock::now() < end) continue;
    journal_.known("gateway", "does not read what was written");
    stuck_ = true;
  }
}

TracedPeer::TracedPeer(Stage& stage, std::string name, const PeerOptions& options)
    : stage_(stage), name_(std::move(name)), peer_(stage.gateway().address(), at_once(options)) {}

void TracedPeer::say(std::string_view what, std::string_view bytes) {
  if (stage_.stuck()) return;
  stage_.journal().said(name_, what);
  stage_.write(peer_, bytes);
}

void TracedPeer::say_connect() {
  say(absl::StrCat("CONNECT as ", uid(), " ", text(name_of(options().framing)), " version ",
                   options().version),
      encoded_connect(uid(), options()));
}

void TracedPeer::say_sends(const SendPacket& like, const std::vector<std::string>& payloads,
                           std::string_view and_then) {
  if (stage_.stuck()) return;
  std::string bytes;
  SendPacket packet = like;
  for (const std::string& payload : payloads) {
    packet.client_seq = ++client_seq_;
    packet.payload = bytes_of(payload);
    const std::string number = absl::StrCat(name_, "-", client_seq_);
    packet.client_msg_no = number;
    bytes += encoded(packet, options().framing, options().version);
    stage_.journal().said(name_, absl::StrCat("SEND ", client_seq_, " to ", text(like.channel_id),
                                              ": ", describe_payload(packet.payload)));
  }
  if (!and_then.empty()) {
    stage_.journal().said(name_, absl::StrCat("and ", and_then.size(), " bytes behind them"));
    bytes += and_then;
  }
  stage_.write(peer_, bytes);
}

void TracedPeer::say_sub(std::string_view channel, ChannelType type, SubAction action) {
  SubPacket sub;
  sub.sub_no = name_;
  sub.channel_id = channel;
  sub.channel_type = type;
  sub.action = action;
  say(absl::StrCat("SUB ", text(channel), " action ", static_cast<int>(action)),
      encoded(sub, options().framing, options().version));
}

void TracedPeer::say_recvacks_and_ping() {
  std::string bytes;
  for (const RecvackPacket& packet : unacknowledged_) {
    bytes += encoded(packet, options().framing, options().version);
  }
  const size_t count = std::exchange(unacknowledged_, {}).size();
  say(absl::StrCat(count, " RECVACKs and a PING"), bytes + encoded_ping(options().framing));
}

void TracedPeer::say_ping() { say("PING", encoded_ping(options().framing)); }

void TracedPeer::say_fin() {
  say("FIN", "");
  peer_.shutdown_send();
}

// What is still under way would be lost or not, as chance has it.
void TracedPeer::say_reset() {
  stage_.await_read();
  say("RST", "");
  peer_.reset();
}

void TracedPeer::note_frame() {
  const Frame& frame = peer_.frame();
  stage_.journal().heard(name_, stage_.journal().describe(frame, options().version));
  if (frame.type != PacketType::Recv) return;
  RecvPacket recv;
  if (!decode(frame, options().version, recv).ok()) return;
  RecvackPacket ack;
  ack.message_id = recv.message_id;
  ack.message_seq = recv.message_seq;
  unacknowledged_.push_back(ack);
}

// A frame that the script expects; anything else is noted, and the stage is stuck.
bool TracedPeer::next_frame() {
  if (stage_.stuck()) return false;
  const TestPeer::News news = peer_.next();
  if (news == TestPeer::News::Frame) return true;
  stage_.journal().heard(name_, TestPeer::word_for(news));
  stage_.get_stuck();
  return false;
}

void TracedPeer::hear(size_t count) {
  for (size_t i = 0; i < count && next_frame(); ++i) note_frame();
}

void TracedPeer::hear_sendacks(size_t count) {
  std::vector<SendackPacket> acks;
  for (size_t i = 0; i < count && next_frame(); ++i) {
    SendackPacket ack;
    if (peer_.frame().type != PacketType::Sendack ||
        !decode(peer_.frame(), options().version, ack).ok()) {
      note_frame();
    } else {
      acks.push_back(ack);
    }
  }
  if (stage_.reactors() > 1) {
    std::sort(acks.begin(), acks.end(),
              [](const auto& a, const auto& b) { return a.client_seq < b.client_seq; });
  }
  for (const SendackPacket& ack : acks) {
    stage_.journal().heard(name_, stage_.journal().describe(ack));
  }
}

void TracedPeer::hear_end() {
  TestPeer::News news = TestPeer::News::Frame;
  while (news == TestPeer::News::Frame && !stage_.stuck()) {
    news = peer_.next();
    if (news == TestPeer::News::Frame) {
      note_frame();
      continue;
    }
    stage_.journal().heard(name_, TestPeer::word_for(news));
    if (news == TestPeer::News::Silence) stage_.get_stuck();
  }
  peer_.close();
}

void TracedPeer::know_state() {
  if (stage_.stuck()) return;
  const std::string page = ask_admin(stage_.admin(), "/connections").body;
  const size_t record = page.find("\"" + address() + "\"");
  constexpr std::string_view kField = "\"state\":\"";
  const size_t field = record == page.npos ? page.npos : page.find(kField, record);
  const size_t begin = field == page.npos ? page.size() : field + kField.size();
  stage_.journal().known(name_, "state " + page.substr(begin, page.find('"', begin) - begin));
}

void TracedPeer::await_closed() {
  if (stage_.stuck()) return;
  const LogFields mine{{"peer", address()}};
  if (stage_.gateway().wait_for_log("connection closed", mine).empty()) stage_.get_stuck();
}

}  // namespace sluice
