#include "load/result.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sluice::load {
namespace {

using Json = nlohmann::ordered_json;

Json histogram_json(const Histogram& h) {
  return {{"unit", "ns"},
          {"count", h.count()},
          {"min", h.min()},
          {"mean", h.mean()},
          {"p50", h.value_at_percentile(50)},
          {"p90", h.value_at_percentile(90)},
          {"p99", h.value_at_percentile(99)},
          {"p99_9", h.value_at_percentile(99.9)},
          {"p99_99", h.value_at_percentile(99.99)},
          {"max", h.max()},
          {"log", h.encoded_log()}};
}

Json scenario_json(const Scenario& scenario) {
  Json json;
  for (const KeyValue& entry : effective(scenario)) {
    const std::string key(entry.key);
    if (entry.is_text) {
      json[key] = entry.value;
    } else {
      json[key] = Json::parse(entry.value);
    }
  }
  return json;
}

double busiest(const Tally& tally) {
  double most = 0;
  for (const Effort& effort : tally.workers) most = std::max(most, effort.busy);
  return most;
}

Json generator_json(const Tally& tally) {
  Json workers = Json::array();
  double cpu_seconds = 0;
  for (const Effort& effort : tally.workers) {
    workers.push_back({{"cpu_seconds", effort.cpu_seconds}, {"busy", effort.busy}});
    cpu_seconds += effort.cpu_seconds;
  }
  return {{"cpu_seconds", cpu_seconds},
          {"busy", busiest(tally)},
          {"bound", busiest(tally) > kGeneratorBusyMax},
          {"workers", workers}};
}

double rate_of(const Tally& tally) { return static_cast<double>(tally.units) / tally.seconds; }

}  // namespace

std::string result_json(const Options& options, const Scenario& scenario, const Tally& tally) {
  Json latency = Json::object();
  for (size_t i = 0; i < kWaitNames.size(); ++i) {
    const Latency& waits = tally.latencies[i];
    if (waits.corrected.count() == 0) continue;
    latency[std::string(kWaitNames[i])] = {{"corrected", histogram_json(waits.corrected)},
                                           {"uncorrected", histogram_json(waits.uncorrected)}};
  }
  const Json result = {
      {"schema", "sluice-load/1"},
      {"scenario", scenario_json(scenario)},
      {"server", options.server_text},
      {"seed", options.seed},
      {"workers", options.workers},
      {"seconds", tally.seconds},
      {"unit", unit_of(scenario.kind)},
      {"messages", tally.units},
      {"rate", rate_of(tally)},
      {"rate_intended", scenario.open_loop ? Json(tally.rate_planned) : Json(nullptr)},
      {"counts",
       {{"sent", tally.sent},
        {"acknowledged", tally.acknowledged},
        {"expected", tally.expected},
        {"delivered", tally.delivered},
        {"lost", tally.lost},
        {"twice", tally.twice},
        {"spoilt", tally.spoilt}}},
      {"connections",
       {{"opened", tally.opened},
        {"refused", tally.refused},
        {"lost", tally.connections_lost},
        {"slow_closed", tally.slow_closed}}},
      {"correct", tally.correct()},
      {"faults", tally.faults},
      {"latency", latency},
      {"lateness", histogram_json(tally.lateness)},
      {"generator", generator_json(tally)}};
  return result.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string result_words(const Scenario& scenario, const Tally& tally) {
  const std::string unit(unit_of(scenario.kind));
  std::string text = absl::StrFormat(
      "%s: %d units (%s) in %.2f s, %.0f/s%s\n", scenario.name, tally.units, unit, tally.seconds,
      rate_of(tally),
      scenario.open_loop ? absl::StrFormat(" of %.0f/s intended", tally.rate_planned) : "");
  const auto line = [&](std::string_view name, const Histogram& h) {
    const auto us = [&](double percentile) {
      return static_cast<double>(h.value_at_percentile(percentile)) / 1000;
    };
    absl::StrAppendFormat(&text,
                          "  %-22s p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  p99.99 %.1f  "
                          "max %.1f µs\n",
                          std::string(name), us(50), us(90), us(99), us(99.9), us(99.99), us(100));
  };
  for (size_t i = 0; i < kWaitNames.size(); ++i) {
    const Latency& waits = tally.latencies[i];
    if (waits.corrected.count() == 0) continue;
    const std::string name(kWaitNames[i]);
    if (scenario.open_loop) line(name, waits.corrected);
    line(name + (scenario.open_loop ? ", uncorrected" : ", closed loop"), waits.uncorrected);
  }
  if (tally.lateness.count() > 0) line("our own lateness", tally.lateness);
  if (tally.slow_closed > 0) {
    absl::StrAppendFormat(&text, "  closed by the server for reading too slowly: %d\n",
                          tally.slow_closed);
  }
  absl::StrAppendFormat(
      &text, "  sent %d, acknowledged %d, delivered %d of %d, lost %d, twice %d, spoilt %d\n",
      tally.sent, tally.acknowledged, tally.delivered, tally.expected, tally.lost, tally.twice,
      tally.spoilt);
  absl::StrAppendFormat(&text, "  generator busy %.0f %%%s\n", busiest(tally) * 100,
                        busiest(tally) > kGeneratorBusyMax ? ": generator-bound" : "");
  for (const std::string& fault : tally.faults) absl::StrAppend(&text, "  wrong: ", fault, "\n");
  return text;
}

std::string hiccups_json(int core, double seconds, const Histogram& hiccups) {
  const Json result = {{"core", core}, {"seconds", seconds}, {"hiccups", histogram_json(hiccups)}};
  return result.dump(1) + "\n";
}

}  // namespace sluice::load
