#include "client/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/edit_distance.h"
#include "client/flags.h"

namespace sluice {
namespace {

struct CommandWord {
  std::string_view word;
  Command command;
};

constexpr std::array kCommands = {
    CommandWord{"chat", Command::Chat},     CommandWord{"send", Command::Send},
    CommandWord{"listen", Command::Listen}, CommandWord{"ping", Command::Ping},
    CommandWord{"help", Command::Help},     CommandWord{"version", Command::Version},
};

using Problems = std::vector<std::string>;
using Values = std::vector<std::string>;

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const std::optional<std::string> meant = did_you_mean(word, known);
  return meant ? absl::StrCat(": did you mean ", *meant, "?")
               : std::string("; sluice-client --help lists them");
}

std::vector<std::string_view> names_of(const std::vector<Flag>& flags) {
  std::vector<std::string_view> names = {"--help", "--version"};
  for (const Flag& flag : flags) names.emplace_back(flag.name);
  return names;
}

struct Split {
  bool help = false;
  bool version = false;
  std::vector<Values> values;  // of each flag, in their order
  Values words;                // what is no flag, and unknown flags
};

// Throws what CLI11 throws.
Split split(const std::vector<Flag>& flags, Values arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Split result;
  app.add_flag("-h,--help", result.help);
  app.add_flag("--version", result.version);
  std::vector<CLI::Option*> known;
  for (const Flag& flag : flags) {
    CLI::Option* option = flag.is_switch ? app.add_flag(flag.name) : app.add_option(flag.name);
    // With a minimum of no value CLI11 does not take the next flag for a missing one.
    if (!flag.is_switch) option->expected(0, 1);
    known.push_back(option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  app.parse(arguments);
  for (const CLI::Option* option : known) result.values.push_back(option->results());
  result.words = app.remaining();
  return result;
}

// Takes "--key=" out before the split, in which it would take the next word for its value.
Values without_empty(Values arguments, Problems& problems) {
  Values kept;
  for (std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.find('=') + 1 == argument.size()) {
      argument.pop_back();
      problems.push_back(absl::StrCat(argument, " is empty"));
    } else {
      kept.push_back(std::move(argument));
    }
  }
  return kept;
}

void take_values(const Flag& flag, const Values& values, Command command, Problems& problems) {
  if (values.empty()) return;
  if (!flag.only_for.empty() &&
      std::find(flag.only_for.begin(), flag.only_for.end(), command) == flag.only_for.end()) {
    const auto word_of = [](std::string* out, Command wanted) {
      for (const CommandWord& known : kCommands) {
        if (known.command == wanted) out->append(known.word);
      }
    };
    problems.push_back(
        absl::StrCat(flag.name, " is for ", absl::StrJoin(flag.only_for, " and ", word_of)));
    return;
  }
  if (values.size() > 1 && !flag.may_repeat && !flag.is_switch) {
    problems.push_back(absl::StrCat(flag.name, " is given ", values.size(), " times"));
    return;
  }
  for (const std::string& value : values) {
    const std::string wrong = value.empty() ? "needs a value" : flag.take(value);
    if (!wrong.empty()) problems.push_back(absl::StrCat(flag.name, ": ", wrong));
  }
}

// Takes the command out of the words, and complains of unknown flags.
void take_words(Values& words, const std::vector<Flag>& flags, Options& options,
                Problems& problems) {
  Values text;
  bool found = false;
  for (std::string& word : words) {
    if (word.size() > 1 && word[0] == '-') {
      const std::string name = word.substr(0, word.find('='));
      problems.push_back(absl::StrCat("unknown flag ", name, suggestion(name, names_of(flags))));
    } else if (!found) {
      found = true;
      const auto* known = std::find_if(kCommands.begin(), kCommands.end(),
                                       [&](const CommandWord& c) { return c.word == word; });
      if (known != kCommands.end()) {
        options.command = known->command;
        continue;
      }
      // A word behind an unknown flag is most likely its value: one mistake, one line.
      if (!problems.empty()) continue;
      std::vector<std::string_view> names;
      for (const CommandWord& command : kCommands) names.push_back(command.word);
      problems.push_back(absl::StrCat("unknown command ", word, suggestion(word, names)));
    } else {
      text.push_back(std::move(word));
    }
  }
  words = std::move(text);
}

// What must hold between the flags, the command and its words.
void check_whole(Options& o, const Values& words, Problems& problems) {
  if (o.command == Command::Ping) {
    if (o.uid.empty()) o.uid = o.device_id;
  } else if (o.uid.empty()) {
    problems.emplace_back("--uid is missing: who are you? Write --uid=alice");
  }
  if (o.command != Command::Send) {
    if (!words.empty()) problems.push_back(absl::StrCat("what is \"", words.front(), "\" for?"));
    return;
  }
  if (o.to.id.empty() == o.groups.empty() || o.groups.size() > 1) {
    problems.emplace_back("send needs a receiver: one --to=UID or one --group=NAME");
  } else if (!o.groups.empty()) {
    o.to = {.id = o.groups.front(), .type = ChannelType::Group};
  } else if (o.join) {
    problems.emplace_back("--join is for a --group; a person needs no subscription");
  }
  if (words.empty()) {
    problems.emplace_back("send needs a text, or - for the lines of standard input");
  }
  o.from_input = words == Values{"-"};
  o.text = absl::StrJoin(words, " ");
}

std::string random_device_id() {
  std::random_device dice;
  return absl::StrCat("sluice-client-", absl::Hex(dice(), absl::kZeroPad8));
}

absl::StatusOr<Options> parse(Values arguments) {
  Options options;
  options.server = *Address::parse("127.0.0.1:5100");
  options.device_id = random_device_id();
  Problems problems;
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const Values behind_mark(mark == arguments.end() ? mark : mark + 1, arguments.end());
  arguments.erase(mark, arguments.end());

  const std::vector<Flag> flags = flags_into(options);
  Split found = split(flags, without_empty(std::move(arguments), problems));
  take_words(found.words, flags, options, problems);
  if (found.help) options.command = Command::Help;  // whatever else is wrong
  if (found.version) options.command = Command::Version;
  if (found.help || found.version) return options;
  for (size_t i = 0; i < flags.size(); ++i) {
    take_values(flags[i], found.values[i], options.command, problems);
  }
  found.words.insert(found.words.end(), behind_mark.begin(), behind_mark.end());
  const bool connects = options.command != Command::Help && options.command != Command::Version;
  if (connects && problems.empty()) check_whole(options, found.words, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  return options;
}

}  // namespace

absl::StatusOr<Options> parse_options(std::vector<std::string> arguments) {
  try {
    return parse(std::move(arguments));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace sluice
