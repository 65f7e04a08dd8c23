// How long a field may be, in bytes of UTF-8, and how large a body.
//
// A field over its bound is a decode error (FieldTooLong), so whoever keeps a copy of a field may
// size the copy by these names. They bound what one peer can make us remember; the protocol itself
// allows kStrBytesMax everywhere. Constants only, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// The newest protocol version we speak; a client that says more is spoken to in this one.
inline constexpr uint8_t kProtocolVersionMax = 5;

// Body of one frame unless configured lower: 1 MiB, what the shipped servers accept.
inline constexpr uint32_t kFrameBodyBytesMax = 1U << 20;

// The wire's own bound of any string: its 16-bit length is read as signed by the SDKs.
inline constexpr size_t kStrBytesMax = 0x7fff;

// Identities. 255 is the longest uid the session rules allow; a device id is a UUID in practice.
inline constexpr size_t kUidBytesMax = 255;
inline constexpr size_t kDeviceIdBytesMax = 255;
// A signed web token with a few claims is 1 to 2 KiB; twice that is left for generous issuers.
inline constexpr size_t kTokenBytesMax = 4096;
// Base64 of a 32-byte key is 44 characters; room for a larger key type, still cheap to refuse.
inline constexpr size_t kClientKeyBytesMax = 255;
inline constexpr size_t kServerKeyBytesMax = 255;
// An AES IV: 16 characters today.
inline constexpr size_t kSaltBytesMax = 255;

// A person channel may be spelled as two uids and a separator: 255 + 1 + 255.
inline constexpr size_t kChannelIdBytesMax = 511;
// Client-made ids: UUIDs of 32 to 36 characters.
inline constexpr size_t kClientMsgNoBytesMax = 255;
inline constexpr size_t kStreamNoBytesMax = 255;
inline constexpr size_t kSubNoBytesMax = 255;
// Lower-case hex of an MD5 is 32 characters; a longer digest would fit as well.
inline constexpr size_t kMsgKeyBytesMax = 255;
// A topic is a short name inside a channel.
inline constexpr size_t kTopicBytesMax = 255;
// Free-form subscription parameters, JSON or a query string: like a token.
inline constexpr size_t kParamBytesMax = 4096;
// A sentence for a human.
inline constexpr size_t kReasonBytesMax = 1024;
inline constexpr size_t kEventIdBytesMax = 255;
inline constexpr size_t kEventTypeBytesMax = 255;

}  // namespace sluice
