"""One plain sentence about a scenario: who is cheaper, and why, as far as the counters show it.

A counter is named as a cause only if all of this holds; else the sentence says that the counters
show none:
- it differs by a tenth or more, and where it has intervals, these do not overlap;
- it moves as the CPU time does (a saved system call explains no dearer message);
- the part of the CPU time that pays for it (the kernel's, say) moves the same way;
- it is large enough: even at the highest price that one of these may have, a counter that cannot
  pay a quarter of the difference is no cause of it.
"""
import collections
import math

from perf.bench import judge
from perf.report import figures

# What one of these may cost at most, in µs of CPU time. Generous bounds, not measurements: a
# counter is ruled out only if it could not pay even then. A system call's own work (copying, TCP)
# is no part of its price; an instruction that waits for memory is as dear as here, others less.
SYSCALL_US_MAX = 1.0
SWITCH_US_MAX = 5.0
REARM_US_MAX = 3.0
STARVED_US_MAX = 0.1  # a look at a list of ours; what io_uring does anew for it counts as re-arm
INSTRUCTION_US_MAX = 0.001

# A counter that pays less than this of the difference is no cause.
SHARE_MIN = 0.25
# Counters that differ by less are called alike.
CHANGE_MIN = 0.10
# Names of system calls that a sentence lists; the table has them all.
CALLS_NAMED = 2
# More pairs than these are no advice that anyone can follow.
PAIRS_BEARABLE = 60

PARTS = {
    "user_us_per_message": "user space",
    "system_us_per_message": "the kernel",
    "kernel_threads_us_per_message": "kernel threads (iou-wrk, iou-sqp)",
    "softirq_us_per_message": "softirqs",
}

# CPU time that others spend for the gateway is a cause by itself.
ON_ITS_BEHALF = ("kernel_threads_us_per_message", "softirq_us_per_message")

Counter = collections.namedtuple("Counter", "name price_us part say")


def sentence(scenario, specs):
    """The sentence about every other spec against the first; one each if there are several."""
    base, *others = specs
    if not others:
        return f"Only {base} was measured: there is nothing to compare it with."
    return " ".join(sentence_about(scenario, base, other) for other in others)


def sentence_about(scenario, base, other):
    comparison = figures.headline(scenario, other)
    if comparison is None or comparison.get("ratio") is None:
        return _not_compared(scenario, base, other)
    verdict = comparison.get("verdict")
    if verdict == "lower":
        text = _cheaper(scenario, base, other, comparison)
    elif verdict == "higher":
        text = _dearer(scenario, base, other, comparison)
    elif verdict == "no difference":
        text = _alike(scenario, base, other, comparison)
    else:
        text = _inconclusive(scenario, base, other, comparison)
    return f"{text}{_trade_off(scenario, other, verdict)}{_memory(scenario, base, other)}."


# ── The verdicts ──

def _cheaper(scenario, base, other, comparison):
    return (f"{other} spends {figures.percent(comparison['ratio'])} less CPU per "
            f"{figures.unit(scenario)} than {base} ({_interval(comparison)}): "
            f"{causes_text(scenario, base, other)}")


def _dearer(scenario, base, other, comparison):
    return (f"{other} loses: it spends {figures.percent(comparison['ratio'])} more CPU per "
            f"{figures.unit(scenario)} than {base} ({_interval(comparison)}): "
            f"{causes_text(scenario, base, other)}")


def _alike(scenario, base, other, comparison):
    text = (f"No difference that this machine can show: {other} spends "
            f"{figures.ratio(comparison['ratio'])} times the CPU of {base} per "
            f"{figures.unit(scenario)} ({_interval(comparison)})")
    resolution = figures.dig(scenario, "resolution", "cpu_us_per_message")
    if resolution and resolution.get("low") is not None:
        text += f", and {base} against itself gives {_interval(resolution)}"
    contrast = _syscall_contrast(scenario, base, other)
    return text + (f"; {contrast}, which does not show in the CPU time" if contrast else "")


