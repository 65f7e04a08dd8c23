// The options of the io_uring poller: what they are, what they mean, how they are read.
//
// Strategies to compare, and sizes. Plain values, any thread; whether the kernel can do what they
// ask for, UringPoller::make finds out.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "poller/option_reader.h"
#include "poller/poller_spec.h"

namespace sluice {

// The poller decides, by how many connections talk.
inline constexpr uint32_t kMinWaitAuto = 0xffffffff;

// On and Off are demands, refused where they cannot be met; Auto is the best that the kernel has.
enum class Demand : uint8_t { Auto, On, Off };

struct UringOptions {
  Demand multishot = Demand::Auto;
  Demand defer_taskrun = Demand::Auto;
  bool fixed_files = false;
  bool bundle = false;
  bool sqpoll = false;
  uint32_t zc_bytes = 0;      // zero-copy sends from this size; 0 = never
  uint32_t napi_us = 0;       // the kernel's polling of the network card before a sleep; 0 = none
  uint32_t busy_poll_us = 0;  // spinning before a sleep; 0 = none
  uint32_t min_wait_us = kMinWaitAuto;  // collecting completions in a sleep; 0 = never
  uint32_t blocks = 64;                 // lent blocks, a few times what one call brings
  uint32_t overflow = 448;              // lent blocks that stand behind those
  uint32_t block_bytes = 32768;
  uint32_t credit_bytes = 262144;  // that one multishot may deliver before it ends by itself
  uint32_t sq_entries = 512;       // twice a batch: each completion may cause a send and an arming
  uint32_t cq_entries = 4096;
};

// The table that people read.
std::span<const PollerOption> uring_option_table();
// The error says what to write instead.
absl::StatusOr<UringOptions> uring_options_from(const PollerSpec& spec);

}  // namespace sluice
