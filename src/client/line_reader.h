// Makes lines out of what stands at standard input: a pipe's bytes, or a terminal's keys.
//
// At a terminal it is the line editor, so that the client knows what has been typed and can draw
// it again below a message that comes in between: Backspace, Ctrl-U, Ctrl-W, Ctrl-D; other keys
// of control are ignored. It neither reads nor draws: the Console does. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class LineReader {
 public:
  enum class Mode : uint8_t { Pipe, Keys };

  // Keeps at most `line_bytes_max` + 1 bytes of a line, so that the caller can tell one too long.
  LineReader(Mode mode, size_t line_bytes_max) : mode_(mode), line_bytes_max_(line_bytes_max) {}

  // For the bytes to come.
  void set_mode(Mode mode) { mode_ = mode; }
  void feed(std::string_view bytes);
  // Nothing more will come: what stands without a line feed is the last line.
  void end();
  // The next whole line, without its end.
  std::optional<std::string> next_line();
  // After the end, or Ctrl-D on an empty line, when all lines are taken.
  bool ended() const { return ended_ && lines_.empty(); }
  // The line that is being typed.
  std::string_view typed() const { return typed_; }

 private:
  enum class Escape : uint8_t { None, Begun, Sequence };

  void feed_key(char key);
  // Whether `key` belongs to an escape sequence: an arrow, a function key.
  bool in_escape(char key);
  void append(char byte);
  void drop_character();
  void drop_word();
  void finish_line();

  Mode mode_;
  const size_t line_bytes_max_;
  std::string typed_;
  std::deque<std::string> lines_;
  Escape escape_ = Escape::None;
  bool ended_ = false;
};

}  // namespace sluice
