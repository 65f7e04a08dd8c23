#include "sys/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "sys/errno_status.h"
#include "sys/unique_fd.h"

namespace sluice {

absl::StatusOr<std::string> read_file(const std::string& path, size_t bytes_max) {
  const auto failed = [&path](int error) {
    return errno_status(error, absl::StrCat("cannot read ", path));
  };
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failed(errno);
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(errno);
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    if (text.size() > bytes_max) {
      return absl::OutOfRangeError(
          absl::StrCat("cannot read ", path, ": it is larger than ", bytes_max, " bytes"));
    }
  }
}

}  // namespace sluice
