// Two takers of the same list of fields: Sizer adds up what they need, Writer stores them.
//
// encode.cc lists each packet's fields once, for either, so the announced size and the bytes
// written cannot drift apart. Sizer inlines to a sum of lengths. Writer does not check the room
// field by field: its caller has compared Sizer's sum with the buffer. Both live on the stack of
// one encode call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "codec/bounds.h"

namespace sluice {

// Counts. Also the place where a string the wire cannot carry is caught, before any byte is stored.
class Sizer {
 public:
  void u8(uint8_t) { size_ += 1; }
  void u32(uint32_t) { size_ += 4; }
  void u64(uint64_t) { size_ += 8; }
  void str(std::string_view text) {
    SLUICE_CHECK(text.size() <= kStrBytesMax, "a string longer than its length field");
    size_ += 2 + text.size();
  }
  void rest(Bytes bytes) { size_ += bytes.size(); }

  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

// Stores, in network byte order, front to back.
class Writer {
 public:
  explicit Writer(std::byte* at) : at_(at) {}

  void u8(uint8_t value) { *at_++ = std::byte{value}; }
  void u32(uint32_t value) {
    store_be32(at_, value);
    at_ += 4;
  }
  void u64(uint64_t value) {
    store_be64(at_, value);
    at_ += 8;
  }
  void str(std::string_view text) {
    store_be16(at_, static_cast<uint16_t>(text.size()));
    at_ += 2;
    rest(bytes_of(text));
  }
  void rest(Bytes bytes) {
    copy_bytes(bytes, at_);
    at_ += bytes.size();
  }

  const std::byte* at() const { return at_; }

 private:
  std::byte* at_;
};

}  // namespace sluice
