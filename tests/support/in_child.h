// Runs a piece of a test in a process of its own, for what a process cannot take back: a filter of
// system calls, a user without privileges, a lower limit.
//
// The child is a fork: of the test's threads only the calling one is there. It must not use the
// expectations of GoogleTest, whose failures would die with it: it returns what it found as text.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "base/check.h"
#include "sys/unique_fd.h"

namespace sluice::test {

// What `act` returned; a child that ends before that has failed the test.
inline std::string in_child(const std::function<std::string()>& act) {
  std::array<int, 2> ends{};
  SLUICE_CHECK(pipe(ends.data()) == 0, "a test has descriptors for a pipe");
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = fork();
  SLUICE_CHECK(child >= 0, "a test may start a process");
  if (child == 0) {
    const std::string found = act();
    const ssize_t written = write(writer.get(), found.data(), found.size());
    _exit(written == static_cast<ssize_t>(found.size()) ? 0 : 1);
  }
  writer.reset();
  std::string found;
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = read(reader.get(), part.data(), part.size())) > 0;) {
    found.append(part.data(), static_cast<size_t>(n));
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child ended with " << status;
  return found;
}

// Makes a process of root (in a child!) one of a user of its own, without privileges, who may lock
// so much memory; false where that is not possible. Locked memory is counted by user: nobody else's
// counts here.
inline bool become_nobody(uint64_t lockable_bytes) {
  const rlimit limit{lockable_bytes, lockable_bytes};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  if (geteuid() != 0) return false;
  constexpr uid_t kNobody = 65534;
  // Far over the users of any machine; one number per process.
  const uid_t own = 0x6000'0000U + static_cast<uid_t>(getpid());
  // With the last of its three ids the process loses its capabilities as well.
  return setresuid(own, own, own) == 0 || setresuid(kNobody, kNobody, kNobody) == 0;
}

}  // namespace sluice::test
