// The loop of gateway/frame_tax.h alone: what one frame's tax costs, with nothing around it.
//
//   frame_tax_alone ROUNDS FRAMES [SLICES]
//
// Pays FRAMES frames of ROUNDS rounds in each of SLICES slices (default 1) and prints the CPU time
// of each slice in nanoseconds per frame, a line each. Pinned to the gateway's core it tells what
// the benchmark should find; under callgrind, how many instructions that is. Not part of the
// gateway; one thread.
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "gateway/frame_tax.h"

namespace {

int64_t cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// A whole number from 1, or the end.
uint32_t number(const char* text) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < 1 || value > 1'000'000'000) {
    std::fprintf(stderr, "frame_tax_alone: %s: give a whole number from 1 to a billion\n", text);
    std::exit(2);
  }
  return static_cast<uint32_t>(value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fputs("usage: frame_tax_alone ROUNDS FRAMES [SLICES]\n", stderr);
    return 2;
  }
  const uint32_t rounds = number(argv[1]);
  const uint32_t frames = number(argv[2]);
  const uint32_t slices = argc == 4 ? number(argv[3]) : 1;
  for (uint32_t slice = 0; slice < slices; ++slice) {
    const int64_t began = cpu_ns();
    for (uint32_t frame = 0; frame < frames; ++frame) sluice::pay_frame_tax(rounds);
    std::printf("%.3f\n", static_cast<double>(cpu_ns() - began) / frames);
  }
  return 0;
}
