"""tools/dev bench compare: did something become worse from one result to another?

    tools/dev bench compare OLD.json NEW.json [--threshold 0.05]

A row for each scenario, spec and metric that both results have: the ratio of the medians, new to
old, with a 95 % bootstrap interval over the raw runs. The runs are of two benchmarks, so nothing
is paired, and what drifted between them is in the ratio. Hence something counts as worse only if
it is worse by more than the threshold, if the whole interval is on the worse side of 1, and if the
ratio is beyond what one and the same poller showed against itself in either benchmark.

Exit code: 0 nothing became worse, 1 something did, 2 the two cannot be compared.
"""
import argparse
import math
import random
import statistics
import sys

from perf.bench import judge
from perf.report import figures, result_file
from perf.report.table import WIDTH, wrapped

THRESHOLD = 0.05
# Any difference here makes it a comparison of machines, or of compilers, as much as of commits.
SAME_MACHINE = ("cpu_model", "cores", "kernel", "hypervisor", "governor", "mitigations")
SAME_BUILD = ("compiler", "flags", "build_type", "build_options", "allocator")
# Settings of a scenario without which its figures do not mean the same.
SAME_SCENARIO = ("loop", "connections", "payload_bytes", "depth", "unit", "capacity_fraction")
# An open loop's rate follows from a measured capacity, so it may differ a little.
RATE_MAY_DIFFER = 0.10

WORSE = "WORSE"
TOO_FEW = "too few runs"


class Row:
    """One metric of one spec in one scenario, old and new."""

    def __init__(self, metric, old, new, resolutions, threshold):
        self.metric = metric
        self.old, self.new = old, new
        self.ratio = statistics.median(new) / statistics.median(old)
        self.low, self.high = interval(old, new)
        self.reach = max((judge.reach(one) for one in resolutions if one), default=None)
        self.verdict = self._verdict(threshold)

    def _verdict(self, threshold):
        if min(len(self.old), len(self.new)) < judge.PAIRS_MIN:
            return TOO_FEW
        more_is_better = self.metric in figures.MORE_IS_BETTER
        worse = 1 / self.ratio if more_is_better else self.ratio
        ends = (1 / self.high, 1 / self.low) if more_is_better else (self.low, self.high)
        limit = max(1 + threshold, self.reach or 1.0)
        if worse > limit and ends[0] > 1:
            return WORSE
        if 1 / worse > limit and ends[1] < 1:
            return "better"
        return "no difference" if ends[0] <= 1 <= ends[1] else "within the limits"


def interval(old, new, seed=1):
    """(low, high) of the ratio of medians: both sides are drawn again, each from its own runs."""
    chance = random.Random(seed)
    def drawn(runs):
        return statistics.median(chance.choices(runs, k=len(runs)))
    ratios = sorted(drawn(new) / drawn(old) for _ in range(judge.DRAWS))
    cut = round(judge.DRAWS * (1 - judge.LEVEL) / 2)
    return ratios[cut], ratios[-1 - cut]


def values(scenario, spec, metric):
    """The metric of each run that counts."""
    found = [figures.of_run(metric, run) for run in figures.valid_runs(scenario, spec)]
    return [value for value in found if value is not None and value > 0 and math.isfinite(value)]


# ── What can be compared ──

def differences(old, new, keys):
    """'kernel: 6.1 then, 6.18 now' for each key that differs."""
    before, after = old.get("environment") or {}, new.get("environment") or {}
    found = []
    for key in keys:
        if before.get(key) == after.get(key):
            continue
        was, is_now = str(before.get(key)), str(after.get(key))
        short = len(was) + len(is_now) < 60
        found.append(f"{key} ({was} then, {is_now} now)" if short else key)
    return found


def mismatch(old, new):
    """Why the figures of two scenarios of one name do not mean the same; '' if they do."""
    for key in SAME_SCENARIO:
        if old.get(key) != new.get(key):
            return f"{key} was {old.get(key)} and is {new.get(key)}"
    before, after = old.get("rate"), new.get("rate")
    if before and after and max(before, after) > min(before, after) * (1 + RATE_MAY_DIFFER):
        return (f"the rate was {figures.number(before)} and is {figures.number(after)}: CPU per "
                "message and latency depend on it")
    return ""


def matched(old, new):
    """[(name, old scenario, new scenario)] in the order of the new result."""
    before = {scenario["name"]: scenario for scenario in old["scenarios"]}
    return [(scenario["name"], before[scenario["name"]], scenario)
            for scenario in new["scenarios"] if scenario["name"] in before]


def metrics(scenario):
    """What is compared: latency in open loop, the rate in closed."""
    return (("cpu_us_per_message", "rate") if scenario.get("loop") == "closed" else
            ("cpu_us_per_message", "p50", "p99"))


