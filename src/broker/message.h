// One SEND on its way to its receivers: immutable but for what the channel's owner fills in before
// anybody else sees it.
//
// A message lives in one piece of storage from the sender's reactor, header and bytes together.
// Every letter that carries it holds it; whoever lets go last sends it home, where SENDACK goes out
// and the storage goes back. So SENDACK means: queued on every receiver's connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/token.h"
#include "buffer/buffer_pool.h"
#include "codec/packets.h"

namespace sluice {

class Message {
 public:
  // Copies the packet's views into storage of `pool`. One holder: the caller.
  static Message& make(const SendPacket& send, std::string_view from, Token sender, uint32_t home,
                       uint8_t sender_version, BufferPool& pool);
  // Gives the storage back; on the home reactor, by the last holder.
  static void end(Message& message, BufferPool& pool);

  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  // One more holder; by somebody who holds it.
  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  // One holder less; true for the last.
  bool let_go() { return holders_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  // A receiver's connection has it; not counted for the sender's own.
  void reach() { reached_.fetch_add(1, std::memory_order_relaxed); }
  uint32_t reached() const { return reached_.load(std::memory_order_relaxed); }

  // From the SEND.
  Token sender;       // the sending connection
  uint32_t home = 0;  // its reactor
  uint32_t client_seq = 0;
  uint32_t expire_s = 0;
  uint8_t flags = 0;
  bool echo = true;     // Person: the sender may have other connections, which get it too
  uint8_t setting = 0;  // without the stream bit if the sender's version has no stream fields
  ChannelType channel_type = ChannelType::Person;
  std::string_view from;        // the sender's uid
  std::string_view channel_id;  // Person: the receiver's uid
  std::string_view client_msg_no;
  std::string_view stream_no;
  std::string_view msg_key;
  std::string_view topic;
  Bytes payload;

  // From the channel's owner, before it is handed to anybody else.
  Reason result = Reason::Success;
  uint32_t message_seq = 0;
  int64_t message_id = 0;
  int32_t timestamp_s = 0;

 private:
  Message() = default;
  ~Message() = default;

  size_t storage_bytes_ = 0;
  std::atomic<uint32_t> holders_{1};
  std::atomic<uint32_t> reached_{0};
};

}  // namespace sluice
