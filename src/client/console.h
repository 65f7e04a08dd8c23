// The user's side: standard input, output and error, which may be a terminal or pipes.
//
// At a terminal (both input and output) a chat edits its line here: the terminal is switched to
// single keys, and what comes in is printed above the line that is being typed. It borrows the
// descriptors, never makes them non-blocking (other programs share them), and puts the terminal
// back when it goes. What it prints must be visible() already. One thread.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "client/line_reader.h"

namespace sluice {

class Console {
 public:
  Console(int in, int out, int err);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Starts the line editor if there is a terminal; else lines are read as they come.
  void begin_editing();
  bool editing() const { return editing_; }
  // What stands before the typed line; shown only while editing.
  void set_prompt(std::string prompt);
  // The program was stopped and goes on: the shell may have changed the terminal.
  void resume();

  // Prints one line, without its line feed, to output or to error.
  void print(std::string_view line);
  void complain(std::string_view line);
  bool out_is_terminal() const { return out_is_terminal_; }
  // Nobody reads the output any more.
  bool output_gone() const { return output_gone_; }

  int in() const { return in_; }
  // Takes what is there; call it when poll(2) says that there is something, or it waits.
  void read_input();
  std::optional<std::string> next_line();
  bool input_ended() const { return reader_.ended(); }

 private:
  void set_keys(bool on);
  // The prompt and the end of `line` that fits the terminal, in place of the current line.
  std::string drawn(std::string_view line) const;
  void print_to(int fd, std::string_view line);
  void write_all(int fd, std::string_view text);

  const int in_;
  const int out_;
  const int err_;
  const bool out_is_terminal_;
  bool editing_ = false;
  bool output_gone_ = false;
  std::string prompt_;
  termios before_{};  // the terminal as we found it; while editing_
  LineReader reader_;
};

}  // namespace sluice
