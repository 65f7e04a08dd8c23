#include "differential_script.h"

#include <signal.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "support/e2e/admin_client.h"

namespace sluice {
namespace {

constexpr auto kPerson = ChannelType::Person;
constexpr auto kGroup = ChannelType::Group;
// Of the members, all but the one who leaves the room.
constexpr std::array<size_t, 4> kListeners{1, 3, 4, 5};

std::string suffix_of(Framing framing) { return framing == Framing::Wkproto ? "-wk" : "-f6"; }

SendPacket to(std::string_view channel, ChannelType type = kPerson) {
  SendPacket packet;
  packet.channel_id = channel;
  packet.channel_type = type;
  return packet;
}

}  // namespace

// Nothing may end by a clock: neither who is slow nor who lingers.
std::vector<std::string> DifferentialScript::flags(const std::string& token_file) {
  return {"--auth=token-file",   "--token-file=" + token_file, "--balance=round_robin",
          "--auth-timeout=10m",  "--idle-timeout=0",           "--linger-timeout=10m",
          "--drain-timeout=10m", "--drain-notify=disconnect",  "--outbound-stall-timeout=10m",
          "--admin=127.0.0.1:0", "--log-level=debug"};
}

// kate's phones are masters, her desk is not; everybody else is a slave.
std::string_view DifferentialScript::tokens() {
  return "kate t app master\nkate t pc slave\n"
         "ann t\nbob t\ncid t\ndee t\neve t\nfay t\ngus t\nhal t\njon t\nlou t\n"
         "gus-wk t\nhal-wk t\nida-wk t\njon-wk t\nmia-wk t\nnat-wk t\noli-wk t\n"
         "gus-f6 t\nhal-f6 t\nida-f6 t\njon-f6 t\nmia-f6 t\nnat-f6 t\noli-f6 t\n";
}

std::vector<std::string> DifferentialScript::play() {
  arrive();
  talk_in_pairs();
  talk_in_a_room();
  be_refused();
  send_fifty_at_once();
  send_more_than_a_block();
  end_before_connect();
  end_by_bad_frames();
  end_by_another_device();
  end_owing_answers();
  leave();
  tell_counters();
  drain();
  tell_log();
  return stage_.journal().lines();
}

TracedPeer& DifferentialScript::dial(std::string name, const PeerOptions& options) {
  return peers_.emplace_back(stage_, std::move(name), options);
}

TracedPeer& DifferentialScript::enter(std::string name, Framing framing, PeerOptions options) {
  options.framing = framing;
  options.token = "t";
  TracedPeer& peer = dial(std::move(name), options);
  peer.say_connect();
  peer.hear(1);
  return peer;
}

void DifferentialScript::end(TracedPeer& peer) {
  peer.hear_end();
  peer.await_closed();
}

std::string DifferentialScript::payload(size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(content_());
  return bytes;
}

std::vector<std::string> DifferentialScript::payloads(std::initializer_list<size_t> sizes) {
  std::vector<std::string> all;
  for (const size_t size : sizes) all.push_back(payload(size));
  return all;
}

std::vector<std::string> DifferentialScript::fifty_payloads() {
  std::vector<std::string> all;
  for (int i = 0; i < 50; ++i) all.push_back(payload(content_() % 300));
  return all;
}

// Both framings, every version, and each state on the way in.
void DifferentialScript::arrive() {
  constexpr std::array<std::string_view, kMembers> kNames{"ann", "bob", "cid", "dee", "eve", "fay"};
  constexpr std::array<uint8_t, kMembers> kVersions{5, 5, 1, 2, 3, 4};
  for (size_t i = 0; i < kMembers; ++i) {
    PeerOptions options;
    options.version = kVersions[i];
    TracedPeer& peer =
        enter(std::string(kNames[i]), i % 2 == 0 ? Framing::Wkproto : Framing::Frame6, options);
    peer.know_state();
    peer.say_ping();
    peer.hear(1);
    peer.know_state();
  }
}

// Every optional field, and sizes around those where a frame is stored in another way.
void DifferentialScript::talk_in_pairs() {
  constexpr std::array<size_t, kMembers> kSizes{0, 1, 127, 1023, 1024, 5000};
  for (size_t i = 0; i < kMembers * 2; ++i) {
    TracedPeer& sender = member(i);
    TracedPeer& receiver = member(i + 1 + i / kMembers);
    const std::string channel = receiver.uid();
    SendPacket packet = to(channel);
    packet.flags = i % 3 == 0 ? kFlagNoPersist : kFlagRedDot;
    packet.setting = kSettingReceipt | kSettingTopic | kSettingStream;
    packet.stream_no = "stream";
    packet.expire_s = 60;
    packet.topic = "weather";
    sender.say_sends(packet, {payload(kSizes[i % kSizes.size()])});
    receiver.hear(1);
    sender.hear(1);
    receiver.say_recvacks_and_ping();
    receiver.hear(1);
  }
}

void DifferentialScript::talk_in_a_room() {
  for (size_t i = 0; i < kMembers; ++i) {
    member(i).say_sub("room", kGroup, SubAction::Subscribe);
    member(i).hear(1);
  }
  for (size_t speaker = 0; speaker < kMembers; ++speaker) {
    member(speaker).say_sends(to("room", kGroup), payloads({0, 100, 5000, 1}));
    member(speaker).hear_sendacks(4);
    for (size_t i = speaker + 1; i < speaker + kMembers; ++i) {
      member(i).hear(4);
      member(i).say_recvacks_and_ping();
      member(i).hear(1);
    }
  }
  TracedPeer& gone = member(2);
  gone.say_sub("room", kGroup, SubAction::Unsubscribe);
  gone.hear(1);
  member(0).say_sends(to("room", kGroup), payloads({10}));
  member(0).hear(1);
  for (const size_t i : kListeners) member(i).hear(1);
  gone.say_sends(to("room", kGroup), payloads({20, 21}));
  gone.hear(2);
  gone.say_ping();  // and no RECV before its PONG
  gone.hear(1);
}

void DifferentialScript::be_refused() {
  TracedPeer& peer = member(3);
  peer.say_sub("ann", kPerson, SubAction::Subscribe);
  peer.hear(1);
  peer.say_sends(to("a#b"), payloads({3}));
  peer.say_sends(to("room", ChannelType::Live), payloads({4, 5}));
  peer.say_sends(to("", kGroup), payloads({6}));
  peer.hear(4);
}

void DifferentialScript::send_fifty_at_once() {
  member(1).say_sends(to("ann"), fifty_payloads());
  member(0).hear(50);
  member(1).hear_sendacks(50);
  member(0).say_recvacks_and_ping();
  member(0).hear(1);
  member(0).say_sends(to("room", kGroup), fifty_payloads());
  member(0).hear_sendacks(50);
  for (const size_t i : kListeners) member(i).hear(50);
}

void DifferentialScript::send_more_than_a_block() {
  for (const size_t sender : {4U, 5U}) {
    TracedPeer& receiver = member(sender + 1);
    const std::string channel = receiver.uid();
    member(sender).say_sends(to(channel), payloads({0, 40000, 0, 32768, 511, 512, 40000}));
    receiver.hear(7);
    member(sender).hear_sendacks(7);
    receiver.say_recvacks_and_ping();
    receiver.hear(1);
  }
}

void DifferentialScript::end_before_connect() {
  PeerOptions options;
  options.token = "wrong";
  TracedPeer& stranger = dial("gus", options);
  stranger.say_connect();
  end(stranger);
  options.token = "t";
  options.version = 0;
  TracedPeer& ancient = dial("hal", options);
  ancient.say_connect();
  end(ancient);
  options.version = 4;
  options.framing = Framing::Frame6;
  options.client_key = "a key";
  TracedPeer& secretive = dial("jon", options);
  secretive.say_connect();
  end(secretive);
  options.client_key.clear();
  TracedPeer& cut = dial("cut", options);
  const std::string connect = encoded_connect("cut", options);
  cut.say("half a CONNECT", connect.substr(0, connect.size() / 2));
  cut.say_fin();
  end(cut);
  TracedPeer& early = dial("early", options);
  early.say_ping();
  end(early);
  TracedPeer& noise = dial("noise", {});
  noise.say("noise", std::string(1, '\xff') + payload(200));
  end(noise);
}

void DifferentialScript::end_by_bad_frames() {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    TracedPeer& noisy = enter("ida" + suffix_of(framing), framing);
    noisy.say_ping();
    noisy.say("a type that does not exist", std::string(1, '\0') + payload(100));
    end(noisy);

    TracedPeer& twice = enter("hal" + suffix_of(framing), framing);
    twice.say_connect();
    end(twice);

    TracedPeer& large = enter("jon" + suffix_of(framing), framing);
    std::array<std::byte, kFrameHeaderBytesMax> header{};
    const size_t size =
        encode_frame_header(framing, PacketType::Send, 0, kFrameBodyBytesMax + 1, header);
    large.say("a SEND over the limit", text_of(Bytes(header).first(size)));
    end(large);

    TracedPeer& cut = enter("gus" + suffix_of(framing), framing);
    SendPacket packet = to("ann");
    const std::string text = payload(5000);
    packet.payload = bytes_of(text);
    const std::string frame = encoded(packet, framing, kProtocolVersionMax);
    cut.say_ping();
    cut.say("half a SEND", std::string_view(frame).substr(0, frame.size() / 2));
    cut.say_fin();
    end(cut);

    TracedPeer& reset = enter("oli" + suffix_of(framing), framing);
    reset.say_ping();
    reset.hear(1);
    reset.say("half a SEND", std::string_view(frame).substr(0, frame.size() / 2));
    reset.say_reset();
    reset.await_closed();
  }
}

