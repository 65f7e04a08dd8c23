// What a uid and a channel may be called, and which channel types exist here.
#pragma once

#include <string_view>

#include "codec/packets.h"

namespace sluice {

// Not blank, at most 255 bytes of UTF-8, none of @ # & and no control character.
bool is_valid_uid(std::string_view uid);
// A group: not blank, at most kChannelIdBytesMax bytes of UTF-8, no control character.
bool is_valid_group(std::string_view channel_id);

// What speaks against sending to that channel: Reason::Success, NotSupportChannelType or
// ChannelIdError.
Reason check_channel(std::string_view channel_id, ChannelType type);

}  // namespace sluice
