#include "client/line_reader.h"

#include <utility>

namespace sluice {
namespace {

constexpr char kCtrlD = 0x04;
constexpr char kBackspace = 0x08;
constexpr char kCtrlU = 0x15;
constexpr char kCtrlW = 0x17;
constexpr char kEscape = 0x1b;
constexpr char kDelete = 0x7f;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }
bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20; }

}  // namespace

void LineReader::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (ended_) return;
    if (mode_ == Mode::Keys) {
      feed_key(byte);
    } else if (byte == '\n') {
      if (typed_.ends_with('\r')) typed_.pop_back();
      finish_line();
    } else {
      append(byte);
    }
  }
}

void LineReader::end() {
  if (!ended_ && !typed_.empty()) finish_line();
  ended_ = true;
}

std::optional<std::string> LineReader::next_line() {
  if (lines_.empty()) return std::nullopt;
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void LineReader::feed_key(char key) {
  if (in_escape(key)) return;
  switch (key) {
    case '\n':
    case '\r':
      finish_line();
      break;
    case kBackspace:
    case kDelete:
      drop_character();
      break;
    case kCtrlU:
      typed_.clear();
      break;
    case kCtrlW:
      drop_word();
      break;
    case kCtrlD:
      ended_ = typed_.empty();
      break;
    case '\t':
      append(' ');
      break;
    default:
      if (!is_control(key)) append(key);
      break;
  }
}

// ESC [ parameters final, ESC O final, or ESC and one character (ECMA-48, 5.4).
bool LineReader::in_escape(char key) {
  if (key == kEscape) {
    escape_ = Escape::Begun;
    return true;
  }
  if (escape_ == Escape::None) return false;
  const bool opens = escape_ == Escape::Begun && (key == '[' || key == 'O');
  const bool parameter = escape_ == Escape::Sequence && key >= 0x20 && key < 0x40;
  escape_ = opens || parameter ? Escape::Sequence : Escape::None;
  return true;
}

void LineReader::append(char byte) {
  if (typed_.size() <= line_bytes_max_) typed_ += byte;
}

void LineReader::drop_character() {
  while (!typed_.empty() && is_continuation(typed_.back())) typed_.pop_back();
  if (!typed_.empty()) typed_.pop_back();
}

void LineReader::drop_word() {
  while (typed_.ends_with(' ')) typed_.pop_back();
  while (!typed_.empty() && typed_.back() != ' ') typed_.pop_back();
}

void LineReader::finish_line() { lines_.push_back(std::exchange(typed_, {})); }

}  // namespace sluice
