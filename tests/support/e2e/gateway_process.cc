#include "support/e2e/gateway_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace sluice {
namespace {

// Each flag once: sluice refuses to guess which of two is meant.
std::vector<std::string> command_of(std::vector<std::string> flags) {
  const std::vector<std::string> usual{"--listen=tcp://127.0.0.1:0", "--reactors=2",
                                       "--log-format=json", "--log-level=info"};
  std::vector<std::string> command{program_path("SLUICE_BINARY")};
  for (const std::string& flag : usual) {
    const std::string key = flag.substr(0, flag.find('=') + 1);
    const bool given = std::any_of(flags.begin(), flags.end(), [&](const std::string& other) {
      return other.starts_with(key);
    });
    if (!given) command.push_back(flag);
  }
  for (std::string& flag : flags) command.push_back(std::move(flag));
  return command;
}

LineTap::Wanted lines_with(std::string_view message, const LogFields& fields) {
  return [message, &fields](std::string_view line) {
    return line.find(message) != line.npos && LogLine(line).matches(message, fields);
  };
}

std::vector<LogLine> log_lines(const std::vector<std::string>& lines) {
  std::vector<LogLine> read;
  for (const std::string& line : lines) read.emplace_back(line);
  return read;
}

std::string describe(const LogFields& fields) {
  std::string text;
  for (const auto& [key, value] : fields) text += " " + key + "=" + value;
  return text;
}

}  // namespace

std::string program_path(const char* variable) {
  const char* path = std::getenv(variable);
  SLUICE_CHECK(path != nullptr, "SLUICE_BINARY and SLUICE_CLIENT_BINARY name the programs");
  return path;
}

GatewayProcess::GatewayProcess(std::vector<std::string> flags,
                               const ChildProcess::Surroundings& surroundings, Here here)
    : process_(command_of(std::move(flags)), surroundings) {
  const std::vector<LogLine> lines = wait_for_log("listening", {}, 1, here);
  if (lines.empty()) return;
  const std::string_view shown = lines[0]["address"];
  const auto address = Address::parse(shown.substr(shown.find("//") + 2));
  if (address.ok()) address_ = *address;
}

GatewayProcess::~GatewayProcess() {
  if (!running()) return;
  EXPECT_EQ(stop(), 0) << "the gateway did not end well";
  if (testing::Test::HasFailure()) std::printf("the gateway's log ends:\n%s", log_tail().c_str());
}

Address GatewayProcess::admin_address() {
  const std::vector<LogLine> lines = wait_for_log("admin port open");
  if (lines.empty()) return {};
  const auto address = Address::parse(lines[0]["address"]);
  return address.ok() ? *address : Address();
}

std::vector<LogLine> GatewayProcess::wait_for_log(std::string_view message, const LogFields& fields,
                                                  size_t count, Here here) {
  const auto lines = process_.errors().wait_for(count, lines_with(message, fields));
  if (lines.size() < count) {
    ADD_FAILURE_AT(here.file, here.line)
        << lines.size() << " of " << count << " log lines \"" << message << "\"" << describe(fields)
        << "; the log ends:\n"
        << log_tail();
  }
  return log_lines(lines);
}

std::vector<LogLine> GatewayProcess::log(std::string_view message, const LogFields& fields) {
  return log_lines(process_.errors().find(lines_with(message, fields)));
}

int GatewayProcess::stop() {
  send_signal(SIGTERM);
  return wait_exit();
}

size_t GatewayProcess::open_descriptors() const {
  std::error_code error;
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid()) + "/fd", error);
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

size_t GatewayProcess::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid()) + "/status");
  for (std::string word; status >> word;) {
    size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

void GatewayProcess::limit_descriptors(uint64_t soft) {
  rlimit limit{};
  ASSERT_EQ(prlimit(pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = soft;
  ASSERT_EQ(prlimit(pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
}

void GatewayProcess::unlimit_descriptors() {
  rlimit limit{};
  ASSERT_EQ(prlimit(pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  limit_descriptors(limit.rlim_max);
}

Finished run_sluice(const std::vector<std::string>& words,
                    const ChildProcess::Surroundings& surroundings) {
  std::vector<std::string> command{program_path("SLUICE_BINARY")};
  command.insert(command.end(), words.begin(), words.end());
  ChildProcess process(command, surroundings);
  process.close_input();
  const int exit_code = process.wait_exit();
  return {exit_code, process.output().text(), process.errors().text()};
}

}  // namespace sluice
