// The log format of Histogram, after HdrHistogram's V2 encoding (all numbers big-endian):
//
//   base64( cookie 4 │ length of the rest 4 │ zlib( payload ) )
//   payload: cookie 4 │ length of the counts 4 │ index offset 4, 0 │ significant digits 4 │
//            lowest 8 │ highest 8 │ ratio of integer to double 8, 1.0 │ counts …
//   counts:  zigzag LEB128, from index 0 to the last that is not 0; -n stands for n zeros, n > 1
//
// Tested by: tests/perf/histogram_test.cc
#include <zlib.h>

#include <array>
#include <bit>
#include <limits>

#include "absl/strings/escaping.h"
#include "base/bytes.h"
#include "load/histogram.h"

namespace sluice::load {
namespace {

// HdrHistogram's bases 0x1c849304 and …03, with the mark 0x10 that counts are LEB128.
constexpr uint32_t kCompressedCookie = 0x1c849314;
constexpr uint32_t kCookie = 0x1c849313;
constexpr size_t kCompressedHeaderBytes = 8;
constexpr size_t kHeaderBytes = 40;
// Seven bits a byte, and the ninth byte holds all of the last eight: 8 * 7 + 8 = 64.
constexpr size_t kNumberBytesMax = 9;
constexpr size_t kPayloadBytesMax = kHeaderBytes + HistogramLayout::kSize * kNumberBytesMax;
constexpr uint64_t kRatioOne = std::bit_cast<uint64_t>(1.0);

constexpr uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::byte* write_number(int64_t value, std::byte* out) {
  uint64_t rest = zigzag(value);
  for (size_t i = 1; i < kNumberBytesMax && rest >= 0x80; ++i, rest >>= 7) {
    *out++ = static_cast<std::byte>(rest | 0x80);
  }
  *out++ = static_cast<std::byte>(rest);
  return out;
}

// Takes one number off the front of `in`; nothing where `in` ends inside it.
std::optional<int64_t> take_number(Bytes& in) {
  uint64_t value = 0;
  for (size_t i = 0; i < in.size() && i < kNumberBytesMax; ++i) {
    const auto byte = std::to_integer<uint64_t>(in[i]);
    const bool last = i + 1 == kNumberBytesMax;
    value |= (last ? byte : byte & 0x7f) << (7 * i);
    if (last || byte < 0x80) {
      in = in.subspan(i + 1);
      return unzigzag(value);
    }
  }
  return std::nullopt;
}

void write_header(size_t counts_bytes, std::byte* out) {
  store_be32(out, kCookie);
  store_be32(out + 4, static_cast<uint32_t>(counts_bytes));
  store_be32(out + 8, 0);
  store_be32(out + 12, HistogramLayout::kSignificantDigits);
  store_be64(out + 16, HistogramLayout::kLowestNs);
  store_be64(out + 24, HistogramLayout::kHighestNs);
  store_be64(out + 32, kRatioOne);
}

// Whether `payload` begins with the very header that write_header() makes for its length.
bool has_our_header(Bytes payload) {
  if (payload.size() < kHeaderBytes) return false;
  std::array<std::byte, kHeaderBytes> ours;
  write_header(payload.size() - kHeaderBytes, ours.data());
  return std::equal(ours.begin(), ours.end(), payload.begin());
}

// The payload inside a log; empty where there is none.
std::vector<std::byte> payload_of_log(std::string_view log) {
  std::string outer;
  if (!absl::Base64Unescape(absl::string_view(log.data(), log.size()), &outer)) return {};
  const Bytes bytes = bytes_of(outer);
  if (bytes.size() < kCompressedHeaderBytes || load_be32(bytes.data()) != kCompressedCookie ||
      load_be32(bytes.data() + 4) != bytes.size() - kCompressedHeaderBytes) {
    return {};
  }
  // No honest payload is larger, so a log that would unpack to more is refused, not followed.
  std::vector<std::byte> payload(kPayloadBytesMax);
  uLongf payload_bytes = payload.size();
  uLong used = bytes.size() - kCompressedHeaderBytes;
  const int status =
      uncompress2(reinterpret_cast<Bytef*>(payload.data()), &payload_bytes,
                  reinterpret_cast<const Bytef*>(bytes.data() + kCompressedHeaderBytes), &used);
  if (status != Z_OK || used != bytes.size() - kCompressedHeaderBytes) return {};
  payload.resize(payload_bytes);
  return payload;
}

}  // namespace

std::string Histogram::encoded_log() const {
  std::vector<std::byte> payload(kPayloadBytesMax);
  std::byte* out = payload.data() + kHeaderBytes;
  const size_t end = count_ == 0 ? 1 : Layout::index_of(max()) + 1;
  for (size_t i = 0; i < end;) {
    size_t zeros = 0;
    while (i + zeros < end && counts_[i + zeros] == 0) ++zeros;
    if (zeros > 1) {
      out = write_number(-static_cast<int64_t>(zeros), out);
      i += zeros;
    } else {
      out = write_number(static_cast<int64_t>(counts_[i++]), out);
    }
  }
  const auto payload_bytes = static_cast<size_t>(out - payload.data());
  write_header(payload_bytes - kHeaderBytes, payload.data());

  uLongf compressed_bytes = compressBound(payload_bytes);
  std::string log(kCompressedHeaderBytes + compressed_bytes, '\0');
  const int status =
      compress2(reinterpret_cast<Bytef*>(log.data() + kCompressedHeaderBytes), &compressed_bytes,
                reinterpret_cast<const Bytef*>(payload.data()), payload_bytes, Z_BEST_COMPRESSION);
  SLUICE_CHECK(status == Z_OK, "compressBound() gave room enough");
  log.resize(kCompressedHeaderBytes + compressed_bytes);
  auto* header = reinterpret_cast<std::byte*>(log.data());
  store_be32(header, kCompressedCookie);
  store_be32(header + 4, static_cast<uint32_t>(compressed_bytes));
  return absl::Base64Escape(log);
}

std::optional<Histogram> Histogram::from_log(std::string_view log) {
  const std::vector<std::byte> payload = payload_of_log(log);
  if (!has_our_header(payload)) return std::nullopt;
  Bytes in = Bytes(payload).subspan(kHeaderBytes);
  Histogram read;
  size_t index = 0;
  while (!in.empty()) {
    const std::optional<int64_t> number = take_number(in);
    if (!number || *number == std::numeric_limits<int64_t>::min()) return std::nullopt;
    const uint64_t steps = *number < 0 ? static_cast<uint64_t>(-*number) : 1;
    if (steps > Layout::kSize - index) return std::nullopt;
    if (*number > 0) {
      const auto counted = static_cast<uint64_t>(*number);
      // HdrHistogram's readers hold the sum in 63 bits; so does what we write.
      if (counted > std::numeric_limits<int64_t>::max() - read.count_) return std::nullopt;
      read.counts_[index] = counted;
      read.count_ += counted;
    }
    index += steps;
  }
  return read;
}

}  // namespace sluice::load
