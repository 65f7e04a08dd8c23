// Tested by: tests/unit/client/program_test.cc, with signals to the thread of the program
#include "client/interrupts.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"

namespace sluice {

Interrupts::Interrupts() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGCONT}) sigaddset(&wanted, signal);
  const int error = pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  SLUICE_CHECK(error == 0, "the mask is made of real signals");
  fd_ = UniqueFd(signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
}

Interrupts::~Interrupts() {
  // A signal that waits would strike when the mask goes.
  while (take() != Kind::None) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Interrupts::Kind Interrupts::take() const {
  signalfd_siginfo info;
  if (read(fd_.get(), &info, sizeof info) != sizeof info) return Kind::None;
  return info.ssi_signo == SIGCONT ? Kind::Continue : Kind::Leave;
}

}  // namespace sluice
