#include "support/e2e/gateway_test.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/check.h"

namespace sluice {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
    SLUICE_CHECK(mkdtemp(pattern.data()) != nullptr, "a test may write temporary files");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

const std::string& objection_to(std::string_view spec) {
  static std::map<std::string_view, std::string> answers;
  const auto [it, is_new] = answers.emplace(spec, "");
  if (is_new) {
    const Finished check = run_sluice({"check", "--poller=" + std::string(spec)});
    if (check.exit_code != 0) it->second = check.errors;
  }
  return it->second;
}

void GatewayTest::SetUp() {
  if (const std::string& objection = objection_to(GetParam()); !objection.empty()) {
    GTEST_SKIP() << "no poller " << GetParam() << " here: " << objection;
  }
  poller = std::string(GetParam());
}

void GatewayTest::TearDown() {
  for (const auto& gateway : gateways_) {
    const int exit_code = gateway->running() ? gateway->stop() : 0;
    EXPECT_EQ(exit_code, 0) << "the gateway did not end well";
    std::set<std::string, std::less<>> ended;
    for (const LogLine& line : gateway->log("connection closed")) {
      EXPECT_TRUE(ended.emplace(line["conn"]).second) << "closed twice: " << line["conn"];
    }
    if (HasFailure()) {
      std::printf("poller %s; the gateway's log ends:\n%s", std::string(GetParam()).c_str(),
                  gateway->log_tail().c_str());
    }
  }
  gateways_.clear();
}

GatewayProcess& GatewayTest::start(std::vector<std::string> flags,
                                   const ChildProcess::Surroundings& surroundings, Here here) {
  flags.push_back("--poller=" + poller);
  gateways_.push_back(std::make_unique<GatewayProcess>(std::move(flags), surroundings, here));
  return *gateways_.back();
}

size_t closes(GatewayProcess& gateway, std::string_view reason) {
  return gateway.log("connection closed", {{"reason", std::string(reason)}}).size();
}

LogLine expect_close(GatewayProcess& gateway, const TestPeer& peer, std::string_view reason,
                     Here here) {
  const auto lines = gateway.wait_for_log("connection closed", {{"peer", peer.name()}}, 1, here);
  if (lines.empty()) return LogLine("");
  if (lines[0]["reason"] != reason) {
    fail_at(here, "closed for " + std::string(lines[0]["reason"]) + " (" +
                      std::string(lines[0]["detail"]) + ") instead of " + std::string(reason));
  }
  return lines[0];
}

std::string temporary_file(std::string_view name, std::string_view content) {
  static const TemporaryFolder folder;
  const std::string path = (folder.path() / name).string();
  std::ofstream(path, std::ios::trunc) << content;
  return path;
}

}  // namespace sluice
