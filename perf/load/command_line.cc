#include "load/command_line.h"

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sluice::load {
namespace {

constexpr uint32_t kWorkersMax = 256;

absl::StatusOr<Address> server_of(const std::string& text) {
  absl::string_view rest = text;
  absl::ConsumePrefix(&rest, "tcp://");
  if (absl::StrContains(rest, "://")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--server=", text, ": this load speaks plain TCP so far: give tcp://ADDRESS:PORT"));
  }
  absl::StatusOr<Address> address = Address::parse(std::string_view(rest.data(), rest.size()));
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--server: ", address.status().message()));
  }
  return address;
}

}  // namespace

absl::StatusOr<Options> parse_command_line(int argc, const char* const* argv) {
  Options options;
  CLI::App app("A load for a gateway: opens connections, sends on schedule, counts every message.",
               "sluice-load");
  app.add_option("scenario", options.scenario_path, "TOML file, see perf/scenarios");
  app.add_option("--server", options.server_text, "where to connect: 127.0.0.1:5100");
  app.add_option("--set", options.settings, "KEY=VALUE instead of what the scenario says")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--workers", options.workers, "processes that share the connections")
      ->check(CLI::Range(1U, kWorkersMax));
  app.add_option("--cpus", options.cpus, "a core for each worker, in turn: 0,2")->delimiter(',');
  app.add_option("--seed", options.seed, "of the order of senders");
  app.add_option("--json", options.json_path, "write the result to this file; - is stdout");
  app.add_flag("--control", options.control, "be led through standard input and output");
  app.add_option("--hiccups", options.hiccup_seconds,
                 "watch the clock on one core for so many seconds instead")
      ->check(CLI::Range(0.01, 3600.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.help = true;
    options.help_text = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (options.hiccup_seconds > 0) return options;
  if (options.scenario_path.empty()) {
    return absl::InvalidArgumentError("no scenario: give a file such as perf/scenarios/ping.toml");
  }
  if (options.server_text.empty()) {
    return absl::InvalidArgumentError("--server is missing: give ADDRESS:PORT of the gateway");
  }
  const absl::StatusOr<Address> server = server_of(options.server_text);
  if (!server.ok()) return server.status();
  options.server = *server;
  return options;
}

}  // namespace sluice::load
