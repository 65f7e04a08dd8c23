#include "session/rules.h"

#include <array>
#include <cstddef>

#include "codec/bounds.h"
#include "codec/utf8.h"

namespace sluice {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Whether a character is printable ASCII, not blank, and none of @ # &.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = '!'; c <= '~'; ++c) plain[c] = c != '@' && c != '#' && c != '&';
  return plain;
}();

// Nearly every name is made of such characters alone, and then one look at each says all that the
// rules below would find out in five walks.
bool is_plain(std::string_view name) {
  bool plain = !name.empty();
  for (const char c : name) plain &= kPlain[static_cast<unsigned char>(c)];
  return plain;
}

}  // namespace

bool is_valid_uid(std::string_view uid) {
  if (uid.size() > kUidBytesMax) return false;
  return is_plain(uid) || (!is_blank(uid) && uid.find_first_of("@#&") == std::string_view::npos &&
                           is_valid_utf8(uid) && !has_control(uid));
}

bool is_valid_group(std::string_view channel_id) {
  if (channel_id.size() > kChannelIdBytesMax) return false;
  return is_plain(channel_id) ||
         (!is_blank(channel_id) && is_valid_utf8(channel_id) && !has_control(channel_id));
}

Reason check_channel(std::string_view channel_id, ChannelType type) {
  switch (type) {
    case ChannelType::Person:
      return is_valid_uid(channel_id) ? Reason::Success : Reason::ChannelIdError;
    case ChannelType::Group:
      return is_valid_group(channel_id) ? Reason::Success : Reason::ChannelIdError;
    default:
      return Reason::NotSupportChannelType;
  }
}

}  // namespace sluice
