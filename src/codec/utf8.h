// Two questions about text from a peer, for the fields where the answer matters (a uid, a topic).
//
// The decoder asks neither: most strings only travel through. Not a normaliser, and no locale; what
// a well-formed character is, base/utf8.h knows. Pure, any thread.
#pragma once

#include <string_view>

namespace sluice {

// Well-formed UTF-8 by table 3-7 of the Unicode standard: no overlong form, no surrogate, nothing
// over U+10FFFF, no cut character. Control characters are well-formed; ask has_control() for them.
bool is_valid_utf8(std::string_view text);

// Whether a control character is inside: U+0000 to U+001F, or U+007F to U+009F. In text that is not
// valid UTF-8 the malformed bytes count as none; ask is_valid_utf8() first.
bool has_control(std::string_view text);

}  // namespace sluice
