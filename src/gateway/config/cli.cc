#include "gateway/config/cli.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/config/cli_split.h"
#include "gateway/config/option_table.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

using Command = CommandLine::Command;

struct CommandWord {
  std::string_view word;
  Command command;
};

constexpr std::array kCommands = {
    CommandWord{"serve", Command::Serve},     CommandWord{"check", Command::Check},
    CommandWord{"config", Command::Config},   CommandWord{"pollers", Command::Pollers},
    CommandWord{"version", Command::Version}, CommandWord{"help", Command::Help},
};

// Flags that are commands, behind those of the option table.
constexpr std::array kCommandFlags = {
    CommandWord{"--help", Command::Help},
    CommandWord{"-h", Command::Help},
    CommandWord{"--version", Command::Version},
};

std::vector<std::string> command_words() {
  std::vector<std::string> words;
  for (const CommandWord& known : kCommands) words.emplace_back(known.word);
  return words;
}

std::vector<std::string> flag_words() {
  std::vector<std::string> words;
  for (const Option& option : options()) words.push_back(flag_name(option));
  words.insert(words.end(), {"--help", "--version"});
  return words;
}

bool is_flag(std::string_view argument) { return argument.size() > 1 && argument[0] == '-'; }

// Takes "--key=" out before the split, in which it would take the next word for its value.
void take_out_empty(std::vector<std::string>& arguments, std::vector<std::string>& problems) {
  std::vector<std::string> kept;
  bool only_words = false;  // behind "--"
  for (std::string& argument : arguments) {
    only_words = only_words || argument == "--";
    if (!only_words && argument.starts_with("--") && argument.find('=') + 1 == argument.size()) {
      problems.push_back(absl::StrCat("flag ", argument.substr(0, argument.size() - 1),
                                      ": is empty; write a value behind the =, or leave it out"));
    } else {
      kept.push_back(std::move(argument));
    }
  }
  arguments = std::move(kept);
}

std::string unknown_flag(std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find('='));
  const std::string hint = suggestion(name, flag_words());
  return absl::StrCat("unknown flag ", absl_view(name),
                      hint.empty() ? "; sluice --help lists them all" : hint);
}

std::string unknown_command(std::string_view word) {
  const std::string hint = suggestion(word, command_words());
  return absl::StrCat(
      "unknown command ", absl_view(word),
      hint.empty() ? absl::StrCat("; use one of ", absl::StrJoin(command_words(), ", ")) : hint);
}

// Finds the command among what is left, and explains the rest.
void read_rest(const std::vector<std::string>& rest, CommandLine& line,
               std::vector<std::string>& problems) {
  std::string_view first;
  bool after_unknown_flag = false;
  for (const std::string& argument : rest) {
    if (argument == "--") continue;
    if (is_flag(argument)) {
      problems.push_back(unknown_flag(argument));
      after_unknown_flag = argument.find('=') == argument.npos;
      continue;
    }
    const auto* known = std::find_if(kCommands.begin(), kCommands.end(),
                                     [&](const CommandWord& c) { return c.word == argument; });
    if (known == kCommands.end()) {
      // A word behind an unknown flag is most likely its value: one mistake, one line.
      if (!after_unknown_flag) problems.push_back(unknown_command(argument));
    } else if (!first.empty()) {
      problems.push_back(absl::StrCat("two commands, ", absl_view(first), " and ", argument,
                                      "; give one of them"));
    } else {
      first = known->word;
      line.command = known->command;
    }
    after_unknown_flag = false;
  }
}

void read_flag(const Option& option, const std::vector<std::string>& values, CommandLine& line,
               std::vector<std::string>& problems) {
  if (values.empty()) return;
  const std::string name = flag_name(option);
  if (values.size() > 1) {
    const bool is_list = option.kind == OptionKind::AddressList;
    problems.push_back(absl::StrCat(
        "flag ", name, ": is given ", values.size(), " times; ",
        is_list ? "give it once, with a comma between two addresses" : "keep one of them"));
  } else if (values.front().empty()) {
    problems.push_back(absl::StrCat("flag ", name, ": needs a value; write ", name, "=",
                                    absl_view(option.metavar)));
  } else {
    line.flags.emplace_back(option.key, values.front());
  }
}

// The values come back in the order of the option table, then of kCommandFlags.
absl::StatusOr<SplitArguments> split_known(std::vector<std::string> arguments) {
  const std::vector<std::string> words = flag_words();
  std::vector<FlagName> names;
  for (size_t i = 0; i < options().size(); ++i) {
    names.push_back({.name = words[i], .is_switch = options()[i].kind == OptionKind::Switch});
  }
  for (const CommandWord& flag : kCommandFlags) {
    names.push_back({.name = flag.word, .is_switch = true});
  }
  return split_arguments(names, std::move(arguments));
}

}  // namespace

absl::StatusOr<CommandLine> parse_command_line(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  std::vector<std::string> problems;
  take_out_empty(arguments, problems);
  const absl::StatusOr<SplitArguments> split = split_known(std::move(arguments));
  if (!split.ok()) return split.status();

  CommandLine line;
  for (size_t i = 0; i < kCommandFlags.size(); ++i) {
    if (split->values[options().size() + i].empty()) continue;
    line.command = kCommandFlags[i].command;  // whoever asks for help gets it, whatever is wrong
    return line;
  }
  for (size_t i = 0; i < options().size(); ++i) {
    read_flag(options()[i], split->values[i], line, problems);
  }
  read_rest(split->rest, line, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  return line;
}

}  // namespace sluice