def _inconclusive(scenario, base, other, comparison):
    text = (f"Inconclusive: {other} spent {figures.ratio(comparison['ratio'])} times the CPU of "
            f"{base} per {figures.unit(scenario)} ({_interval(comparison)}) in "
            f"{figures.count(comparison.get('pairs', 0), 'valid pair')}")
    if comparison.get("reason"):
        text += f", and {_as_clause(comparison['reason'])}"
    return f"{text}; {remedy(scenario, comparison)}"


def _not_compared(scenario, base, other):
    missing = [spec for spec in (base, other) if not figures.valid_runs(scenario, spec)]
    if not missing:
        return f"No verdict: {other} was not compared with {base} here."
    text = f"No verdict: no run of {' nor of '.join(missing)} counts"
    theirs = {**scenario, "runs": [run for run in scenario["runs"] if run.get("spec") in missing]}
    kinds = [f"{kind} {len(found)}" for kind, found in figures.thrown_out_by_kind(theirs).items()]
    if not kinds:
        return f"{text}: there was no time for one (--budget, or --full)."
    help_text = _remedy_for_thrown_out(theirs)
    return f"{text} (thrown out: {', '.join(kinds)})" + (f"; {help_text}." if help_text else ".")


def _as_clause(reason):
    """A reason from the driver as the end of a sentence of ours."""
    return reason.strip().rstrip(".")


def _interval(comparison):
    return figures.interval(comparison.get("low"), comparison.get("high"))


def _syscall_contrast(scenario, base, other):
    """Says that one makes far fewer system calls, where that is so."""
    before, after = figures.syscalls(scenario, base), figures.syscalls(scenario, other)
    if before is None or after is None or not _differs(before, after):
        return ""
    return (f"{other} makes {figures.number(after)} system calls per {figures.unit(scenario)} and "
            f"{base} {figures.number(before)}")


# What else a reader must know before he chooses, in the order of its weight.
def _trade_off(scenario, other, verdict):
    for metric in ("rate", "p99", "p50", "p99_9"):
        for found in figures.comparisons(scenario, other, metric):
            if found.get("verdict") not in ("lower", "higher"):
                continue
            name = "rate" if metric == "rate" else f"{figures.METRICS[metric]} latency"
            good = (found["verdict"] == "higher") == (metric in figures.MORE_IS_BETTER)
            agrees = verdict in ("lower", "higher") and good == (verdict == "lower")
            link = "and" if agrees or verdict not in ("lower", "higher") else "but"
            return (f"; {link} its {name} is {figures.percent(found['ratio'])} "
                    f"{found['verdict']} ({_interval(found)})")
    return ""


def _memory(scenario, base, other):
    """Idle connections are there for their memory, so the sentence says what one costs."""
    if scenario.get("kind") != "idle":
        return ""
    costs = []
    for spec in (base, other):
        ours = figures.median(scenario, spec, "bytes_per_connection")
        kernels = figures.median(scenario, spec, "slab_bytes_per_connection")
        if ours is None or kernels is None:
            return ""
        costs.append(f"{figures.number(ours)} bytes of its own and {figures.number(kernels)} of "
                     f"the kernel's with {spec}")
    return f"; a connection costs {costs[0]}, {costs[1]}"


# ── Causes ──

def causes_text(scenario, base, other):
    """The causes that the counters show, or the plain word that they show none."""
    found = causes(scenario, base, other)
    if found:
        return " and ".join(found[:2]) + _batch(scenario, base, other, found)
    return _no_cause(scenario, base, other)


