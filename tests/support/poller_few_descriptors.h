// A process that is about to run out of descriptors, for as long as this lives.
//
// Lowers the soft limit; what is open stays open. Whatever else the test opens meanwhile (a peer's
// socket, a file under /proc) counts too: open it before.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>

#include <vector>

#include "sys/unique_fd.h"

namespace sluice::test {

class FewDescriptors {
 public:
  // Only `more` descriptors can be opened.
  explicit FewDescriptors(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // The kernel gives out the lowest free number: the limit lies behind the next `more` of them.
    std::vector<UniqueFd> probes;
    for (rlim_t i = 0; i <= more; ++i) {
      probes.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(probes.back().get());
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace sluice::test
