"""Which runs count, and what the pairs of them say. Pure: values in, words and numbers out, so
that the tests can replay recorded samples through the same judgement as a live benchmark.

The intervals are bootstraps of the median ratio of neighbouring runs, on the logarithm, so that A
against B and B against A say the same. They are 95 % intervals, each for itself: of
twenty intervals one is wrong by chance, which is why a difference must also be larger than what
the same poller shows against itself (the resolution, A against A).
"""
import dataclasses
import math
import random
import statistics

LEVEL = 0.95
DRAWS = 2000
# With fewer pairs even the widest interval that their ratios can give (smallest to largest) misses
# the true median too often: 12 % for four, 6 % for five.
PAIRS_MIN = 5
# An interval that is wider to each side says nothing of use.
HALF_WIDTH_MAX = 0.10

# The generator may be late by this share of the latency that it reports.
LATENESS_SHARE_MAX = 0.10
# The kernel counts steal in ticks of 10 ms, so two equal runs may differ by some.
TICK_S = 0.01
STEAL_FLOOR_TICKS = 3
STEAL_FLOOR_SHARE = 0.005
STEAL_TIMES_MEDIAN_MAX = 2
# Another process on the gateway's core is steal of our own machine's. A sleeper's wake-up takes
# microseconds, of which there are many: what is usual for a spec in a scenario is no disturbance.
DELAY_FLOOR_SHARE = 0.02
DELAY_TIMES_MEDIAN_MAX = 2
# We read the CPU clock when the load's line has come. Coming late by more would show in the result.
SAMPLED_LATE_SHARE_MAX = 0.02
# Halves of a window may differ by so much in rate, or a run is not called steady.
HALVES_DIFFER_MAX = 0.10
# Memory may grow in a window by so much: what the allocator keeps back for the next connections.
RSS_GROWTH_SHARE_MAX = 0.05
RSS_GROWTH_BYTES = 4 << 20
# "Server saturated": its threads ran for this share of the time of their cores.
SATURATED = 0.95


def headline(load):
    """The latency that a scenario is about: of deliveries where there are any, else of answers,
    else of logins; None if nothing was measured. {"corrected": H, "uncorrected": H}"""
    for kind in ("delivery", "answer", "login"):
        latency = load["latency"].get(kind)
        if latency and latency["corrected"]["count"]:
            return latency
    return None


# ── Runs ──

# What passes by itself, when the neighbours are quiet; what else is wrong, will be so again.
NOISE = ("generator late", "disturbed", "sampled late")


def is_noise(run):
    """Whether a run was thrown out for nothing but noise."""
    return all(reason.startswith(NOISE) for reason in run["invalid_reasons"])


def steal_limit_s(core_seconds, median_share):
    """How much steal a run may have, of so many seconds of its cores' time."""
    floor = max(STEAL_FLOOR_TICKS * TICK_S, STEAL_FLOOR_SHARE * core_seconds)
    return max(floor, STEAL_TIMES_MEDIAN_MAX * median_share * core_seconds)


def group_of(run):
    return run.get("cell"), run["spec"]


@dataclasses.dataclass(frozen=True)
class Usual:
    """Medians over a benchmark's runs, as shares of the cores' time: of the steal of all, and of
    the waiting of each spec in each scenario."""

    steal_share: float = 0.0
    delay_shares: dict = dataclasses.field(default_factory=dict)

    @staticmethod
    def of(runs):
        whole = [run for run in runs if run.get("core_seconds")]
        if not whole:
            return Usual()
        delays = {}
        for run in whole:
            if "delay_s" in run:
                share = run["delay_s"] / run["server_core_seconds"]
                delays.setdefault(group_of(run), []).append(share)
        return Usual(statistics.median(run["steal_s"] / run["core_seconds"] for run in whole),
                     {group: statistics.median(shares) for group, shares in delays.items()})


def saturates(run):
    """Whether a closed loop, which has no schedule to be late for, has shown that the server was
    the bottleneck (rule 5). The load may then be as busy: it makes the same system calls."""
    return not run["load"]["lateness"]["count"] and run["server_busy"] >= SATURATED


