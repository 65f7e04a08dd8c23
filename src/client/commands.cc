#include "client/commands.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/visible.h"

namespace sluice {
namespace {

ExitCode timed_out(Report& report, const std::string& what) {
  report.problem(absl::StrCat("timed out: ", what));
  return ExitCode::Timeout;
}

ExitCode cut_short(Report& report) {
  report.problem("interrupted before the server had answered");
  return ExitCode::Refused;
}

// Prints what the server sent unasked.
void show_unasked(const Packet& packet, Report& report) {
  if (const auto* message = std::get_if<RecvPacket>(&packet)) report.message(*message);
  if (const auto* event = std::get_if<EventPacket>(&packet)) report.event(*event);
}

// The answer to --join: Success while all is well.
ExitCode join(Client& client, const std::string& group, Report& report) {
  if (!client.subscribe(group, SubAction::Subscribe)) return ExitCode::Refused;
  while (client.unanswered() > 0) {
    switch (client.wait(client.answer_deadline(), false)) {
      case News::Packet:
        if (const auto* ack = std::get_if<SubackPacket>(&client.packet())) {
          if (!report.subscribed(*ack, false)) return ExitCode::Refused;
        }
        break;
      case News::Deadline:
        return timed_out(report, "no SUBACK");
      case News::Interrupted:
        return cut_short(report);
      default:
        return client.ended();
    }
  }
  return ExitCode::Success;
}

}  // namespace

ExitCode run_send(Client& client, const Options& options, Report& report) {
  if (options.join) {
    const ExitCode code = join(client, options.to.id, report);
    if (code != ExitCode::Success) return code;
  }
  bool more = options.from_input;
  bool all_sent = more || client.send_text(options.to, options.text);
  while (more || client.unanswered() > 0) {
    switch (client.wait(client.answer_deadline(), more)) {
      case News::Line:
        all_sent = client.send_text(options.to, client.line()) && all_sent;
        break;
      case News::InputEnd:
        more = false;
        break;
      case News::Packet:  // a message to this uid is for its other devices: it is acknowledged only
        if (const auto* ack = std::get_if<SendackPacket>(&client.packet())) {
          all_sent = report.sent(*ack, client.answered(), true) && all_sent;
        }
        break;
      case News::Deadline:
        return timed_out(report, absl::StrCat("no SENDACK for ", client.unanswered(),
                                              client.unanswered() == 1 ? " message" : " messages"));
      case News::Interrupted:
        return cut_short(report);
      case News::Over:
        return client.ended();
    }
  }
  return all_sent ? ExitCode::Success : ExitCode::Refused;
}

ExitCode run_listen(Client& client, const Options& options, Report& report, Instant begun) {
  for (const std::string& group : options.groups) {
    if (!client.subscribe(group, SubAction::Subscribe)) return ExitCode::Refused;
  }
  const Instant end = options.has_timeout ? instant_after(begun, options.timeout) : kNever;
  const std::string ready =
      absl::StrCat(visible(options.uid), " listens on ", options.server.to_string());
  if (client.unanswered() == 0) report.note(ready);
  uint64_t received = 0;
  while (!options.count || received < *options.count) {
    const News news = client.wait(std::min(end, client.answer_deadline()), false);
    if (news == News::Interrupted || report.unread()) return ExitCode::Success;
    if (news == News::Over) return client.ended();
    if (news == News::Deadline) {
      if (client.unanswered() > 0) return timed_out(report, "no SUBACK");
      return timed_out(report, absl::StrCat(received, " received"));
    }
    if (const auto* ack = std::get_if<SubackPacket>(&client.packet())) {
      if (!report.subscribed(*ack, false)) return ExitCode::Refused;
      if (client.unanswered() == 0) report.note(ready);
    }
    if (std::holds_alternative<RecvPacket>(client.packet())) ++received;
    show_unasked(client.packet(), report);
  }
  return ExitCode::Success;
}

ExitCode run_ping(Client& client, const Options& options, Report& report) {
  std::vector<Duration> round_trips;
  const uint64_t count = options.count.value_or(1);
  for (uint64_t number = 1; number <= count; ++number) {
    const Instant begun = client.now();
    client.ping();
    News news = News::Packet;
    do {
      news = client.wait(instant_after(begun, options.timeout), false);
    } while (news == News::Packet && !std::holds_alternative<Pong>(client.packet()));
    if (news == News::Deadline) return timed_out(report, "no PONG");
    if (news == News::Interrupted) return cut_short(report);
    if (news != News::Packet) return client.ended();
    round_trips.push_back(client.now() - begun);
    report.pong(number, round_trips.back());
  }
  report.summary(round_trips);
  return ExitCode::Success;
}

}  // namespace sluice
