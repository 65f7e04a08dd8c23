// The SENDs of a load and what must arrive of them: a stamp of sender and number, and a pattern
// that begins elsewhere in each message.
//
// Every byte of a payload is compared, which finds more than a checksum would. All SENDs to one
// kind of channel are copies of one prebuilt frame with three patches, so that a load spends its
// time on sockets and not on encoding. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/packets.h"

namespace sluice::load {

// Sender and number at the start of each payload, two u32.
inline constexpr size_t kStampBytes = 8;

struct Stamp {
  uint32_t sender = 0;  // number of the connection over all workers
  uint32_t seq = 0;     // its messages, from 1
};

// A name of twelve characters, "load00000042": all names have one length, so one prebuilt frame
// fits all.
class Name {
 public:
  // `prefix` has four characters.
  Name(std::string_view prefix, uint32_t number);
  std::string_view view() const { return {text_.data(), kBytes}; }

  static constexpr size_t kBytes = 12;

 private:
  std::array<char, kBytes> text_;
};

Name uid_of(uint32_t connection);
Name group_of(uint32_t first_member);

class SendTemplate {
 public:
  SendTemplate(ChannelType to, size_t payload_bytes, Framing framing);

  // Appends the SEND of that stamp to `channel`.
  void append_to(std::vector<std::byte>& out, const Name& channel, Stamp stamp) const;
  // Whether these are the bytes of a message from here; if so, whose is in `stamp`.
  bool is_ours(Bytes payload, Stamp& stamp) const;

 private:
  size_t offset_of(Bytes part) const { return static_cast<size_t>(part.data() - frame_.data()); }

  std::vector<std::byte> pattern_;
  std::vector<std::byte> frame_;
  size_t seq_at_ = 0;
  size_t channel_at_ = 0;
  size_t payload_at_ = 0;
};

}  // namespace sluice::load
