#include "client/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "client/visible.h"
#include "codec/bounds.h"

namespace sluice {
namespace {

// A pipe's own size: more does not come at once.
constexpr size_t kReadBytes = 64 * 1024;
// A terminal that does not tell its width.
constexpr size_t kColumnsUsual = 80;
// To the first column, and clear to the end of the line.
constexpr char kClearLine[] = "\r\x1b[K";

size_t columns_of(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return kColumnsUsual;
  return size.ws_col;
}

}  // namespace

Console::Console(int in, int out, int err)
    : in_(in),
      out_(out),
      err_(err),
      out_is_terminal_(isatty(out) == 1),
      reader_(LineReader::Mode::Pipe, kFrameBodyBytesMax) {}

Console::~Console() {
  if (!editing_) return;
  write_all(out_, kClearLine);
  set_keys(false);
}

void Console::begin_editing() {
  if (!out_is_terminal_ || tcgetattr(in_, &before_) != 0) return;
  editing_ = true;
  reader_.set_mode(LineReader::Mode::Keys);
  resume();
}

void Console::set_prompt(std::string prompt) {
  prompt_ = std::move(prompt);
  if (editing_) write_all(out_, drawn(reader_.typed()));
}

void Console::resume() {
  if (!editing_) return;
  set_keys(true);
  write_all(out_, drawn(reader_.typed()));
}

void Console::set_keys(bool on) {
  termios wanted = before_;
  if (on) wanted.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ISIG stays: Ctrl-C works
  tcsetattr(in_, TCSADRAIN, &wanted);
}

std::string Console::drawn(std::string_view line) const {
  const std::string text = visible(absl::StrCat(prompt_, std::string(line)));
  // The last column stays free: a terminal that has written it is about to wrap.
  return absl::StrCat(kClearLine, std::string(tail_within(text, columns_of(out_) - 1)));
}

void Console::print(std::string_view line) { print_to(out_, line); }

void Console::complain(std::string_view line) { print_to(err_, line); }

void Console::print_to(int fd, std::string_view line) {
  if (editing_) write_all(out_, kClearLine);
  write_all(fd, absl::StrCat(std::string(line), "\n"));
  if (editing_) write_all(out_, drawn(reader_.typed()));
}

void Console::read_input() {
  char bytes[kReadBytes];
  const ssize_t size = read(in_, bytes, sizeof bytes);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) {
    reader_.end();
  } else {
    reader_.feed({bytes, static_cast<size_t>(size)});
  }
  if (editing_) write_all(out_, drawn(reader_.typed()));
}

std::optional<std::string> Console::next_line() {
  std::optional<std::string> line = reader_.next_line();
  if (line && editing_) {
    // What was said stays, and in full, above the next line.
    write_all(out_,
              absl::StrCat(kClearLine, visible(prompt_ + *line), "\n", drawn(reader_.typed())));
  }
  return line;
}

void Console::write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = write(fd, text.data(), text.size());
    if (size >= 0) {
      text.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      output_gone_ = output_gone_ || fd == out_;
      return;
    }
  }
}

}  // namespace sluice