def rows_of(old, new, specs, threshold):
    """[(spec, Row)] of one scenario."""
    rows = []
    for spec in specs:
        for metric in metrics(new):
            before, after = values(old, spec, metric), values(new, spec, metric)
            if before and after:
                resolutions = [figures.dig(one, "resolution", metric) for one in (old, new)]
                rows.append((spec, Row(metric, before, after,
                                       [one for one in resolutions if one and one.get("low")],
                                       threshold)))
    return rows


# ── The table ──

def figure(metric, amounts):
    middle = statistics.median(amounts)
    if metric == "cpu_us_per_message":
        return f"{figures.number(middle)} µs"
    return f"{figures.number(middle)}/s" if metric == "rate" else figures.duration(middle)


def row_line(spec, row):
    name = spec if len(spec) <= 16 else spec[:15] + "…"
    own = f"A/A ±{row.reach - 1:.0%}" if row.reach else "A/A –"
    return (f"  {name:<17}{figures.METRICS[row.metric]:<5}{figure(row.metric, row.old):>10}"
            f"{figure(row.metric, row.new):>10}{figures.ratio(row.ratio):>7}"
            f"  ({figures.interval(row.low, row.high)})  {row.verdict:<18}"
            f"{own:<10}{len(row.old)}+{len(row.new)}")


def head_lines(old, new):
    for word, one in (("old", old), ("new", new)):
        environment = one.get("environment") or {}
        commit = (environment.get("commit") or "unknown commit")[:12]
        changed = " + changes" if environment.get("dirty") else ""
        yield from wrapped(f"{word}: {one['id']} · {commit}{changed} · {one.get('mode', '?')} mode",
                           indent="", hang="  ")
    machine, build = differences(old, new, SAME_MACHINE), differences(old, new, SAME_BUILD)
    if machine:
        yield from wrapped("Warning: this compares across machines, and the ratios are of the "
                           f"machines too: {'; '.join(machine)}.", indent="", hang="  ")
    if build:
        yield from wrapped("Warning: the builds differ beside the commit: "
                           f"{'; '.join(build)}.", indent="", hang="  ")


def compare(old, new, threshold):
    """(lines, rows): the whole comparison; no rows if nothing can be compared."""
    lines, rows = list(head_lines(old, new)), []
    specs = [spec for spec in new["specs"] if spec in old["specs"]]
    for name, before, after in matched(old, new):
        lines += ["", name[:WIDTH]]
        reason = mismatch(before, after)
        if reason:
            lines += wrapped(f"not compared: {reason}")
            continue
        found = rows_of(before, after, specs, threshold)
        lines += [row_line(spec, row) for spec, row in found]
        if not found:
            lines.append("  not compared: no poller has runs that count in both")
        rows += [(name, spec, row) for spec, row in found]
    for word, one, other in (("old", old, new), ("new", new, old)):
        for kind, mine, theirs in (
                ("scenario", [s["name"] for s in one["scenarios"]],
                 [s["name"] for s in other["scenarios"]]),
                ("poller", one["specs"], other["specs"])):
            alone = [each for each in mine if each not in theirs]
            if alone:
                lines += wrapped(f"Only in {word}: {kind} {', '.join(alone)}.", indent="")
    return lines, rows


def closing(rows, threshold):
    worse = [(name, spec, row) for name, spec, row in rows if row.verdict == WORSE]
    few = sum(1 for _, _, row in rows if row.verdict == TOO_FEW)
    untold = (f" {few} of {len(rows)} rows have no verdict: fewer than {judge.PAIRS_MIN} runs that "
              "count on one side." if few else "")
    if not worse:
        return f"Nothing became worse by more than {threshold:.0%} beyond the noise.{untold}"
    listed = "; ".join(f"{name} on {spec}: {figures.METRICS[row.metric]} "
                       f"{figures.ratio(row.ratio)} times" for name, spec, row in worse)
    return f"Worse by more than {threshold:.0%}: {listed}.{untold}"


def share(text):
    """A threshold: 0.05, not 5."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no share between 0 and 1: five per cent is "
                                         "0.05")
    return value


def main(argv):
    parser = argparse.ArgumentParser(
        prog="tools/dev bench compare",
        description="Compares two results of tools/dev bench; exit code 1 if something became "
                    "worse, 2 if they cannot be compared.")
    parser.add_argument("old", metavar="OLD.json")
    parser.add_argument("new", metavar="NEW.json")
    parser.add_argument("--threshold", type=share, default=THRESHOLD,
                        help="a metric may become worse by this share (%(default)s)")
    args = parser.parse_args(argv)
    try:
        old, new = (figures.printable(result_file.load(path)) for path in (args.old, args.new))
    except result_file.BadResult as bad:
        print(f"tools/dev bench compare: {bad}", file=sys.stderr)
        return 2
    lines, rows = compare(old, new, args.threshold)
    print("\n".join(lines))
    if not rows:
        print("tools/dev bench compare: the two have nothing in common that can be compared; run "
              "both with the same --scenario, --compare and loads", file=sys.stderr)
        return 2
    print("\n" + "\n".join(wrapped(closing(rows, args.threshold), indent="")))
    return 1 if any(row.verdict == WORSE for _, _, row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
