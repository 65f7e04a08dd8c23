// Loads a configuration in a test from flags, variables and a file that the test writes down as
// text.
//
// For the unit tests of gateway/config only.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/config/load.h"

namespace sluice::testing_config {

// The hard descriptor limit of every test, so that none depends on the machine's.
inline constexpr uint64_t kDescriptorLimit = 20000;

// A file that is gone again with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    path_ = ::testing::TempDir() + "sluice_config_XXXXXX";
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    if (fd >= 0) close(fd);
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Words = std::vector<std::string>;

inline absl::StatusOr<CommandLine> parse(const Words& words) {
  std::vector<const char*> argv = {"sluice"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

inline absl::StatusOr<Loaded> load(const Words& flags, const Words& environment = {},
                                   Surroundings surroundings = {}) {
  absl::StatusOr<CommandLine> line = parse(flags);
  if (!line.ok()) return line.status();
  std::vector<const char*> variables;
  for (const std::string& variable : environment) variables.push_back(variable.c_str());
  variables.push_back(nullptr);
  surroundings.environment = variables.data();
  if (surroundings.descriptor_limit == 0) surroundings.descriptor_limit = kDescriptorLimit;
  return load_config(*line, surroundings);
}

// The whole error text, or "ok".
template <typename T>
std::string problem(const absl::StatusOr<T>& result) {
  return result.ok() ? "ok" : std::string(result.status().message());
}

}  // namespace sluice::testing_config
