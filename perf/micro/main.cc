// The main of every micro-benchmark: Google Benchmark's flags, and an exit code that means
// something, which its own main lacks.
//
// 0: all ran. 1: a flag is unknown, or no benchmark has such a name. 77, with the reason on the
// last line: one was left out, as this machine cannot do what it measures. A benchmark that finds
// wrong what it measures aborts (SLUICE_CHECK).
#include <benchmark/benchmark.h>

#include <cstdio>

#include "micro/skipped.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;  // What Meson takes for it.
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 1;
  benchmark::Shutdown();
  if (sluice::skipped_because().empty()) return 0;
  std::fprintf(stderr, "%s\n", sluice::skipped_because().c_str());
  return kSkipped;
}
