#include "reactor/mailroom.h"

#include <chrono>
#include <thread>

#include "base/check.h"

namespace sluice {

Mailroom::Mailroom(uint32_t reactors, uint32_t slots) {
  SLUICE_CHECK(reactors >= 1 && reactors <= kReactorsMax + 1, "1 to 64 reactors");
  for (uint32_t i = 0; i < reactors; ++i) boxes_.push_back(std::make_unique<Mailbox>(slots));
}

void Mailroom::post_from_outside(uint32_t to, const Mail& mail) {
  while (!box(to).try_post(mail)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace sluice
