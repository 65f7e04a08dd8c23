// Where a test called from, so that a failure names the test's line instead of the support code's.
//
// As a default argument, `Here here = Here()`. (clang 14 has no std::source_location.)
#pragma once

namespace sluice {

struct Here {
  explicit Here(const char* its_file = __builtin_FILE(), int its_line = __builtin_LINE())
      : file(its_file), line(its_line) {}
  const char* file;
  int line;
};

}  // namespace sluice
