#include "client/program.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/chat.h"
#include "client/client.h"
#include "client/commands.h"
#include "client/console.h"
#include "client/exit_code.h"
#include "client/interrupts.h"
#include "client/options.h"
#include "client/report.h"
#include "client/visible.h"

namespace sluice {
namespace {

bool needs_every_answer(Command command) {
  return command == Command::Send || command == Command::Ping;
}

ExitCode run(Client& client, const Options& options, Console& console, Instant begun) {
  Report report(options, console);
  const News news = client.connect();
  if (news == News::Interrupted) {
    return needs_every_answer(options.command) ? ExitCode::Refused : ExitCode::Success;
  }
  if (news != News::Packet) return client.ended();
  switch (options.command) {
    case Command::Send:
      return run_send(client, options, report);
    case Command::Listen:
      return run_listen(client, options, report, begun);
    case Command::Ping:
      return run_ping(client, options, report);
    default:
      return Chat(client, options, console, report).run();
  }
}

}  // namespace

int client_main(std::vector<std::string> arguments, int in, int out, int err, const Clock& clock) {
  Console console(in, out, err);
  const absl::StatusOr<Options> options = parse_options(std::move(arguments));
  if (!options.ok()) {
    for (const absl::string_view line : absl::StrSplit(options.status().message(), '\n')) {
      console.complain(absl::StrCat("sluice-client: ", visible({line.data(), line.size()})));
    }
    return static_cast<int>(ExitCode::Usage);
  }
  if (options->command == Command::Help) {
    console.print(help_text());
    return 0;
  }
  if (options->command == Command::Version) {
    console.print("sluice-client " SLUICE_VERSION);
    return 0;
  }
  const Interrupts interrupts;
  Client client(*options, console, interrupts, clock);
  const ExitCode code = run(client, *options, console, clock.now());
  client.goodbye();
  return static_cast<int>(code);
}

}  // namespace sluice