def generator_reasons(run):
    load = run["load"]
    generator = load["generator"]
    if generator["bound"] and not saturates(run):
        yield f"generator-bound: its workers were busy for {generator['busy']:.0%} of the time"
    lateness = load["lateness"]
    latency = headline(load)
    if lateness["count"] and latency:
        limit = LATENESS_SHARE_MAX * latency["corrected"]["p99"]
        if lateness["p99"] > limit:
            yield (f"generator late: p99 of its lateness is {lateness['p99'] / 1000:.0f} µs, more "
                   f"than a tenth of its own p99 of "
                   f"{latency['corrected']['p99'] / 1000:.0f} µs")


def disturbances(run, usual):
    """Steal by other machines, and waiting for a core that another process had."""
    limit = steal_limit_s(run["core_seconds"], usual.steal_share)
    if run["steal_s"] > limit + TICK_S / 2:
        yield (f"disturbed: {run['steal_s'] * 1000:.0f} ms of steal, more than "
               f"{limit * 1000:.0f} ms")
    if "delay_s" not in run:
        return  # Recorded before it was.
    limit = run["server_core_seconds"] * max(
        DELAY_FLOOR_SHARE, DELAY_TIMES_MEDIAN_MAX * usual.delay_shares.get(group_of(run), 0.0))
    if run["delay_s"] > limit:
        yield (f"disturbed: the gateway's threads waited {run['delay_s'] * 1000:.0f} ms for their "
               f"core, more than {limit * 1000:.0f} ms")


def invalid_reasons(run, usual):
    """Why a run does not count, in words; none if it does. `usual` is how much disturbance is
    usual in this benchmark."""
    if run.get("failure"):
        return [f"failed: {run['failure']}"]
    load = run["load"]
    reasons = []
    if not load["correct"]:
        fault = load["faults"][0] if load["faults"] else "the load does not say what"
        reasons.append(f"wrong: {fault}")
    if load["messages"] == 0:
        reasons.append("empty: no message was completed inside the window")
    reasons += generator_reasons(run)
    reasons += disturbances(run, usual)
    late = abs(run["sampled_seconds"] - load["seconds"])
    if late > max(SAMPLED_LATE_SHARE_MAX * load["seconds"], TICK_S):
        reasons.append(f"sampled late: our window is off the load's by {late * 1000:.0f} ms")
    return reasons


def judge_runs(runs):
    """Sets valid and invalid_reasons of all runs, by the disturbances of all of them."""
    usual = Usual.of(runs)
    for run in runs:
        run["invalid_reasons"] = invalid_reasons(run, usual)
        run["valid"] = not run["invalid_reasons"]


def unsteady_reasons(run):
    """Why a run's window was no steady state. Such a run counts; the result says so."""
    steady = run.get("steady") or {}
    reasons = []
    for what, halves in (steady.get("halves") or {}).items():
        first, second = halves
        if max(first, second) > 0 and abs(first - second) > HALVES_DIFFER_MAX * max(first, second):
            reasons.append(f"{what} of the window's halves: {first:.4g} and {second:.4g} per s")
    growth = steady.get("rss_growth_bytes", 0)
    rss = (run.get("memory") or {}).get("rss_bytes", 0)
    if growth > max(RSS_GROWTH_BYTES, RSS_GROWTH_SHARE_MAX * rss):
        reasons.append(f"memory grew by {growth / 1e6:.1f} MB")
    return reasons


# ── Intervals ──

def bootstrapped(values, seed=1):
    """(low, high): percentile bootstrap of the median; the same values give the same interval."""
    chance = random.Random(seed)
    count = len(values)
    medians = sorted(statistics.median(chance.choices(values, k=count)) for _ in range(DRAWS))
    cut = round(DRAWS * (1 - LEVEL) / 2)
    return medians[cut], medians[-1 - cut]


def coverage(count, depth):
    """How often the depth-th smallest and depth-th largest of `count` values enclose the median."""
    outside = sum(math.comb(count, k) for k in range(depth)) / 2 ** count
    return 1 - 2 * outside


def ranked(values):
    """(low, high): the order statistics that enclose the median at our level, interpolated between
    two depths (Hettmansperger and Sheather, Stat. Prob. Lett. 4, 1986)."""
    ordered = sorted(values)
    count = len(ordered)
    depth = 1
    while depth < count // 2 and coverage(count, depth + 1) >= LEVEL:
        depth += 1
    outer, inner = coverage(count, depth), coverage(count, depth + 1)
    if outer <= LEVEL or depth >= count // 2:
        return ordered[depth - 1], ordered[-depth]
    share = (outer - LEVEL) / (outer - inner)
    weight = (count - depth) * share / (depth + (count - 2 * depth) * share)
    return ((1 - weight) * ordered[depth - 1] + weight * ordered[depth],
            (1 - weight) * ordered[-depth] + weight * ordered[-depth - 1])


