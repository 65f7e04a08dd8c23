#include "support/e2e/journal.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "codec/decode.h"
#include "codec/reason.h"

namespace sluice {
namespace {

// What a report shows before the line that differs.
constexpr size_t kLinesBefore = 4;

template <typename Packet>
bool read(const Frame& frame, uint8_t version, Packet& packet) {
  return decode(frame, version, packet).ok();
}

std::string text(std::string_view view) { return std::string(view); }

std::string line_or_end(const std::vector<std::string>& lines, size_t at) {
  return at < lines.size() ? lines[at] : "(the journal ends)";
}

}  // namespace

void Journal::add(std::string_view who, std::string_view sign, std::string_view what) {
  lines_.push_back(text(who) + text(sign) + text(what));
}

std::string Journal::name_of_message(int64_t id) {
  if (id == 0) return "none";
  return absl::StrCat("M", messages_.emplace(id, messages_.size() + 1).first->second);
}

std::string Journal::describe(const RecvPacket& recv, uint8_t version) {
  std::string line = absl::StrCat(
      "RECV ", name_of_message(recv.message_id), " seq ", recv.message_seq, " from ",
      text(recv.from_uid), " in ", text(recv.channel_id), " type ",
      static_cast<int>(recv.channel_type), " no ", text(recv.client_msg_no), " flags ", recv.flags,
      " setting ", recv.setting, " topic '", text(recv.topic), "' expire ", recv.expire_s);
  if (has_stream_fields(version, recv.setting)) {
    absl::StrAppend(&line, " stream '", text(recv.stream_no), "' ",
                    static_cast<int>(recv.stream_flag), " ",
                    name_of_message(static_cast<int64_t>(recv.stream_id)));
  }
  return line + ": " + describe_payload(recv.payload);
}

std::string Journal::describe(const SendackPacket& sendack) {
  return absl::StrCat("SENDACK ", sendack.client_seq, " ", text(name_of(sendack.reason)), " ",
                      name_of_message(sendack.message_id), " seq ", sendack.message_seq, " flags ",
                      sendack.flags);
}

std::string Journal::describe(const Frame& frame, uint8_t version) {
  ConnackPacket connack;
  SendackPacket sendack;
  RecvPacket recv;
  SubackPacket suback;
  DisconnectPacket disconnect;
  std::string type = text(name_of(frame.type));
  if (frame.type == PacketType::Pong) return type;
  if (frame.type == PacketType::Connack && read(frame, version, connack)) {
    return absl::StrCat(type, " ", text(name_of(connack.reason)), " flags ", connack.flags,
                        " server version ", connack.server_version, " node ", connack.node_id);
  }
  if (frame.type == PacketType::Sendack && read(frame, version, sendack)) {
    return describe(sendack);
  }
  if (frame.type == PacketType::Recv && read(frame, version, recv)) return describe(recv, version);
  if (frame.type == PacketType::Suback && read(frame, version, suback)) {
    return absl::StrCat(type, " ", text(suback.sub_no), " ", text(suback.channel_id), " action ",
                        static_cast<int>(suback.action), " ", text(name_of(suback.reason)));
  }
  if (frame.type == PacketType::Disconnect && read(frame, version, disconnect)) {
    return absl::StrCat(type, " ", text(name_of(disconnect.reason)), " '", text(disconnect.text),
                        "'");
  }
  return absl::StrCat(type, " that cannot be read: ", describe_payload(frame.body));
}

std::string describe_payload(Bytes payload) {
  return absl::StrCat(payload.size(), " bytes #", absl::Hex(stable_hash(text_of(payload))));
}

std::string first_difference(const Telling& first, const Telling& other) {
  const auto [mine, its] =
      std::mismatch(first.lines.begin(), first.lines.end(), other.lines.begin(), other.lines.end());
  if (mine == first.lines.end() && its == other.lines.end()) return "";
  const auto at = static_cast<size_t>(mine - first.lines.begin());
  const std::string wanted = line_or_end(first.lines, at);
  const std::string got = line_or_end(other.lines, at);
  const std::string& named = at < first.lines.size() ? wanted : got;
  std::string report =
      absl::StrCat("line ", at + 1, ", connection ", named.substr(0, named.find(' ')), ":\n  ",
                   first.way, "\n    ", wanted, "\n  ", other.way, "\n    ", got, "\nbefore it:");
  for (size_t i = at - std::min(at, kLinesBefore); i < at; ++i) {
    absl::StrAppend(&report, "\n    ", first.lines[i]);
  }
  return report;
}

}  // namespace sluice
