// A process that is about to run out of descriptors, for as long as this lives.
//
// It opens descriptors until the limit is near. Lowering the limit would not do for every poller:
// io_uring's accept goes by the limit at the time it was armed. Whatever else the test opens
// meanwhile (a peer's socket, a file under /proc) counts too: open it before.
#pragma once

#include <fcntl.h>

#include <vector>

#include "sys/unique_fd.h"

namespace sluice::test {

class FewDescriptors {
 public:
  // Only `more` descriptors can be opened.
  explicit FewDescriptors(size_t more) {
    for (;;) {
      UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!fd.valid()) break;
      fillers_.push_back(std::move(fd));
    }
    fillers_.resize(fillers_.size() - more);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  std::vector<UniqueFd> fillers_;
};

}  // namespace sluice::test