def causes(scenario, base, other):
    """Clauses, the heaviest first: which counters can have made the difference."""
    moved = _moved(scenario, base, other, "cpu_us_per_message")
    if not moved:
        return []
    weighed = []
    for name in ON_ITS_BEHALF:
        change = _change(scenario, base, other, name)
        if change is not None and _pays(change, moved):
            weighed.append((abs(change), _say_part(scenario, base, other, name)))
    for counter in COUNTERS:
        if counter.name == "calls_per_message" and _syscalls_known(scenario, base, other):
            continue
        change = _change(scenario, base, other, counter.name)
        if change is None or not _pays(change * counter.price_us, moved):
            continue
        # What is paid for in the kernel, say, is no cause where the kernel's part did not move.
        part = _moved(scenario, base, other, counter.part)
        if part is not None and not _pays(part, moved):
            continue
        weighed.append((abs(change) * counter.price_us, counter.say(scenario, base, other)))
    return [text for _, text in sorted(weighed, key=lambda cause: -cause[0])]


def _moved(scenario, base, other, name):
    before = figures.median(scenario, base, name)
    after = figures.median(scenario, other, name)
    return None if before is None or after is None else after - before


def _syscalls_known(scenario, base, other):
    return None not in (figures.syscalls(scenario, base), figures.syscalls(scenario, other))


def _pays(amount_us, moved_us):
    return amount_us * moved_us > 0 and abs(amount_us) >= SHARE_MIN * abs(moved_us)


def _differs(before, after):
    return abs(after - before) >= CHANGE_MIN * max(abs(before), abs(after)) and before != after


def _change(scenario, base, other, name):
    """By how much a counter moved, or None if it is unknown or alike."""
    if name == "syscalls_per_message":
        before, after = figures.syscalls(scenario, base), figures.syscalls(scenario, other)
        if before is None or after is None:
            return None
        return after - before if _differs(before, after) else None
    levels = [figures.level(scenario, spec, name) for spec in (base, other)]
    if None in levels:
        return None
    before, after = levels
    if not _differs(before["median"], after["median"]) or _overlap(before, after):
        return None
    return after["median"] - before["median"]


def _overlap(one, two):
    """Whether two levels cannot be told apart by their intervals."""
    return one["low"] <= two["high"] and two["low"] <= one["high"]


def _say_part(scenario, base, other, name):
    return (f"{PARTS[name]} take {_amount(figures.median(scenario, other, name))} µs per "
            f"{figures.unit(scenario)} ({base}: "
            f"{_amount(figures.median(scenario, base, name))})")


def _say_syscalls(scenario, base, other):
    before, after = figures.syscalls(scenario, base), figures.syscalls(scenario, other)
    names = figures.dig(scenario, "counted", base if before > after else other, "by_name") or {}
    top = sorted(names.items(), key=lambda entry: -entry[1])[:CALLS_NAMED]
    listed = ", ".join(f"{name} {figures.number(amount)}" for name, amount in top)
    listed = f" ({listed})" if listed else ""
    return (f"it enters the kernel {figures.number(after)} times per {figures.unit(scenario)}"
            f"{listed if after > before else ''} where {base} does {figures.number(before)} times"
            f"{listed if before > after else ''}")


def _amount(value):
    return figures.number(value) if value else "none"


def _counter(name, price_us, say, part="system_us_per_message"):
    """A counter of the levels; `say` holds its clause with what the other and the base have."""
    def clause(scenario, base, other):
        before = figures.median(scenario, base, name)
        after = figures.median(scenario, other, name)
        return say.format(after=_amount(after), before=_amount(before), base=base,
                          unit=figures.unit(scenario))
    return Counter(name, price_us, part, clause)


COUNTERS = (
    Counter("syscalls_per_message", SYSCALL_US_MAX, "system_us_per_message", _say_syscalls),
    # The collecting calls alone, where no tracer counted them all.
    _counter("calls_per_message", SYSCALL_US_MAX,
             "it asks the kernel for news {after} times per {unit} ({base}: {before})"),
    _counter("context_switches_per_message", SWITCH_US_MAX,
             "its threads are switched {after} times per {unit} ({base}'s: {before})"),
    _counter("rearms_per_message", REARM_US_MAX,
             "{after} receives per {unit} are armed anew ({base}: {before})"),
    _counter("starved_per_message", STARVED_US_MAX,
             "{after} times per {unit} a receive finds every block lent ({base}: {before})",
             "user_us_per_message"),
    _counter("instructions_per_message", INSTRUCTION_US_MAX,
             "it executes {after} instructions per {unit} in user space ({base}: {before})",
             "user_us_per_message"),
)


