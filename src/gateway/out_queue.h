// What a connection still has to send: a chain of pieces, in order, whose bytes never move.
//
//   head -> [ own: SENDACK, PONG, small RECVs ] -> [ shared: a large RECV ] -> [ own ... ] <- tail
//
// Own pieces are storage of the reactor's pool; a shared piece refers to a frame that a whole
// fan-out sends. A poller may read the front pieces while the tail grows, because nothing is ever
// copied to make room. An empty queue owns nothing. One thread, its reactor's.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "buffer/buffer_pool.h"

namespace sluice {

// One encoded frame and the queues of this reactor that still send it. Made with one holder, the
// maker.
class SharedFrame {
 public:
  static SharedFrame& make(size_t bytes, BufferPool& pool);
  MutableBytes bytes() { return {reinterpret_cast<std::byte*>(this + 1), size_}; }
  void hold() { ++holders_; }
  void let_go(BufferPool& pool);

 private:
  explicit SharedFrame(uint32_t size) : size_(size) {}
  uint32_t holders_ = 1;  // not atomic: a frame never leaves its reactor
  uint32_t size_;         // bytes behind the header
};

class OutQueue {
 public:
  OutQueue() = default;
  OutQueue(const OutQueue&) = delete;
  OutQueue& operator=(const OutQueue&) = delete;

  bool empty() const { return bytes_ == 0; }
  uint32_t bytes() const { return bytes_; }

  // Room for exactly `n` bytes at the end, to be filled at once; they count as queued. `n` is at
  // least 1.
  MutableBytes append(size_t n, BufferPool& pool) {
    if (tail_ == nullptr || tail_->room() < n) add_own_piece(n, pool);
    const MutableBytes room(tail_->own_data() + tail_->end, n);
    tail_->end += static_cast<uint32_t>(n);
    bytes_ += static_cast<uint32_t>(n);
    return room;
  }
  // Queues the frame's bytes; holds it until they went.
  void append_shared(SharedFrame& frame, BufferPool& pool);
  // The front of the queue as at most parts.size() pieces; returns how many. Good until consume().
  size_t gather(std::span<Bytes> parts) const;
  // The first `n` bytes went.
  void consume(size_t n, BufferPool& pool);
  void clear(BufferPool& pool) { consume(bytes_, pool); }

 private:
  struct Piece {
    Piece* next = nullptr;
    SharedFrame* shared = nullptr;  // null: the bytes follow this header
    uint32_t storage_bytes = 0;     // of this piece, header and all
    uint32_t begin = 0;             // of the first byte not yet sent
    uint32_t end = 0;               // behind the last byte

    std::byte* data() { return shared != nullptr ? shared->bytes().data() : own_data(); }
    std::byte* own_data() { return reinterpret_cast<std::byte*>(this + 1); }
    uint32_t room() const {
      return shared != nullptr ? 0 : storage_bytes - static_cast<uint32_t>(sizeof(Piece)) - end;
    }
  };
  Piece& add_piece(size_t storage_bytes, BufferPool& pool);
  // One with room for `n` bytes.
  void add_own_piece(size_t n, BufferPool& pool);

  Piece* head_ = nullptr;
  Piece* tail_ = nullptr;
  uint32_t bytes_ = 0;
};

}  // namespace sluice