void DifferentialScript::end_by_another_device() {
  PeerOptions phone;
  phone.device_id = "old";
  TracedPeer& old_phone = enter("kate.old", Framing::Wkproto, phone);
  PeerOptions pc;
  pc.device_flag = DeviceFlag::Pc;
  TracedPeer& desk = enter("kate.desk", Framing::Frame6, pc);
  phone.device_id = "new";
  TracedPeer& new_phone = enter("kate.new", Framing::Frame6, phone);
  end(old_phone);  // kicked: a master came
  member(0).say_sends(to("kate"), payloads({30}));
  member(0).hear(1);
  desk.hear(1);
  new_phone.hear(1);
  new_phone.say_sends(to("kate"), payloads({31}));
  new_phone.hear(1);
  desk.hear(1);
  desk.say_fin();
  end(desk);
  new_phone.say_fin();
  end(new_phone);

  TracedPeer& first = enter("lou.first", Framing::Frame6);
  TracedPeer& again = enter("lou.again", Framing::Wkproto);
  end(first);  // replaced: the same device
  again.say_fin();
  end(again);
}

// Each SENDACK of what was sent before a goodbye reaches the sender, and then the end.
void DifferentialScript::end_owing_answers() {
  for (const Framing framing : {Framing::Wkproto, Framing::Frame6}) {
    TracedPeer& polite = enter("mia" + suffix_of(framing), framing);
    DisconnectPacket goodbye;
    goodbye.reason = Reason::Success;
    const std::string last_words =
        encoded(goodbye, framing, kProtocolVersionMax) + "\x70 is not read any more";
    polite.say_sends(to("nobody"), fifty_payloads(), last_words);
    polite.hear_sendacks(50);
    end(polite);

    TracedPeer& half = enter("nat" + suffix_of(framing), framing);
    half.say_sends(to("ann"), fifty_payloads());
    half.say_fin();
    member(0).hear(50);
    half.hear_sendacks(50);
    end(half);
  }
  member(0).say_recvacks_and_ping();
  member(0).hear(1);
}

