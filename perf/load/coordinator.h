// Leads the workers of a load, each a process of its own, and the one who drives the load:
//
//   worker → coordinator   opened N · ready · measuring · measured · tally BYTES (or: failed TEXT)
//   coordinator → worker   go · start NS · end of input
//
//   coordinator → driver   opened N · ready · warm-up · measure · done · result   (with --control)
//   driver → coordinator      a line ·  a line ·                         end of input
//
// All workers begin at one moment of the monotonic clock, which all processes share. Connections
// stay open until the driver's end of input, so that whoever counts what messages cost does not
// count what closing costs. Without --control nobody is waited for. One thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "load/command_line.h"
#include "load/scenario.h"
#include "load/tally.h"
#include "load/worker.h"

namespace sluice::load {

// What each of so many workers does, whose processes may have so many descriptors each. An error
// says which number to change.
absl::StatusOr<std::vector<Share>> shares_of(const Scenario& scenario, uint32_t workers,
                                             uint64_t descriptors);

class Coordinator {
 public:
  Coordinator(const Options& options, const Scenario& scenario);
  ~Coordinator();  // ends the workers that are still there

  // Starts the workers and leads them to the end of the drain.
  absl::StatusOr<Tally> run();
  // Tells the driver that the result is written; waits for it, lets the workers close and end.
  void finish();

 private:
  struct Link;

  absl::Status start_workers();
  absl::Status await(std::string_view word);
  absl::Status tell_workers(const std::string& line);
  void tell_driver(std::string_view word, bool wait);
  void show(const std::string& what) const;
  absl::StatusOr<std::string> line_of(Link& link);

  const Options& options_;
  const Scenario& scenario_;
  std::vector<Link> links_;
};

}  // namespace sluice::load
