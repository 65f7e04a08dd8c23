// The result of a load as JSON (schema "sluice-load/1") and in words. nlohmann's JSON stays behind
// result.cc. After the run only.
#pragma once

#include <string>

#include "load/command_line.h"
#include "load/histogram.h"
#include "load/scenario.h"
#include "load/tally.h"

namespace sluice::load {

// A worker that is busy for more than this share of the window delays what it measures.
inline constexpr double kGeneratorBusyMax = 0.95;

std::string result_json(const Options& options, const Scenario& scenario, const Tally& tally);
std::string result_words(const Scenario& scenario, const Tally& tally);
// {"core", "seconds", "hiccups"}; see hiccups.h.
std::string hiccups_json(int core, double seconds, const Histogram& hiccups);

}  // namespace sluice::load