def median_interval(values):
    """(low, high): 95 % interval of the median. The bootstrap of a median is too narrow for few
    values (85 % for seven of them), so it is never narrower than the order statistics allow."""
    if len(values) == 1:
        return values[0], values[0]
    (low, high), (least, most) = bootstrapped(values), ranked(values)
    return min(low, least), max(high, most)


def ratio_of(pairs):
    """{"pairs", "ratio", "low", "high"} of other to base; ratio None where nothing can be said."""
    logs = [math.log(other / base) for base, other in pairs if base > 0 and other > 0]
    if not logs:
        return {"pairs": 0, "ratio": None, "low": None, "high": None}
    low, high = median_interval(logs)
    return {"pairs": len(logs), "ratio": math.exp(statistics.median(logs)), "low": math.exp(low),
            "high": math.exp(high)}


def half_width(ratio):
    """Of the interval, as a share of the ratio; infinite without one."""
    if not ratio["pairs"] or ratio["ratio"] is None:
        return math.inf
    return (ratio["high"] - ratio["low"]) / 2 / ratio["ratio"]


def spread(values):
    """{"median", "low", "high", "mad", "min", "max", "runs"} of one spec's runs."""
    middle = statistics.median(values)
    low, high = median_interval(values)
    return {"median": middle, "low": low, "high": high,
            "mad": statistics.median(abs(value - middle) for value in values),
            "min": min(values), "max": max(values), "runs": len(values)}


def reach(resolution):
    """How far from 1 two series of one and the same poller may seem to lie: a factor >= 1."""
    return max(resolution["high"], 1 / resolution["low"], 1.0)


def verdict(ratio, resolution, name="the base"):
    """(verdict, reason): lower, higher, no difference or inconclusive."""
    if ratio["pairs"] < PAIRS_MIN:
        return "inconclusive", f"{ratio['pairs']} valid pairs, at least {PAIRS_MIN} are needed"
    width = half_width(ratio)
    if width > HALF_WIDTH_MAX:
        return "inconclusive", (f"the interval reaches {width:.0%} to each side, more than "
                                f"{HALF_WIDTH_MAX:.0%}")
    if not resolution or resolution["pairs"] < PAIRS_MIN:
        found = resolution["pairs"] if resolution else 0
        return "inconclusive", (f"{name} was compared with itself in {found} valid pairs, at least "
                                f"{PAIRS_MIN} are needed to know the resolution")
    if ratio["low"] <= 1 <= ratio["high"]:
        return "no difference", "that this machine can show: the interval includes 1"
    away = max(ratio["ratio"], 1 / ratio["ratio"])
    if away <= reach(resolution):
        return "no difference", (f"that this machine can show: {name} differs from itself by up to "
                                 f"{reach(resolution) - 1:.1%}")
    return ("lower" if ratio["ratio"] < 1 else "higher"), (
        f"the interval excludes 1 and the difference is larger than the {reach(resolution) - 1:.1%}"
        f" by which {name} differs from itself")


# ── Pairs ──

def pairs_of(runs, purpose, spec, base_side="base", other_side="other"):
    """[(base run, other run)]: of each pair's number the first valid run of either side.

    The base's run of a round belongs to the pairs with all others: its "spec" is the base's, so
    only the other side is asked for `spec`.
    """
    chosen = {}
    for run in runs:
        if not run["valid"] or run["purpose"] != purpose:
            continue
        if run["side"] == base_side or (run["side"] == other_side and run["spec"] == spec):
            chosen.setdefault((run["pair"], run["side"]), run)
    numbers = sorted({pair for pair, _ in chosen})
    return [(chosen[number, base_side], chosen[number, other_side]) for number in numbers
            if (number, base_side) in chosen and (number, other_side) in chosen]


def values_of(pairs, figure):
    """[(base, other)] of one figure, where both have it."""
    both = ((figure(base), figure(other)) for base, other in pairs)
    return [(base, other) for base, other in both if base is not None and other is not None]
