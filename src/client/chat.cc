#include "client/chat.h"

#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/edit_distance.h"
#include "client/visible.h"

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t";

constexpr std::array<std::string_view, 10> kHelp = {
    "bob: hello     talks to bob, and says hello",
    "hello          says hello to the partner",
    "/to bob        talks to bob",
    "/group G       talks to group G",
    "/join G        subscribes to group G",
    "/leave G       ends that",
    "/quit          leaves; so do Ctrl-D and Ctrl-C",
    "/help          prints this",
    "A line that begins with a blank is a message, whatever follows the blank.",
    "Keys: Backspace, Ctrl-W (word), Ctrl-U (line).",
};

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// The length of "bob" in "bob: hello"; nothing in "see http://x: y" and in ":".
std::optional<size_t> addressed(std::string_view line) {
  const size_t colon = line.find(": ");
  if (colon == line.npos || colon == 0) return std::nullopt;
  if (line.substr(0, colon).find_first_of(kBlanks) != line.npos) return std::nullopt;
  return colon;
}

}  // namespace

ExitCode Chat::run() {
  console_.begin_editing();
  report_.note(absl::StrCat(visible(options_.uid), " is connected to ", options_.server.to_string(),
                            console_.editing() ? "; /help lists the commands" : ""));
  console_.set_prompt("> ");
  while (more_ || client_.unanswered() > 0) {
    // While lines are wanted, a late answer is no reason to leave.
    const News news = client_.wait(more_ ? kNever : client_.answer_deadline(), more_);
    if (news == News::Over) return client_.ended();
    if (news == News::Interrupted || news == News::Deadline || report_.unread()) break;
    if (news == News::Packet) on_packet(client_.packet());
    if (news == News::InputEnd) more_ = false;
    if (news == News::Line) on_line(client_.line());
  }
  return ExitCode::Success;
}

void Chat::on_packet(const Packet& packet) {
  if (const auto* message = std::get_if<RecvPacket>(&packet)) report_.message(*message);
  if (const auto* event = std::get_if<EventPacket>(&packet)) report_.event(*event);
  if (const auto* ack = std::get_if<SendackPacket>(&packet)) {
    report_.sent(*ack, client_.answered(), false);
  }
  if (const auto* ack = std::get_if<SubackPacket>(&packet)) report_.subscribed(*ack, true);
}

void Chat::on_line(std::string_view line) {
  if (trim(line).empty()) return;
  if (line.front() == '/') return on_command(trim(line));
  if (line.front() == ' ') return say(line.substr(1));
  if (const auto name = addressed(line)) {
    talk_to({.id = std::string(line.substr(0, *name))});
    line = line.substr(*name + 2);
  }
  say(line);
}

void Chat::on_command(std::string_view line) {
  constexpr std::array<std::string_view, 6> kCommands = {"/to",    "/group", "/join",
                                                         "/leave", "/quit",  "/help"};
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  const std::string_view name = trim(line.substr(word.size()));
  if (word == "/quit") {
    more_ = false;
  } else if (word == "/help") {
    for (const std::string_view help : kHelp) report_.note(help);
  } else if (std::find(kCommands.begin(), kCommands.end(), word) == kCommands.end()) {
    const std::optional<std::string> meant = did_you_mean(word, kCommands);
    report_.problem(absl::StrCat("unknown command ", visible(word),
                                 meant
                                     ? absl::StrCat(": did you mean ", *meant, "?")
                                     : "; /help lists them, a blank in front makes it a message"));
  } else if (name.empty()) {
    report_.problem(absl::StrCat("write a name behind ", visible(word)));
  } else if (word == "/to") {
    talk_to({.id = std::string(name)});
  } else if (word == "/group") {
    talk_to({.id = std::string(name), .type = ChannelType::Group});
  } else {
    // One that is too long was explained.
    (void)client_.subscribe(name, word == "/join" ? SubAction::Subscribe : SubAction::Unsubscribe);
  }
}

void Chat::talk_to(Channel to) {
  partner_ = std::move(to);
  console_.set_prompt(absl::StrCat(channel_text(partner_), "> "));
}

void Chat::say(std::string_view text) {
  if (partner_.id.empty()) {
    report_.problem("to whom? Write \"bob: hello\", /to bob or /group G");
    return;
  }
  (void)client_.send_text(partner_, text);  // one that is too long was explained
}

}  // namespace sluice
