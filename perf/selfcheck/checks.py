"""What a benchmark must say about a difference that is known. Pure: samples in, findings out.

A sample is what a live selfcheck recorded, cut to what judging needs (samples/*.json); live runs
and the tests' replay go through the same functions here and in perf/bench/judge.py.

The stall, by arithmetic: `rate` messages/s over `seconds` s, all due in a stall of `stall_s` wait
for its end, so their latency from when they were due is spread evenly from `stall_s` to 0. Their
share is stall_s / seconds: at 0.1 s of 4 s 2.5 %, more than 1 %, so the corrected p99 lies among
them, where 1 % of all is above it: stall_s x (1 - 0.01 / 0.025) = 60 ms. The uncorrected p99 sees
nothing of that: each connection has one message in flight and sends no other before the answer, so
that `connections` messages were sent and not answered, 20 of 8,000: 0.25 %, less than 1 %.
"""
import collections
import statistics

from perf.bench import histogram, judge, summary

Finding = collections.namedtuple("Finding", "good text")

CORRECTED_P99_MS_MIN = 50
CORRECTED_MAX_MS_MIN = 95
UNCORRECTED_P99_MS_MAX = 10

RUN_KEYS = ("id", "purpose", "spec", "pair", "side", "cpu_us_per_message", "steal_s",
            "core_seconds", "delay_s", "server_core_seconds", "sampled_seconds", "failure")
LOAD_KEYS = ("correct", "faults", "messages", "seconds", "rate")
FIGURES_KEPT = ("count", "p50", "p99", "p99_9")


# ── Samples ──

def slim(run):
    """A RUN with no more than what judging it needs."""
    kept = {key: run[key] for key in RUN_KEYS if key in run}
    if "load" in run:
        load = run["load"]
        kept["load"] = {key: load[key] for key in LOAD_KEYS}
        kept["load"]["generator"] = {key: load["generator"][key] for key in ("busy", "bound")}
        kept["load"]["lateness"] = cut(load["lateness"])
        kept["load"]["latency"] = {
            kind: {side: cut(found) for side, found in sides.items()}
            for kind, sides in load["latency"].items()}
    return kept


def cut(summary_of_histogram):
    return {key: summary_of_histogram[key] for key in FIGURES_KEPT}


def compared(sample):
    """(ratio, resolution, verdict, reason, pairs) of CPU per message, judged anew."""
    base, other = sample["specs"]
    runs = sample["runs"]
    judge.judge_runs(runs)
    figure = summary.FIGURES["cpu_us_per_message"]
    pairs = judge.values_of(judge.pairs_of(runs, "compare", other), figure)
    resolution = judge.ratio_of(
        judge.values_of(judge.pairs_of(runs, "resolution", base), figure))
    ratio = judge.ratio_of(pairs)
    return (ratio, resolution, *judge.verdict(ratio, resolution, base), pairs)


def told(ratio):
    """A ratio's interval in words."""
    if not ratio["pairs"]:
        return "never measured"
    return f"{ratio['low']:.3f}..{ratio['high']:.3f} over {ratio['pairs']} pairs"


# ── The slowdown ──

def expected_us(sample):
    """What the tax costs a message: the instructions that callgrind found more, at the price that
    the same loop has alone on the same core, measured before each run."""
    base, other = sample["specs"]
    more = (statistics.median(sample["instructions"][other])
            - statistics.median(sample["instructions"][base]))
    alone = sample["alone"]
    return more * statistics.median(alone["ns_per_frame"]) / alone["instructions_per_frame"] / 1000


def difference_us(pairs):
    """(median, low, high) of other less base, with its 95 % interval."""
    differences = [other - base for base, other in pairs]
    return (statistics.median(differences), *judge.median_interval(differences))


def slowdown(sample):
    """A deliberate slowdown is found, in its size."""
    ratio, resolution, verdict, reason, pairs = compared(sample)
    if not pairs:
        return [Finding(False, "the slowdown: no valid pair")]
    expected = expected_us(sample)
    middle, low, high = difference_us(pairs)
    return [
        Finding(verdict == "higher",
                f"a slowdown of {expected:.2f} µs a message is called {verdict}: {reason}"),
        Finding(ratio["low"] > 1,
                f"its interval {told(ratio)} excludes 1 (A against A {told(resolution)})"),
        Finding(low <= expected <= high,
                f"the difference of {middle:.2f} µs ({low:.2f}..{high:.2f}) contains the "
                f"{expected:.2f} µs that the instructions counted cost")]


# ── Two equal builds ──

def equal(sample):
    ratio, resolution, verdict, reason, pairs = compared(sample)
    if not pairs:
        return [Finding(False, "two equal builds: no valid pair")]
    return [Finding(verdict == "no difference",
                    f"two equal builds, ratio {ratio['ratio']:.3f} ({told(ratio)}): {verdict}, "
                    f"{reason} (A against A {told(resolution)})")]


# ── The stall ──

def stall(sample):
    """A stall shows in the corrected latency, and hides in the uncorrected one."""
    sides = {side: histogram.decode(log) for side, log in sample["logs"].items()}
    corrected, uncorrected = sides["corrected"], sides["uncorrected"]

    def ms(found, percentile):
        return found.percentile(percentile) / 1e6

    expected = sample["stall_s"] * (1 - 0.01 * sample["seconds"] / sample["stall_s"]) * 1000
    unanswered = sample["connections"] / (sample["rate"] * sample["seconds"])
    p99, most, hidden = ms(corrected, 99), ms(corrected, 100), ms(uncorrected, 99)
    return [
        Finding(sample["correct"], "no message was lost over the stall"),
        Finding(p99 >= CORRECTED_P99_MS_MIN,
                f"a stall of {sample['stall_s'] * 1000:.0f} ms in {sample['seconds']:.0f} s: the "
                f"corrected p99 is {p99:.1f} ms (at least {CORRECTED_P99_MS_MIN}; by arithmetic "
                f"{expected:.0f})"),
        Finding(most >= CORRECTED_MAX_MS_MIN,
                f"the corrected maximum is {most:.1f} ms (at least {CORRECTED_MAX_MS_MIN})"),
        Finding(hidden < UNCORRECTED_P99_MS_MAX,
                f"the uncorrected p99 is {hidden:.2f} ms (below {UNCORRECTED_P99_MS_MAX}): "
                f"{unanswered:.2%} of all messages were in flight")]


CHECKS = {"slowdown": slowdown, "equal": equal, "stall": stall}
