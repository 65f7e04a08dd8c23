#include "load/payload.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"

namespace sluice::load {
namespace {

// A prime: the pattern falls into step with no power of two.
constexpr uint32_t kPatternPeriod = 251;

}  // namespace

Name::Name(std::string_view prefix, uint32_t number) {
  SLUICE_CHECK(prefix.size() == 4, "a prefix of four characters leaves eight digits");
  std::copy(prefix.begin(), prefix.end(), text_.begin());
  for (size_t i = kBytes; i-- > 4; number /= 10) text_[i] = static_cast<char>('0' + number % 10);
}

Name uid_of(uint32_t connection) { return {"load", connection}; }

Name group_of(uint32_t first_member) { return {"grup", first_member}; }

SendTemplate::SendTemplate(ChannelType to, size_t payload_bytes, Framing framing)
    : pattern_(payload_bytes + kPatternPeriod) {
  for (size_t i = 0; i < pattern_.size(); ++i) {
    pattern_[i] = static_cast<std::byte>(i % kPatternPeriod);
  }
  const Name nobody = uid_of(0);
  SendPacket packet;
  packet.client_msg_no = "m";
  packet.channel_id = nobody.view();
  packet.channel_type = to;
  packet.payload = Bytes(pattern_).first(payload_bytes);
  frame_.resize(encoded_size(packet, framing, kProtocolVersionMax));
  encode(packet, framing, kProtocolVersionMax, frame_);
  // Where the patches go, asked of the decoder.
  const Frame frame = decode_frame(framing, frame_, kFrameBodyBytesMax).frame;
  SLUICE_CHECK(decode(frame, kProtocolVersionMax, packet).ok(), "it was just encoded");
  seq_at_ = offset_of(frame.body) + 1;  // behind the setting byte
  channel_at_ = offset_of(bytes_of(packet.channel_id));
  payload_at_ = offset_of(packet.payload);
}

void SendTemplate::append_to(std::vector<std::byte>& out, const Name& channel, Stamp stamp) const {
  const size_t at = out.size();
  out.insert(out.end(), frame_.begin(), frame_.end());
  std::byte* frame = out.data() + at;
  store_be32(frame + seq_at_, stamp.seq);
  std::memcpy(frame + channel_at_, channel.view().data(), Name::kBytes);
  std::byte* payload = frame + payload_at_;
  store_be32(payload, stamp.sender);
  store_be32(payload + 4, stamp.seq);
  std::memcpy(payload + kStampBytes, pattern_.data() + stamp.seq % kPatternPeriod,
              frame_.size() - payload_at_ - kStampBytes);
}

bool SendTemplate::is_ours(Bytes payload, Stamp& stamp) const {
  if (payload.size() != frame_.size() - payload_at_) return false;
  stamp = {load_be32(payload.data()), load_be32(payload.data() + 4)};
  return std::memcmp(payload.data() + kStampBytes, pattern_.data() + stamp.seq % kPatternPeriod,
                     payload.size() - kStampBytes) == 0;
}

}  // namespace sluice::load
