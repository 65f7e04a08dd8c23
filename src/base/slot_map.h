// Token → object, with objects that never move: the table of a reactor's connections.
//
// Objects live in chunks of 64 slots that are allocated as needed and kept until the map ends,
// even when they are wholly free: a gateway that once held n connections will hold them again. A
// freed slot is the first to be used again (it is still in the cache), under a new generation,
// so that old Tokens find nothing. It owns its objects and calls nobody but them. One thread
// only: the reactor's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/token.h"

namespace sluice {

// T is constructed as T(token, args…).
template <class T>
class SlotMap {
 public:
  // `reactor` goes into every Token; emplace() fails when `slots_max` objects live.
  explicit SlotMap(uint32_t reactor = 0, uint32_t slots_max = 1U << Token::kSlotBits)
      : reactor_(reactor), slots_max_(slots_max) {
    SLUICE_CHECK(reactor >> Token::kReactorBits == 0, "a Token has room for 256 reactors");
    SLUICE_CHECK(slots_max <= 1U << Token::kSlotBits, "a Token has room for 2^24 slots");
  }

  ~SlotMap() {
    uint32_t cursor = 0;
    while (T* object = next_from(cursor)) {
      slot_at(cursor - 1).tag = 0;
      object->~T();
    }
  }

  SlotMap(const SlotMap&) = delete;
  SlotMap& operator=(const SlotMap&) = delete;

  // Makes an object in a free slot; nullptr when there is none. The address is good until erase().
  template <class... Args>
  [[nodiscard]] T* emplace(Args&&... args) {
    uint32_t index = free_head_;
    if (index != kNoSlot) {
      free_head_ = slot_at(index).next_free;
    } else {
      if (slots_used_ == slots_max_) return nullptr;
      if (slots_used_ % kChunkSlots == 0) chunks_.push_back(std::make_unique<Chunk>());
      index = slots_used_++;
    }
    Slot& slot = slot_at(index);
    const Token token = Token::make(reactor_, slot.tag, index);
    slot.tag |= kLiveBit;
    ++size_;
    return ::new (static_cast<void*>(slot.storage)) T(token, std::forward<Args>(args)...);
  }

  // The object of that name; nullptr when it is gone, of another reactor, or never was.
  [[nodiscard]] T* find(Token token) {
    const uint32_t index = token.slot();
    if (token.value >> (Token::kGenerationBits + Token::kSlotBits) != reactor_) return nullptr;
    if (index >= slots_used_) return nullptr;
    Slot& slot = slot_at(index);
    return slot.tag == (token.generation() | kLiveBit) ? slot.object() : nullptr;
  }
  [[nodiscard]] const T* find(Token token) const { return const_cast<SlotMap*>(this)->find(token); }

  // Ends the object; it must exist. Its destructor already finds nothing under this Token.
  void erase(Token token) {
    T* object = find(token);
    SLUICE_CHECK(object != nullptr, "erase() needs a Token whose object lives");
    Slot& slot = slot_at(token.slot());
    slot.tag = next_generation(token.generation());
    --size_;
    object->~T();
    slot.next_free = free_head_;
    free_head_ = token.slot();
  }

  // Live objects.
  [[nodiscard]] size_t size() const { return size_; }

  // Walks in the order of slots: returns the first live object at or after slot `cursor` and moves
  // the cursor past it; nullptr at the end. Start with 0. Between two calls anything may be erased
  // or added; what is added behind the cursor is not seen.
  [[nodiscard]] T* next_from(uint32_t& cursor) {
    while (cursor < slots_used_) {
      Slot& slot = slot_at(cursor++);
      if ((slot.tag & kLiveBit) != 0) return slot.object();
    }
    return nullptr;
  }

 private:
  // One chunk's allocation stays in the tens of kilobytes for objects of a few hundred bytes.
  static constexpr uint32_t kChunkSlots = 64;
  static constexpr uint32_t kNoSlot = 0xffffffff;
  static constexpr uint32_t kLiveBit = 1U << Token::kGenerationBits;

  // 8 bytes beside the object (more only where alignof(T) is over 8).
  struct Slot {
    uint32_t tag = 1;              // The generation, and kLiveBit while an object lives here.
    uint32_t next_free = kNoSlot;  // Only read while this slot is in the free list.
    alignas(T) std::byte storage[sizeof(T)];

    T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };
  struct Chunk {
    // Not `= default`: that would zero the storage of all slots, and touch their
    // pages, in make_unique.
    Chunk() {}
    Slot slots[kChunkSlots];
  };

  static uint32_t next_generation(uint32_t generation) {
    const uint32_t next = (generation + 1) & (kLiveBit - 1);
    return next == 0 ? 1 : next;
  }

  Slot& slot_at(uint32_t index) { return chunks_[index / kChunkSlots]->slots[index % kChunkSlots]; }

  const uint32_t reactor_;
  const uint32_t slots_max_;
  uint32_t slots_used_ = 0;       // Slots that ever held an object; the next fresh one.
  uint32_t free_head_ = kNoSlot;  // The slot freed last.
  size_t size_ = 0;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace sluice
