"""The seventeen rules of a benchmark that experts believe, and which of them a result bends.

A rule is judged by what the result holds, so that a report never claims more than was done. What
the driver bent knowingly it says in "bent_rules"; both are shown. Sources stand in perf/README.md.
"""
import collections
import re

from perf.bench import judge
from perf.report import figures

# What rule 6 and rule 7 ask for on one machine.
SECONDS_MIN = 30
PAIRS_WANTED = 10
LEVELS_WANTED = 4  # rule 1: 10, 50, 70 and 90 % of the capacity

Rule = collections.namedtuple("Rule", "number text bent")


def _runs(result, *purposes):
    return [run for scenario in result["scenarios"] for run in scenario["runs"]
            if run.get("valid") and (not purposes or run.get("purpose") in purposes)]


def _missing(names, holder):
    return [name for name in names if holder.get(name) in (None, "", {}, [])]


def _loops(result):
    loops = {scenario.get("loop") for scenario in result["scenarios"]}
    if None in loops:
        return "a scenario does not say whether its loop is open or closed"
    if "open" in loops:
        fractions = {scenario.get("capacity_fraction") for scenario in result["scenarios"]
                     if scenario.get("loop") == "open"} - {None}
        if len(fractions) < LEVELS_WANTED:
            told = ", ".join(f"{fraction * 100:.0f} %" for fraction in sorted(fractions))
            return (f"latency at {told or 'one level'} of the capacity only, not at 10, 50, 70 "
                    "and 90 %")
    return None


def _corrected(result):
    for run in _runs(result, "compare"):
        latency = figures.latency_of(run.get("load") or {})
        if latency and not latency.get("uncorrected"):
            return "the uncorrected latency was not recorded"
    return None


def _logs(result):
    for scenario in result["scenarios"]:
        for spec in result["specs"]:
            latency = figures.latency_of({"latency": figures.dig(scenario, "latency", spec)})
            if latency and not str(figures.dig(latency, "corrected", "log")).startswith("HIST"):
                return f"{scenario['name']}: the histogram's log is missing"
    return None


def _lateness(result):
    for run in _runs(result, "compare"):
        if run["load"].get("rate_intended") and not run["load"].get("lateness"):
            return "the generator's lateness was not recorded"
    return None


def _bottleneck(result):
    unsure = sorted({scenario["name"] for scenario in result["scenarios"]
                     for found in scenario.get("calibration", []) if found.get("generator_bound")
                     or found.get("server_busy", 1) < judge.SATURATED})
    return (f"client bound: the server was not the bottleneck of the calibration of "
            f"{', '.join(unsure)}" if unsure else None)


def _length(result):
    seconds = [figures.dig(run, "load", "seconds") for run in _runs(result, "compare")]
    seconds = [value for value in seconds if value]
    if seconds and min(seconds) < SECONDS_MIN:
        return f"runs of {min(seconds):g} s, not of {SECONDS_MIN} s"
    return None


def _pairs(result):
    pairs = [comparison.get("pairs", 0) for scenario in result["scenarios"]
             for comparison in figures.comparisons(scenario)]
    if pairs and min(pairs) < PAIRS_WANTED:
        return f"{min(pairs)} valid pairs in the poorest comparison, not {PAIRS_WANTED}"
    return None


def _resolution(result):
    without = [scenario["name"] for scenario in result["scenarios"]
               if figures.comparisons(scenario) and
               not figures.dig(scenario, "resolution", "cpu_us_per_message")]
    return f"no run of A against A in {', '.join(without)}" if without else None


def _spread(result):
    for scenario in result["scenarios"]:
        for spec in result["specs"]:
            found = figures.dig(scenario, "levels", spec, "cpu_us_per_message")
            if found and _missing(("median", "mad", "min", "max"), found):
                return f"{scenario['name']}: the spread of {spec} is not whole"
    return None


def _cpu(result):
    for run in _runs(result, "compare"):
        lacking = [name for name in ("user_s", "system_s", "kernel_threads_s", "softirq_s")
                   if figures.dig(run, "cpu", name) is None]
        if lacking:
            return f"CPU time without {', '.join(lacking)}"
    uncounted = [scenario["name"] for scenario in result["scenarios"]
                 if not scenario.get("counted")]
    return f"system calls were not counted in {', '.join(uncounted)}" if uncounted else None


