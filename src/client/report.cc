// Tested by: tests/unit/client/commands_test.cc, by what the commands print
#include "client/report.h"

#include <algorithm>
#include <ctime>
#include <numeric>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/visible.h"
#include "codec/utf8.h"

namespace sluice {
namespace {

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

double milliseconds(Duration length) {
  return std::chrono::duration<double, std::milli>(length).count();
}

int64_t number_of(Reason reason) { return static_cast<int64_t>(reason); }
int64_t number_of(ChannelType type) { return static_cast<int64_t>(type); }

std::string time_of_day(int32_t timestamp_s) {
  const std::time_t seconds = timestamp_s;
  std::tm local{};
  localtime_r(&seconds, &local);
  return absl::StrFormat("%02d:%02d:%02d ", local.tm_hour, local.tm_min, local.tm_sec);
}

// JSON strings are Unicode; other bytes travel as base64 under a key of their own.
struct JsonText {
  explicit JsonText(Bytes bytes) : is_text(is_valid_utf8(text_of(bytes))) {
    const std::string_view view = text_of(bytes);
    value = is_text ? std::string(view) : absl::Base64Escape(absl_view(view));
  }
  JsonField field() const { return {is_text ? "text" : "base64", value}; }

  bool is_text;
  std::string value;
};

}  // namespace

std::string reason_text(Reason reason) {
  return absl::StrCat(absl_view(name_of(reason)), " (", number_of(reason), ")");
}

std::string channel_text(const Channel& channel) {
  return channel.type == ChannelType::Person ? channel.id : absl::StrCat("group ", channel.id);
}

void Report::message(const RecvPacket& message) {
  if (options_.json) {
    const JsonText text(message.payload);
    const std::string id = absl::StrCat(message.message_id);
    json(std::initializer_list<JsonField>{
        {"event", "message"},
        {"fromUid", message.from_uid},
        {"channelId", message.channel_id},
        {"channelType", number_of(message.channel_type)},
        {"messageId", id},  // a string: many readers of JSON lose bits of large numbers
        {"messageSeq", int64_t{message.message_seq}},
        {"timestamp", int64_t{message.timestamp_s}},
        text.field()});
    return;
  }
  std::string line;
  if (console_.out_is_terminal()) line = time_of_day(message.timestamp_s);
  if (message.channel_type != ChannelType::Person) {
    absl::StrAppend(&line, "[", visible(message.channel_id), "] ");
  }
  absl::StrAppend(&line, visible(message.from_uid));
  // Our own words, said at another device.
  if (message.channel_type == ChannelType::Person && message.channel_id != message.from_uid) {
    absl::StrAppend(&line, " to ", visible(message.channel_id));
  }
  absl::StrAppend(&line, ": ", visible(text_of(message.payload)));
  console_.print(line);
}

void Report::event(const EventPacket& event) {
  if (options_.json) {
    const JsonText text(event.data);
    json(std::initializer_list<JsonField>{{"event", "event"},
                                          {"id", event.id},
                                          {"type", event.type},
                                          {"timestampMs", event.timestamp_ms},
                                          text.field()});
    return;
  }
  console_.print(absl::StrCat("event ", visible(event.type), " ", visible(event.id), ": ",
                              visible(text_of(event.data))));
}

bool Report::sent(const SendackPacket& ack, const Channel& to, bool with_success) {
  const bool ok = ack.reason == Reason::Success;
  if (options_.json) {
    const std::string id = absl::StrCat(ack.message_id);
    json(std::initializer_list<JsonField>{{"event", "sendack"},
                                          {"channelId", to.id},
                                          {"channelType", number_of(to.type)},
                                          {"clientSeq", int64_t{ack.client_seq}},
                                          {"messageId", id},
                                          {"messageSeq", int64_t{ack.message_seq}},
                                          {"reason", name_of(ack.reason)},
                                          {"reasonCode", number_of(ack.reason)}});
  } else if (ok && with_success) {
    console_.print(absl::StrCat("sent to ", visible(channel_text(to)), ", message ", ack.message_id,
                                ", number ", ack.message_seq));
  }
  if (!ok) {
    const bool join = ack.reason == Reason::NotAllowSend && to.type == ChannelType::Group;
    problem(absl::StrCat("not sent to ", visible(channel_text(to)), ": ", reason_text(ack.reason),
                         join ? "; join the group first" : ""));
  }
  return ok;
}

bool Report::subscribed(const SubackPacket& ack, bool with_success) {
  const bool ok = ack.reason == Reason::Success;
  const bool joins = ack.action == SubAction::Subscribe;
  if (options_.json) {
    json(std::initializer_list<JsonField>{{"event", "suback"},
                                          {"channelId", ack.channel_id},
                                          {"action", joins ? "subscribe" : "unsubscribe"},
                                          {"reason", name_of(ack.reason)},
                                          {"reasonCode", number_of(ack.reason)}});
  } else if (ok && with_success) {
    note(absl::StrCat(joins ? "joined" : "left", " group ", visible(ack.channel_id)));
  }
  if (!ok) {
    problem(absl::StrCat("cannot ", joins ? "join" : "leave", " group ", visible(ack.channel_id),
                         ": ", reason_text(ack.reason)));
  }
  return ok;
}

void Report::pong(uint64_t number, Duration round_trip) {
  if (options_.json) {
    json(std::initializer_list<JsonField>{{"event", "pong"},
                                          {"number", static_cast<int64_t>(number)},
                                          {"ms", milliseconds(round_trip)}});
    return;
  }
  console_.print(absl::StrFormat("PONG from %s: number %d, %.3f ms", options_.server.to_string(),
                                 number, milliseconds(round_trip)));
}

void Report::summary(std::span<const Duration> round_trips) {
  if (options_.json || round_trips.size() < 2) return;
  const auto [least, most] = std::minmax_element(round_trips.begin(), round_trips.end());
  const Duration sum = std::accumulate(round_trips.begin(), round_trips.end(), Duration::zero());
  const auto count = static_cast<int64_t>(round_trips.size());
  console_.print(absl::StrFormat("%d round trips: least %.3f ms, mean %.3f ms, most %.3f ms", count,
                                 milliseconds(*least), milliseconds(sum / count),
                                 milliseconds(*most)));
}

void Report::note(std::string_view text) { console_.complain(text); }

void Report::problem(std::string_view text) {
  console_.complain(absl::StrCat("sluice-client: ", absl_view(text)));
}

void Report::json(std::span<const JsonField> fields) { console_.print(json_line(fields)); }

}  // namespace sluice
