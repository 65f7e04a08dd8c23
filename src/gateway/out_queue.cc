#include "gateway/out_queue.h"

#include <algorithm>
#include <new>

#include "base/check.h"

namespace sluice {
namespace {

// The first piece of a queue holds an acknowledgement or two; what follows it is a crowd.
constexpr size_t kFirstPieceBytes = 256;
constexpr size_t kNextPieceBytes = 4096;

}  // namespace

SharedFrame& SharedFrame::make(size_t bytes, BufferPool& pool) {
  std::byte* storage = pool.lend(BufferPool::class_of(sizeof(SharedFrame) + bytes));
  return *::new (static_cast<void*>(storage)) SharedFrame(static_cast<uint32_t>(bytes));
}

void SharedFrame::let_go(BufferPool& pool) {
  if (--holders_ > 0) return;
  pool.give_back(reinterpret_cast<std::byte*>(this),
                 BufferPool::class_of(sizeof(SharedFrame) + size_));
}

OutQueue::Piece& OutQueue::add_piece(size_t storage_bytes, BufferPool& pool) {
  auto* piece = ::new (static_cast<void*>(pool.lend(storage_bytes))) Piece();
  piece->storage_bytes = static_cast<uint32_t>(storage_bytes);
  if (tail_ == nullptr) {
    head_ = piece;
  } else {
    tail_->next = piece;
  }
  tail_ = piece;
  return *piece;
}

void OutQueue::add_own_piece(size_t n, BufferPool& pool) {
  const size_t least = head_ == nullptr ? kFirstPieceBytes : kNextPieceBytes;
  add_piece(std::max(least, BufferPool::class_of(n + sizeof(Piece))), pool);
}

void OutQueue::append_shared(SharedFrame& frame, BufferPool& pool) {
  Piece& piece = add_piece(BufferPool::kClassBytesMin, pool);
  frame.hold();
  piece.shared = &frame;
  piece.end = static_cast<uint32_t>(frame.bytes().size());
  bytes_ += piece.end;
}

size_t OutQueue::gather(std::span<Bytes> parts) const {
  size_t count = 0;
  for (Piece* piece = head_; piece != nullptr && count < parts.size(); piece = piece->next) {
    if (piece->begin == piece->end) continue;
    parts[count++] = Bytes(piece->data() + piece->begin, piece->end - piece->begin);
  }
  return count;
}

void OutQueue::consume(size_t n, BufferPool& pool) {
  SLUICE_CHECK(n <= bytes_, "no more goes out than was queued");
  bytes_ -= static_cast<uint32_t>(n);
  while (head_ != nullptr) {
    Piece& piece = *head_;
    const size_t step = std::min<size_t>(n, piece.end - piece.begin);
    piece.begin += static_cast<uint32_t>(step);
    n -= step;
    if (piece.begin < piece.end) return;
    head_ = piece.next;
    if (head_ == nullptr) tail_ = nullptr;
    if (piece.shared != nullptr) piece.shared->let_go(pool);
    const size_t storage_bytes = piece.storage_bytes;
    pool.give_back(reinterpret_cast<std::byte*>(&piece), storage_bytes);
  }
}

}  // namespace sluice
