#include "sys/descriptors.h"

#include <sys/resource.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "sys/errno_status.h"

namespace sluice {

uint64_t descriptor_limit_hard() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

absl::StatusOr<uint64_t> raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return errno_status(errno,
                        absl::StrCat("cannot raise the descriptor limit to ", limit.rlim_max));
  }
  return limit.rlim_cur;
}

}  // namespace sluice
