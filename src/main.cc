// sluice: the only file that names concrete parts and puts them together.
//
// Reads the configuration, makes the gateway, waits for signals. SIGTERM and SIGINT drain, a second
// one ends at once; SIGHUP reads the token file again. Exit codes: 0 done, 1 could not start or
// serve, 2 bad flags or configuration.
//
// Tested by: tests/e2e, which run the program.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "admin/admin_server.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "gateway/config/cli.h"
#include "gateway/config/effective.h"
#include "gateway/config/help.h"
#include "gateway/config/load.h"
#include "gateway/config/wording.h"
#include "gateway/gateway.h"
#include "poller/make_poller.h"
#include "poller/self_test.h"
#include "session/token_table.h"
#include "sys/clock.h"
#include "sys/descriptors.h"
#include "sys/read_file.h"

extern char** environ;

namespace sluice {
namespace {

// A million users with long tokens fit; a log file named by mistake does not.
constexpr size_t kTokenFileBytesMax = size_t{256} << 20;

enum ExitCode : int { kDone = 0, kFailed = 1, kBadUsage = 2 };

void say(FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string message_of(const absl::Status& status) { return std::string(status.message()); }

absl::Status check_poller(std::string_view text) {
  SLUICE_ASSIGN_OR_RETURN(const PollerSpec spec, PollerSpec::parse(text));
  return check_poller_spec(spec);
}

absl::StatusOr<std::shared_ptr<const TokenTable>> load_tokens(const std::string& path) {
  SLUICE_ASSIGN_OR_RETURN(const std::string text, read_file(path, kTokenFileBytesMax));
  return TokenTable::parse(text, path);
}

// The options with their defaults; they align at any `indent`.
std::string option_rows(const PollerKind& kind, absl::string_view indent) {
  std::string text;
  for (const PollerOption& option : kind.options) {
    append_help_row(text, absl::StrCat(indent, absl_view(option.key), "=", absl_view(option.value)),
                    absl::StrCat(absl_view(option.help), " [", absl_view(option.fallback), "]"));
  }
  return text;
}

// What --help says about the pollers of this build.
std::string pollers_help() {
  std::string text;
  for (const PollerKind& kind : poller_kinds()) {
    const std::string name(kind.name);
    absl::StrAppend(&text, "\nPoller ", name, ", ", absl_view(kind.summary), " (--poller=", name,
                    ":key=value,key=value):\n", option_rows(kind, ""));
  }
  return text;
}

std::string features_text(const Poller& poller) {
  std::string text;
  for (const PollerFeature& feature : poller.features()) {
    absl::StrAppend(&text, " ", absl_view(feature.name), "=", feature.value);
  }
  return text;
}

// The table of `sluice pollers`, in the manner of haproxy -vv; kFailed when none is usable.
int print_pollers(const Clock& clock) {
  int exit_code = kFailed;
  std::string text = "Pollers of this build, the preferred one first:\n";
  for (const PollerKind& kind : poller_kinds()) {
    PollerSpec spec;
    spec.name = kind.name;
    const absl::Status status = self_test(spec, clock);
    absl::StrAppend(&text, "\n  ", spec.name, ": ", absl_view(kind.summary), "\n    self-test: ");
    if (status.ok()) {
      exit_code = kDone;
      absl::StrAppend(&text, "OK, usable\n");
      if (const auto poller = make_poller(spec, clock); poller.ok()) {
        const Caps& caps = (*poller)->caps();
        absl::StrAppend(&text, "    features:", features_text(**poller),
                        "\n    caps: hand_over=", caps.hand_over ? "yes" : "no",
                        " blocks=", caps.blocks, "x", caps.block_bytes,
                        " send_parts_max=", caps.send_parts_max,
                        " pause_slack_bytes=", caps.pause_slack_bytes, "\n");
      }
    } else {
      absl::StrAppend(&text, "FAILED, not usable: ", message_of(status), "\n");
    }
    absl::StrAppend(&text, "    options:\n", option_rows(kind, "    "));
  }
  say(stdout, text);
  return exit_code;
}

sigset_t served_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

void reload_tokens(Gateway& gateway, const Config& config) {
  if (config.auth != AuthMode::TokenFile) {
    log_info("SIGHUP: nothing to read again without --token-file");
    return;
  }
  const auto table = load_tokens(config.token_file);
  if (!table.ok()) {
    log_error("the token file is broken, the old one stays in force",
              {{"error", message_of(table.status())}});
    return;
  }
  gateway.on_every_shard([&](Shard& shard) {
    static_cast<TokenAuthenticator&>(shard.authenticator()).replace(*table);
  });
  log_info("token file read again", {{"entries", (*table)->size()}});
}

// Until SIGTERM or SIGINT.
void wait_for_the_end(Gateway& gateway, const Config& config) {
  const sigset_t set = served_signals();
  for (int signal = 0;;) {
    if (sigwait(&set, &signal) != 0) continue;
    if (signal != SIGHUP) return;
    reload_tokens(gateway, config);
  }
}

// From now on a signal ends the process where it stands.
void end_at_once_on_next_signal() {
  std::thread([] {
    sigset_t set = served_signals();
    sigdelset(&set, SIGHUP);
    int signal = 0;
    while (sigwait(&set, &signal) != 0) {
    }
    std::_Exit(kFailed);
  }).detach();
}

absl::Status serve(const Config& config, const Clock& clock) {
  SLUICE_ASSIGN_OR_RETURN(const uint64_t descriptors, raise_descriptor_limit());
  SLUICE_ASSIGN_OR_RETURN(const PollerSpec wanted, PollerSpec::parse(config.poller));
  SLUICE_ASSIGN_OR_RETURN(const ChosenPoller chosen,
                          choose_poller(wanted, lanes_of(config), clock));
  const PollerSpec& spec = chosen.spec;
  if (!chosen.fallback.empty()) {
    log_warn("falling back to a lesser poller", {{"poller", spec.name}, {"why", chosen.fallback}});
  }
  std::shared_ptr<const TokenTable> tokens;
  if (config.auth == AuthMode::TokenFile) {
    SLUICE_ASSIGN_OR_RETURN(tokens, load_tokens(config.token_file));
  }
  const auto make_authenticator = [&tokens]() -> std::unique_ptr<Authenticator> {
    if (tokens != nullptr) return std::make_unique<TokenAuthenticator>(tokens);
    return std::make_unique<OpenAuthenticator>();
  };
  SLUICE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Gateway> gateway,
      Gateway::start(
          config, connections_max(config, descriptors), clock,
          [&spec, &clock] { return make_poller(spec, clock); }, make_authenticator));
  std::unique_ptr<AdminServer> admin;
  if (config.admin.has_value()) {
    SLUICE_ASSIGN_OR_RETURN(
        admin, AdminServer::start(*config.admin, *gateway,
                                  {SLUICE_VERSION, spec.to_string(), chosen.fallback}));
    log_info("admin port open", {{"address", admin->address().to_string()}});
  }
  for (const Address& address : gateway->listening()) {
    log_info("listening", {{"address", "tcp://" + address.to_string()},
                           {"poller", spec.to_string()},
                           {"reactors", gateway->shard_count()},
                           {"connections_max", gateway->connections_max()}});
  }
  wait_for_the_end(*gateway, config);
  end_at_once_on_next_signal();
  gateway->drain();  // the admin port stays, to say so, and ends before the gateway does
  return absl::OkStatus();
}

int run(int argc, const char* const* argv) {
  const SystemClock clock;
  const absl::StatusOr<CommandLine> line = parse_command_line(argc, argv);
  if (!line.ok()) {
    say(stderr, absl::StrCat("sluice: ", message_of(line.status()), "\n"));
    return kBadUsage;
  }
  using Command = CommandLine::Command;
  if (line->command == Command::Help) {
    say(stdout, help_text() + pollers_help());
    return kDone;
  }
  if (line->command == Command::Version) {
    say(stdout, absl::StrCat("sluice ", SLUICE_VERSION, "\n"));
    return kDone;
  }
  Surroundings surroundings;
  surroundings.environment = environ;
  surroundings.descriptor_limit = descriptor_limit_hard();
  surroundings.check_poller = check_poller;
  const absl::StatusOr<Loaded> loaded = load_config(*line, surroundings);
  if (!loaded.ok()) {
    say(stderr, absl::StrCat(message_of(loaded.status()), "\n"));
    return kBadUsage;
  }
  switch (line->command) {
    case Command::Check:
      if (loaded->config.auth == AuthMode::TokenFile) {
        const auto tokens = load_tokens(loaded->config.token_file);
        if (!tokens.ok()) {
          say(stderr, absl::StrCat(message_of(tokens.status()), "\n"));
          return kBadUsage;
        }
      }
      say(stdout, "The configuration is good.\n");
      return kDone;
    case Command::Config:
      say(stdout, effective_text(*loaded));
      return kDone;
    case Command::Pollers:
      return print_pollers(clock);
    default:
      break;
  }
  // Before any thread starts, so that all of them leave these to sigwait().
  const sigset_t set = served_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  log_start(loaded->config.log_level, loaded->config.log_format);
  const absl::Status status = serve(loaded->config, clock);
  if (!status.ok()) log_error("cannot serve", {{"error", message_of(status)}});
  log_stop();
  return status.ok() ? kDone : kFailed;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) { return sluice::run(argc, argv); }
