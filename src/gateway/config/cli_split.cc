#include "gateway/config/cli_split.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace sluice {

absl::StatusOr<SplitArguments> split_arguments(std::span<const FlagName> names,
                                               std::vector<std::string> arguments) {
  try {
    CLI::App app;
    app.set_help_flag();  // --help is a switch like any other, so that it never ends the process
    app.allow_extras();
    std::vector<CLI::Option*> known;
    for (const FlagName& name : names) {
      const std::string text(name.name);
      CLI::Option* option = name.is_switch ? app.add_flag(text) : app.add_option(text);
      // With a minimum of no value CLI11 does not take the next flag for a missing one.
      if (!name.is_switch) option->expected(0, 1);
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      known.push_back(option);
    }
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(arguments);
    SplitArguments split;
    for (const CLI::Option* option : known) split.values.push_back(option->results());
    split.rest = app.remaining();
    return split;
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace sluice