// Four of the six; the last two stay for the drain.
void DifferentialScript::leave() {
  member(0).say_fin();
  end(member(0));
  DisconnectPacket goodbye;
  goodbye.reason = Reason::Success;
  member(1).say("DISCONNECT", encoded(goodbye, Framing::Frame6, kProtocolVersionMax));
  end(member(1));
  member(2).say_reset();
  member(2).await_closed();
  member(3).say_ping();
  member(3).say_fin();
  end(member(3));
  member(4).say_sends(to("room", kGroup), payloads({40}));
  member(4).hear(1);
  member(5).hear(1);
}

void DifferentialScript::drain() {
  if (!stage_.stuck()) stage_.gateway().send_signal(SIGTERM);
  for (const size_t i : {4U, 5U}) member(i).hear_end();
  for (TracedPeer& peer : peers_) peer.hang_up();
  if (stage_.stuck()) return;
  stage_.gateway().wait_for_log("drained");
  const int exit_code = stage_.gateway().wait_exit();
  stage_.journal().known("gateway", absl::StrCat("ends with ", exit_code));
}

void DifferentialScript::tell_counters() {
  if (stage_.stuck()) return;
  for (const std::string_view name :
       {"connections_accepted", "connections_authenticated", "frames_received", "pings", "sends",
        "sends_refused", "sendacks", "recvs", "recvacks", "messages_undelivered"}) {
    const std::string sample = "sluice_" + std::string(name) + "_total";
    stage_.journal().known("gateway", absl::StrCat(sample, " ", metric(stage_.admin(), sample)));
  }
}

// What the gateway wrote about each connection, and of whose coming and going it was a part: which
// of two connections that end at once is the uid's last, the order of their letters decides.
void DifferentialScript::tell_log() {
  if (stage_.stuck()) return;
  for (const TracedPeer& peer : peers_) {
    const LogFields by_peer{{"peer", peer.address()}};
    const LogFields by_uid{{"uid", peer.uid()}};
    tell_lines(peer, "connection accepted", by_peer);
    tell_lines(peer, "online", by_uid);
    tell_lines(peer, "connection closed", by_peer);
    tell_lines(peer, "offline", by_uid);
  }
}

void DifferentialScript::tell_lines(const TracedPeer& peer, std::string_view message,
                                    const LogFields& fields) {
  for (const LogLine& line : stage_.gateway().log(message, fields)) {
    std::string text = "logged " + std::string(line["level"]) + ": " + std::string(message);
    for (const std::string_view key : {"uid", "reason", "detail"}) {
      if (const std::string value(line[key]); !value.empty()) text += ", " + value;
    }
    stage_.journal().known(peer.name(), text);
  }
}

}  // namespace sluice