def _pinning(result):
    found = figures.dig(result, "environment", "pinning") or {}
    return None if _missing(("server", "load"), found) == [] else "the cores are not stated"


def _environment(result):
    wanted = ("kernel", "cmdline", "mitigations", "governor", "clocksource", "cpu_model",
              "hypervisor", "limits", "sysctls", "compiler", "flags", "commit", "allocator",
              "versions")
    found = result.get("environment") or {}
    lacking = [name for name in wanted if name not in found]
    if lacking:
        return f"not recorded: {', '.join(lacking)}"
    return None if result.get("effective") else "not recorded: the options in effect"


def _floors(result):
    if any(figures.is_floor(run.get("spec", "")) for run in _runs(result)):
        return None
    return "no bare echo loop ran beside the gateway"


RULES = (
    Rule(1, "Open and closed loop are labelled; latency comes from open loop, at a stated fraction "
            "of the capacity.", _loops),
    Rule(2, "Latency counts from the intended time of sending; the uncorrected figure stands "
            "beside it.", _corrected),
    Rule(3, "HDR histograms of three digits, whole logs kept, percentiles of merged histograms and "
            "never averages of percentiles.", _logs),
    Rule(4, "The generator does not sleep to keep its pace; its lateness is recorded, and a run "
            "late by a tenth of its own p99 is thrown out.", _lateness),
    Rule(5, "The server is shown to be the bottleneck of a maximum rate, or the row says that it "
            "was not.", _bottleneck),
    Rule(6, f"Warm-up is left out, the state is steady, a point lasts {SECONDS_MIN} s at least.",
         _length),
    Rule(7, f"Runs are interleaved (ABBA), a fresh process each, {PAIRS_WANTED} pairs, and the "
            "interval is that of the paired ratio.", _pairs),
    Rule(8, "A against A comes first; nothing smaller than its interval is claimed.", _resolution),
    Rule(9, "Median, MAD, least and most of several runs.", _spread),
    Rule(10, "CPU per message in user space, in the kernel and on the gateway's behalf (io-wq, "
             "SQPOLL, softirq); system calls and context switches per message.", _cpu),
    Rule(11, "The cores of server and load are stated.", _pinning),
    Rule(12, "The environment is part of the result, the poller options in effect too.",
         _environment),
    Rule(13, "A known result is reproduced first: bare echo loops on both interfaces stand in the "
             "same interleaving.", _floors),
    Rule(14, "Tuned and default configurations are separate specs, one knob per ablation.",
         lambda result: None),
    Rule(15, "The result is JSON with a schema version and raw histograms; every chart is made "
             "from it.", lambda result: None),
    Rule(16, "Published figures need three machines; one machine is for A against B alone.",
         lambda result: "load and server share one machine: ratios hold here, absolute figures do "
                        "not travel"),
    Rule(17, "Negative results are kept.", lambda result: None),
)

NUMBERED = re.compile(r"\s*(?:rule\s+)?(\d+)\b\s*[:.,–-]?\s*", re.IGNORECASE)


def judged(result):
    """[(Rule, reasons)]: what each rule suffered, from the driver's word and from the figures."""
    said = {}
    for text in result.get("bent_rules") or []:
        number, reason = parse(text)
        if number:
            said.setdefault(number, []).append(reason)
    verdicts = []
    for rule in RULES:
        found = rule.bent(result)
        reasons = said.get(rule.number, [])
        verdicts.append((rule, reasons or ([found] if found else [])))
    return verdicts


def bent(result):
    """[(Rule or None, reason)]: the bent rules; None for a word of the driver without a number."""
    found = [(rule, "; ".join(reasons)) for rule, reasons in judged(result) if reasons]
    loose = [text for text in result.get("bent_rules") or [] if parse(text)[0] is None]
    return found + [(None, text) for text in loose]


def parse(text):
    """(number, reason) of 'rule 6: runs of 2 s'; (None, text) of a text without a rule's number."""
    match = NUMBERED.match(text)
    if match and 1 <= int(match[1]) <= len(RULES) and text[match.end():]:
        return int(match[1]), text[match.end():]
    return None, text
