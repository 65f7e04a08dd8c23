// Makes foreign text harmless to a terminal.
//
// A peer's uid or message must not move the cursor, ring, set the title or reorder a line. Not a
// quoting: a backslash stays one backslash, since people read this. Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// `text` as one line of printable UTF-8: control characters, line separators and the marks that
// turn the direction of writing become \n, \t, \r or \u001b, ill-formed bytes \xff.
std::string visible(std::string_view text);

// The end of `text` that fits into `columns`, for a line that is still being typed. `text` is
// visible(). Everything from U+1100 on counts as two columns: rather too short than wrapped.
std::string_view tail_within(std::string_view text, size_t columns);

}  // namespace sluice
