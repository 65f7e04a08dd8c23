// Reads the fields of one body, front to back, and remembers the first that failed.
//
// After a failure every read yields zero or nothing, so a decoder is a straight list of fields and
// asks for the result once, at the end. Not for streams: a body is whole or malformed. It lives on
// the stack of decode(); the views it hands out point into the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "codec/bounds.h"
#include "codec/decode.h"

namespace sluice {

class Reader {
 public:
  explicit Reader(Bytes body) : left_(body) {}

  uint8_t u8(std::string_view field) {
    const std::byte* at = take(1, field);
    return at == nullptr ? uint8_t{0} : std::to_integer<uint8_t>(*at);
  }
  uint32_t u32(std::string_view field) {
    const std::byte* at = take(4, field);
    return at == nullptr ? 0 : load_be32(at);
  }
  uint64_t u64(std::string_view field) {
    const std::byte* at = take(8, field);
    return at == nullptr ? 0 : load_be64(at);
  }
  int32_t i32(std::string_view field) { return static_cast<int32_t>(u32(field)); }
  int64_t i64(std::string_view field) { return static_cast<int64_t>(u64(field)); }

  // One byte as an enum that may hold any number.
  template <class Enum>
  Enum u8_as(std::string_view field) {
    return static_cast<Enum>(u8(field));
  }

  // A u16 length and that many bytes, at most `bytes_max` (one of bounds.h). A length that can
  // never become right is reported as such even while its bytes are missing.
  std::string_view str(std::string_view field, size_t bytes_max) {
    const std::byte* at = take(2, field);
    if (at == nullptr) return {};
    const size_t size = load_be16(at);
    if (size > bytes_max) {
      fail(size > kStrBytesMax ? DecodeStatus::BadString : DecodeStatus::FieldTooLong, field);
      return {};
    }
    at = take(size, field);
    return at == nullptr ? std::string_view() : text_of({at, size});
  }

  // All that is left, maybe nothing.
  Bytes rest() {
    const Bytes all = left_;
    left_ = {};
    return all;
  }

  DecodeResult result() const { return result_; }

 private:
  // The next `size` bytes, nullptr if there are fewer.
  const std::byte* take(size_t size, std::string_view field) {
    if (left_.size() < size) {
      fail(DecodeStatus::Truncated, field);
      return nullptr;
    }
    const std::byte* at = left_.data();
    left_ = left_.subspan(size);
    return at;
  }

  // Nothing is left to read afterwards, so later fields fail too; only the first is remembered.
  void fail(DecodeStatus status, std::string_view field) {
    left_ = {};
    if (result_.ok()) result_ = {status, field};
  }

  Bytes left_;
  DecodeResult result_;
};

}  // namespace sluice
