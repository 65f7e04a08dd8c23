#include "session/rules.h"

#include "codec/bounds.h"
#include "codec/utf8.h"

namespace sluice {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

bool is_valid_uid(std::string_view uid) {
  return !is_blank(uid) && uid.size() <= kUidBytesMax &&
         uid.find_first_of("@#&") == std::string_view::npos && is_valid_utf8(uid) &&
         !has_control(uid);
}

bool is_valid_group(std::string_view channel_id) {
  return !is_blank(channel_id) && channel_id.size() <= kChannelIdBytesMax &&
         is_valid_utf8(channel_id) && !has_control(channel_id);
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
