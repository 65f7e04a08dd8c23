#include "broker/message.h"

#include <new>

namespace sluice {
namespace {

// Lays copies of strings one behind the other.
class Layer {
 public:
  explicit Layer(std::byte* at) : at_(at) {}
  Bytes put(Bytes bytes) {
    std::byte* start = at_;
    copy_bytes(bytes, start);
    at_ += bytes.size();
    return {start, bytes.size()};
  }
  std::string_view put(std::string_view text) { return text_of(put(bytes_of(text))); }

 private:
  std::byte* at_;
};

}  // namespace

Message& Message::make(const SendPacket& send, std::string_view from, Token sender, uint32_t home,
                       uint8_t sender_version, BufferPool& pool) {
  const size_t bytes = from.size() + send.channel_id.size() + send.client_msg_no.size() +
                       send.stream_no.size() + send.msg_key.size() + send.topic.size() +
                       send.payload.size();
  const size_t storage_bytes = BufferPool::class_of(sizeof(Message) + bytes);
  std::byte* storage = pool.lend(storage_bytes);
  auto& message = *::new (static_cast<void*>(storage)) Message();
  message.storage_bytes_ = storage_bytes;
  message.sender = sender;
  message.home = home;
  message.client_seq = send.client_seq;
  message.expire_s = send.expire_s;
  message.flags = send.flags;
  message.setting = send.setting;
  if (!has_stream_fields(sender_version, send.setting)) {
    message.setting = static_cast<uint8_t>(send.setting & ~kSettingStream);
  }
  message.channel_type = send.channel_type;
  Layer layer(storage + sizeof(Message));
  message.from = layer.put(from);
  message.channel_id = layer.put(send.channel_id);
  message.client_msg_no = layer.put(send.client_msg_no);
  message.stream_no = layer.put(send.stream_no);
  message.msg_key = layer.put(send.msg_key);
  message.topic = layer.put(send.topic);
  message.payload = layer.put(send.payload);
  return message;
}

void Message::end(Message& message, BufferPool& pool) {
  const size_t storage_bytes = message.storage_bytes_;
  message.~Message();
  pool.give_back(reinterpret_cast<std::byte*>(&message), storage_bytes);
}

}  // namespace sluice