def _batch(scenario, base, other, found):
    """How many events a call brings, where the number of calls is the cause: that is how."""
    if not any("the kernel" in text for text in found[:2]):
        return ""
    after = figures.median(scenario, other, "events_per_call")
    if after is None or _change(scenario, base, other, "events_per_call") is None:
        return ""
    what = (("enter", "completions") if figures.family(other) == "uring" else ("wait", "events"))
    size = f"{after:.0f}" if after >= 10 else figures.number(after)
    return f", and each {what[0]} brings {size} {what[1]}"


def _no_cause(scenario, base, other):
    """Says that the counters show no cause, and where at least the time went."""
    text = "the counters do not show why"
    moved = _moved(scenario, base, other, "cpu_us_per_message")
    parts = {name: _moved(scenario, base, other, name) for name in PARTS}
    known = {name: part for name, part in parts.items()
             if part is not None and moved and _pays(part, moved)}
    if known:
        name = max(known, key=lambda each: abs(known[each]))
        sign = "+" if known[name] > 0 else "−"
        amount = f"{sign}{figures.number(abs(known[name]))} µs per {figures.unit(scenario)}"
        text += f" (most of it lies in {PARTS[name]}: {amount})"
    name = scenario.get("scenario") or scenario["name"]
    return f"{text}; tools/dev profile cpu --scenario {name} would"


# ── What would help ──

# What helps against each kind of reason for which the driver throws runs out.
REMEDIES = {
    "generator-bound": "a lower rate, or more cores for the load, would help",
    "generator late": "a quieter machine or a lower rate would help",
    "disturbed": "a quieter machine would help",
    "sampled late": "a quieter machine would help",
    "wrong": "the fault comes first: tools/dev test, then the run's own words",
    "failed": "the fault comes first: tools/dev test, then the run's own words",
    "empty": "longer runs (--seconds) would help",
}
# So many runs thrown out of all are what made a verdict impossible.
THROWN_OUT_SHARE = 0.25


def _remedy_for_thrown_out(scenario):
    kind = next(iter(figures.thrown_out_by_kind(scenario)), None)
    if kind == "generator-bound" and scenario.get("loop") == "closed":
        return "more cores for the load, or the open loop, would help"
    return REMEDIES.get(kind, "")


def remedy(scenario, comparison):
    """What a user can do about an inconclusive verdict, by what made it so."""
    thrown = len(figures.thrown_out(scenario))
    if thrown and thrown >= THROWN_OUT_SHARE * len(scenario["runs"]):
        found = _remedy_for_thrown_out(scenario)
        if found:
            return found
    if not comparison.get("pairs"):
        return "more time would help (--budget, or --full)"
    wanted = pairs_wanted(comparison)
    if wanted > PAIRS_BEARABLE:
        return (f"a quieter machine or longer runs (--full) would help: with runs that differ so "
                f"much it would take some {wanted} pairs")
    return f"more pairs would help (--pairs {wanted} with a larger --budget, or --full)"


def pairs_wanted(comparison):
    """Pairs until the interval is narrow enough: its width falls with the root of their number."""
    pairs = max(comparison.get("pairs", 0), 1)
    low, high = comparison.get("low"), comparison.get("high")
    if low is None or high is None:
        return 2 * max(pairs, judge.PAIRS_MIN)
    half_width = (high - low) / 2 / comparison["ratio"]
    grown = math.ceil(pairs * (half_width / judge.HALF_WIDTH_MAX) ** 2)
    return max(grown, pairs + 1, judge.PAIRS_MIN)
