#include "support/e2e/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "support/e2e/patience.h"

extern char** environ;

namespace sluice {
namespace {

constexpr int kCannotStart = 127;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  std::array<int, 2> fds{};
  SLUICE_CHECK(pipe2(fds.data(), O_CLOEXEC) == 0, "a test has descriptors for a pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_of(const ChildProcess::Surroundings& surroundings) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "SLUICE_", 7) != 0) all.emplace_back(*entry);
  }
  for (const std::string& entry : surroundings.environment) all.push_back(entry);
  return all;
}

// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* command, char* const* environment, std::array<int, 3> streams,
                         const ChildProcess::Surroundings& surroundings) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no gateway behind
  for (int i = 0; i < 3; ++i) dup2(streams[static_cast<size_t>(i)], i);
  if (const uint64_t max = surroundings.descriptors_max; max > 0) {
    const rlimit limit{max, max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (surroundings.prepare != nullptr) surroundings.prepare();
  execve(command[0], command, environment);
  _exit(kCannotStart);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command,
                           const Surroundings& surroundings) {
  const std::vector<std::string> environment = environment_of(surroundings);
  const std::vector<char*> command_pointers = pointers_to(command);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  pid_ = fork();
  SLUICE_CHECK(pid_ >= 0, "a test may start a process");
  if (pid_ == 0) {
    become(command_pointers.data(), environment_pointers.data(),
           {input.reader.get(), output.writer.get(), errors.writer.get()}, surroundings);
  }
  running_ = true;
  input_ = std::move(input.writer);
  output_ = std::make_unique<LineTap>(std::move(output.reader));
  errors_ = std::make_unique<LineTap>(std::move(errors.reader));
}

ChildProcess::~ChildProcess() {
  if (!running_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void ChildProcess::send_signal(int number) const {
  if (running_) kill(pid_, number);
}

int ChildProcess::wait_exit() {
  if (!running_) return exit_code_;
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  const auto end = patience_end();
  while (poll(&ended, 1, poll_ms_until(end)) < 0 && errno == EINTR) {
  }
  const bool in_time = (ended.revents & POLLIN) != 0;
  if (!in_time) {
    ADD_FAILURE() << "the child " << pid_ << " does not end; killed";
    kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  running_ = false;
  if (in_time) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

void ChildProcess::write_line(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  const ssize_t written = ::write(input_.get(), text.data(), text.size());
  EXPECT_EQ(written, static_cast<ssize_t>(text.size())) << "the child's standard input";
}

}  // namespace sluice
