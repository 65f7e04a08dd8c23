// sluice-load: a load for a gateway or an echo, in processes of its own. perf/README.md has its
// method; --help its flags.
#include <sched.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "load/command_line.h"
#include "load/coordinator.h"
#include "load/hiccups.h"
#include "load/result.h"
#include "load/scenario.h"

namespace sluice::load {
namespace {

constexpr int kWrong = 1;
constexpr int kUsage = 2;

int complain(const absl::Status& status, int code) {
  std::cerr << "sluice-load: " << status.message() << std::endl;
  return code;
}

bool write_result(const std::string& path, const std::string& text) {
  if (path == "-") return static_cast<bool>(std::cout << text << std::flush);
  std::ofstream file(path);
  file << text << std::flush;
  return static_cast<bool>(file);
}

int show_hiccups(const Options& options) {
  if (!options.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<size_t>(options.cpus.front()), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
      std::perror("sluice-load: --cpus");
      return kUsage;
    }
  }
  const Histogram hiccups = watch_hiccups(options.hiccup_seconds);
  std::cout << hiccups_json(options.cpus.empty() ? -1 : options.cpus.front(),
                            options.hiccup_seconds, hiccups);
  return 0;
}

int run(const Options& options) {
  const absl::StatusOr<Scenario> scenario = make_scenario(options.scenario_path, options.settings);
  if (!scenario.ok()) return complain(scenario.status(), kUsage);
  Coordinator coordinator(options, *scenario);
  const absl::StatusOr<Tally> tally = coordinator.run();
  if (!tally.ok()) {
    return complain(tally.status(), absl::IsInvalidArgument(tally.status()) ? kUsage : kWrong);
  }
  if (!options.json_path.empty() &&
      !write_result(options.json_path, result_json(options, *scenario, *tally))) {
    std::cerr << "sluice-load: cannot write " << options.json_path << std::endl;
    return kUsage;
  }
  if (!options.control && options.json_path != "-") std::cout << result_words(*scenario, *tally);
  coordinator.finish();
  return tally->correct() ? 0 : kWrong;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  using namespace sluice::load;
  const absl::StatusOr<Options> options = parse_command_line(argc, argv);
  if (!options.ok()) return complain(options.status(), kUsage);
  if (options->help) {
    std::cout << options->help_text;
    return 0;
  }
  return options->hiccup_seconds > 0 ? show_hiccups(*options) : run(*options);
}
