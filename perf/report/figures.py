"""What the figures of a result are called, where they lie in it, and how they are written.

Everything that reads a result goes through here, so that the table, the page and the sentences
show the same figure under the same name. A figure that was not measured is None, and shown as
such, never as 0.
"""
import re

from perf.bench import summary

# Metrics on which two specs are compared. In closed loop a latency is the generator's own
# business (the next message waits for the last answer), so that it is shown but not compared.
METRICS = {
    "cpu_us_per_message": "CPU",
    "rate": "rate",
    "p50": "p50",
    "p99": "p99",
    "p99_9": "p99.9",
}
# Of which metrics more is better. Of the others less is.
MORE_IS_BETTER = {"rate"}

PERCENTILES = ("p50", "p99", "p99_9")

ECHO = "echo "

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def is_floor(spec):
    return spec.startswith(ECHO)


def family(spec):
    """The poller behind a spec: 'uring' of 'uring:bundle=on', 'uring@build/other', 'echo uring'."""
    return re.split("[:@]", spec.removeprefix(ECHO))[0]


def unit(scenario):
    """What one message is: ping, send, delivery, heartbeat or login."""
    return scenario.get("unit") or "message"


def valid_runs(scenario, spec, purposes=("compare", "floor")):
    """The runs that a spec's levels are made of."""
    return [run for run in scenario["runs"] if run.get("spec") == spec and run.get("valid")
            and run.get("purpose") in purposes]


def of_run(name, run):
    """A figure of one run; None if the run did not come to its end or has no such figure."""
    return summary.FIGURES[name](run) if run.get("load") else None


def dig(holder, *path):
    """holder[path[0]][path[1]]…, or None where the way ends."""
    for key in path:
        if not isinstance(holder, dict):
            return None
        holder = holder.get(key)
    return holder


def latency_of(holder):
    """The latency that a scenario is about: of the delivery if it has one, else of the answer."""
    latency = holder.get("latency") or {}
    for kind in ("delivery", "answer"):
        if dig(latency, kind, "corrected", "count"):
            return latency[kind]
    return None


def level(scenario, spec, name):
    """{"median", "low", "high", "mad", "min", "max", "runs"} of a figure, or None."""
    found = dig(scenario, "levels", spec, name)
    return found if found and found.get("median") is not None else None


def median(scenario, spec, name):
    found = level(scenario, spec, name)
    return None if found is None else found["median"]


def syscalls(scenario, spec):
    """System calls per message, as a tracer counted them; None if none did."""
    return dig(scenario, "counted", spec, "syscalls_per_message")


def comparisons(scenario, other=None, metric=None):
    """The comparisons of a scenario, in the order of METRICS."""
    order = list(METRICS)
    found = [comparison for comparison in scenario.get("comparisons", [])
             if other in (None, comparison["other"]) and metric in (None, comparison["metric"])
             and comparison["metric"] in METRICS]
    return sorted(found, key=lambda comparison: order.index(comparison["metric"]))


def headline(scenario, other):
    """The comparison that a scenario is judged by: CPU per message."""
    found = comparisons(scenario, other, "cpu_us_per_message")
    return found[0] if found else None


def specs_shown(result, scenario):
    """The specs and then the floors that have anything to show here."""
    ran = {run.get("spec") for run in scenario["runs"]} - {None}
    floors = {spec for spec in ran if is_floor(spec)} - set(result["specs"])
    return [spec for spec in result["specs"] if spec in ran] + sorted(floors)


def floor_of(scenario, spec):
    """The bare echo loop on the same kernel interface, if it ran here."""
    floor = ECHO + family(spec)
    return floor if floor != spec and valid_runs(scenario, floor) else None


def thrown_out(scenario):
    """[(run, reasons)] of the runs that do not count."""
    return [(run, run.get("invalid_reasons") or ["no reason was recorded"])
            for run in scenario["runs"] if not run.get("valid")]


def thrown_out_by_kind(scenario):
    """{"generator late": [(run, "p99 of its lateness is …"), …], …}, the most frequent kind first.

    A reason begins with its kind and a colon.
    """
    kinds = {}
    for run, reasons in thrown_out(scenario):
        for reason in reasons:
            kind, _, detail = reason.partition(": ")
            kinds.setdefault(kind, []).append((run, detail))
    return dict(sorted(kinds.items(), key=lambda entry: -len(entry[1])))


def printable(value):
    """A result without control characters: a terminal would obey them, whoever wrote the file."""
    if isinstance(value, str):
        return CONTROL.sub("\ufffd", value)
    if isinstance(value, dict):
        return {printable(key): printable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [printable(one) for one in value]
    return value


# ── How figures are written ──

def plural(unit):
    """Of a unit's name: sends, deliveries."""
    return unit[:-1] + "ies" if unit.endswith("y") else unit + "s"


def number(value):
    """About three significant digits, a comma between thousands, no exponent: 0.02, 8.41, 41,000.

    Below a hundredth one digit is enough: such a figure is a count near nothing.
    """
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100 or value == 0:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.01:
        return f"{value:.2f}"
    return f"{value:.1g}" if size >= 0.0001 else "<0.0001"


def aligned(values):
    """The figures of one column, with the same number of decimals: as many as its largest needs;
    where all are small, more if the smallest would vanish."""
    known = [abs(value) for value in values if value]
    places = 0
    if known:
        places = 0 if max(known) >= 100 else 1 if max(known) >= 10 else 2
        while max(known) < 1 and places < 4 and min(known) * 10 ** places < 0.95:
            places += 1
    least = 10 ** -places / 2
    return ["–" if value is None else "0" if value == 0 else f"<{2 * least:.{places}f}"
            if 0 < abs(value) < least else f"{value:,.{places}f}" for value in values]


def ratio(value):
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def interval(low, high):
    return "–" if low is None or high is None else f"{ratio(low)}..{ratio(high)}"


def percent(value):
    """A ratio's distance from 1, without its sign: '12 %', '0.8 %'."""
    away = abs(value - 1) * 100
    return f"{away:.0f} %" if away >= 1.5 else f"{away:.1f} %"


def duration(ns):
    """Nanoseconds in the unit that a person would choose."""
    if ns is None:
        return "–"
    for size, name in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= size:
            return f"{number(ns / size)} {name}"
    return f"{number(ns)} ns"


def size_of(amount):
    """Bytes with a binary unit."""
    if amount is None:
        return "–"
    for size, name in ((2 ** 30, "GiB"), (2 ** 20, "MiB"), (2 ** 10, "KiB")):
        if abs(amount) >= size:
            return f"{number(amount / size)} {name}"
    return f"{number(amount)} B"


def count(amount, noun):
    """'1 run', '3 runs'."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
