// Ctrl-C and its kin as something to poll: SIGINT, SIGTERM, and SIGCONT after a stop.
//
// While it lives, the signals are blocked on the thread that made it and wait at a signalfd; after
// it the thread's mask is as before. That thread only.
#pragma once

#include <csignal>
#include <cstdint>

#include "sys/unique_fd.h"

namespace sluice {

class Interrupts {
 public:
  enum class Kind : uint8_t { None, Leave, Continue };

  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Readable when a signal waits.
  int fd() const { return fd_.get(); }
  // The next signal that waits; never blocks.
  Kind take() const;

 private:
  sigset_t before_;
  UniqueFd fd_;
};

}  // namespace sluice
