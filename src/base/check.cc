#include "base/check.h"

#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace sluice {
namespace {

// Collects the line so that it leaves in one write(2), whole even when several threads
// fail at once.
class Line {
 public:
  void add(const char* text) {
    // The last byte stays free for the line feed.
    for (; *text != '\0' && size_ < sizeof(bytes_) - 1; ++text) bytes_[size_++] = *text;
  }

  void add(int number) {
    char digits[12];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    auto rest = static_cast<unsigned>(number);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    add(digits + at);
  }

  void write_to_stderr() {
    bytes_[size_++] = '\n';
    // Nothing is left to do about a stderr that does not take it.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, bytes_, size_);
  }

 private:
  char bytes_[1024];  // Longer conditions and reasons are cut.
  size_t size_ = 0;
};

}  // namespace

void check_failed(const char* file, int line, const char* condition, const char* why) noexcept {
  Line message;
  message.add(file);
  message.add(":");
  message.add(line);
  message.add(": check failed: ");
  message.add(condition);
  message.add(": ");
  message.add(why);
  message.write_to_stderr();
  std::abort();
}

}  // namespace sluice
