// The options of the epoll poller: what they are, what they mean, how they are read.
//
// Strategies to compare, and sizes. Plain values, any thread; whether the kernel can do what they
// ask for, EpollPoller::make finds out.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "poller/option_reader.h"
#include "poller/poller_spec.h"

namespace sluice {

enum class Trigger : uint8_t {
  Edge,   // the kernel tells once of new input; the poller remembers who may have more
  Level,  // the kernel tells in every wait, until the input is read or nobody wants to hear of it
};

enum class WriteInterest : uint8_t {
  OnDemand,  // EPOLLOUT only while a send is stuck
  Always,    // EPOLLOUT from the start; Edge only
};

struct EpollOptions {
  uint32_t blocks = 64;          // lent blocks: enough for one full batch of readers
  uint32_t block_bytes = 32768;  // a read this large costs about a memcpy more than a small one,
                                 // and halves the calls of a bulk sender
  Trigger trigger = Trigger::Edge;
  WriteInterest write_interest = WriteInterest::OnDemand;
  uint32_t busy_poll_us = 0;  // spinning before a sleep; 0 = none
  uint32_t napi_us = 0;       // the kernel's polling of the network card before a sleep; 0 = none
};

// The table that people read.
std::span<const PollerOption> epoll_option_table();
// The error says what to write instead.
absl::StatusOr<EpollOptions> epoll_options_from(const PollerSpec& spec);

}  // namespace sluice
