"""The terminal's table of a result: figures, ratios, verdicts, and the sentence that says why.

It fits 100 columns. Colour only underlines what words say already, and only where a person reads:
on a terminal, and without NO_COLOR (https://no-color.org).
"""
import os
import sys
import textwrap

from perf.report import figures, rules, why

WIDTH = 100
NAME_COLUMNS = 14

# Verdicts in colour: 32 green, 31 red, 33 yellow, 2 faint.
COLOURS = {"better": "32", "worse": "31", "inconclusive": "33", "alike": "2", "title": "1"}


def show(result, stream=sys.stdout):
    """Prints the table, with colour if a person reads the stream."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    for line in lines(result, colour=colour):
        print(line, file=stream)


def lines(result, colour=False):
    """The table as lines of at most WIDTH columns, colours not counted."""
    paint = Paint(colour)
    result = figures.printable(result)
    text = list(_head(result, paint))
    for scenario in result["scenarios"]:
        text.append("")
        text.extend(_scenario(result, scenario, paint))
    text.append("")
    text.extend(_foot(result))
    return text


class Paint:
    """Wraps words in colour, or leaves them alone."""

    def __init__(self, colour):
        self.colour = colour

    def __call__(self, kind, text):
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.colour else text


def wrapped(text, indent="  ", hang=None):
    """Paragraph lines within WIDTH; a word longer than a line is broken."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent,
                         subsequent_indent=indent if hang is None else hang)


def environment_line(result):
    """The machine in one line: what a reader must know before he compares."""
    found = result.get("environment") or {}
    parts = []
    if found.get("kernel"):
        parts.append(f"Linux {found['kernel']}")
    if found.get("cpu_model"):
        cores = found.get("cores")
        cores = len(cores) if isinstance(cores, list) else cores
        parts.append(f"{cores} × {found['cpu_model']}" if cores else found["cpu_model"])
    if found.get("hypervisor"):
        parts.append(f"under {found['hypervisor']}")
    if found.get("compiler"):
        parts.append(found["compiler"])
    if found.get("commit"):
        parts.append(f"commit {found['commit'][:12]}{' + changes' if found.get('dirty') else ''}")
    pinning = found.get("pinning") or {}
    if pinning:
        parts.append(", ".join(f"{who} on core {' '.join(map(str, cores))}"
                               for who, cores in pinning.items()))
    return " · ".join(parts)


def load_line(scenario):
    """The load in one line: loop and rate always labelled."""
    unit = figures.unit(scenario)
    parts = []
    if scenario.get("loop") == "open":
        rate = scenario.get("rate")
        asked = f", {figures.number(rate)} {figures.plural(unit)}/s" if rate else ""
        parts.append("open loop" + asked)
        fraction = scenario.get("capacity_fraction")
        if fraction:
            parts[-1] += f", {fraction * 100:.0f} % of the slower one's capacity"
    elif scenario.get("loop"):
        depth = scenario.get("depth")
        parts.append("closed loop" + (f", depth {depth}" if depth else ""))
    if scenario.get("connections"):
        parts.append(figures.count(scenario["connections"], "connection"))
    if scenario.get("payload_bytes"):
        parts.append(f"payload {scenario['payload_bytes']:,} bytes")
    return " · ".join(parts)


# ── The parts ──

def _head(result, paint):
    reactors = result.get("reactors")
    about = [figures.count(reactors, "reactor")] if reactors else []
    about += [f"{result['mode']} mode"] if result.get("mode") else []
    if result.get("elapsed_seconds"):
        about.append(f"{result['elapsed_seconds'] / 60:.1f} min")
    title = f"{' against '.join(reversed(result['specs']))} · {result.get('started', '')}"
    yield from (paint("title", line) for line in wrapped(title.rstrip(" ·"), indent=""))
    for text in (environment_line(result), " · ".join(about)):
        yield from wrapped(text, indent="")
    for spec, options in (result.get("effective") or {}).items():
        listed = ", ".join(f"{key}={value}" for key, value in options.items())
        yield from wrapped(f"{spec}: {listed}", indent="", hang="    ")
    for warning in figures.dig(result, "environment", "warnings") or []:
        yield from (paint("inconclusive", line)
                    for line in wrapped(f"! {warning}", indent="", hang="  "))


def _scenario(result, scenario, paint):
    title = scenario["name"]
    if scenario.get("title") and scenario["title"] != title:
        title += f" · {scenario['title']}"
    yield from (paint("title", line) for line in wrapped(title, indent=""))
    yield from wrapped(load_line(scenario))
    yield from _figures(result, scenario)
    for other in result["specs"][1:]:
        yield from _ratios(scenario, result["specs"][0], other, paint)
    yield from _floors(result, scenario)
    yield from _thrown_out(scenario)
    for note in scenario.get("notes") or []:
        yield from wrapped(f"Note: {note}", hang="    ")
    # The driver writes the sentence into the result; one that was made otherwise gets it here.
    sentence = scenario.get("why") or why.sentence(scenario, result["specs"])
    yield from wrapped(sentence, indent="  → ", hang="    ")


def _cpu(scenario, specs):
    name = "cpu_us_per_message"
    found = [figures.level(scenario, spec, name) or {} for spec in specs]
    ends = ("median", "low", "high")
    written = figures.aligned([one.get(end) for one in found for end in ends])
    triples = zip(*[iter(written)] * len(ends))
    return [middle if low == "–" else f"{middle} ({low}..{high})"
            for middle, low, high in triples]


def latency_ns(scenario, spec, name):
    """Of the merged histograms, as percentiles must be; the median over runs where none are."""
    latency = figures.latency_of({"latency": figures.dig(scenario, "latency", spec)})
    return (figures.dig(latency, "corrected", name) if latency
            else figures.median(scenario, spec, name))


def _latency_us(scenario, specs, name):
    found = [latency_ns(scenario, spec, name) for spec in specs]
    return figures.aligned([None if value is None else value / 1e3 for value in found])


def _medians(scenario, specs, name, divisor=1):
    found = [figures.median(scenario, spec, name) for spec in specs]
    return figures.aligned([None if value is None else value / divisor for value in found])


def columns(scenario, specs):
    """(heading, second line of it, width, figure of each spec)."""
    unit = figures.unit(scenario)
    rates = [figures.median(scenario, spec, "rate") for spec in specs]
    many = max((rate or 0 for rate in rates), default=0) >= 100_000
    return (
        ("rate", "1,000/s" if many else "/s", 7,
         _medians(scenario, specs, "rate", 1000 if many else 1)),
        ("p50", "µs", 7, _latency_us(scenario, specs, "p50")),
        ("p99", "µs", 7, _latency_us(scenario, specs, "p99")),
        ("p99.9", "µs", 7, _latency_us(scenario, specs, "p99_9")),
        ("CPU, 95 %", f"µs/{unit}", 23, _cpu(scenario, specs)),
        ("calls", f"/{unit}", 6,
         figures.aligned([figures.syscalls(scenario, spec) for spec in specs])),
        ("switches", f"/{unit}", 9, _medians(scenario, specs, "context_switches_per_message")),
        ("Rss", "MiB", 6, _medians(scenario, specs, "rss_bytes", 2 ** 20)),
        ("runs", "", 4, [str(len(figures.valid_runs(scenario, spec))) for spec in specs]),
    )


def _figures(result, scenario):
    specs = figures.specs_shown(result, scenario)
    shape = columns(scenario, specs)
    for row in (0, 1):
        yield ("  " + " " * NAME_COLUMNS + " ".join(
            f"{column[row]:>{column[2]}.{column[2]}}" for column in shape)).rstrip()
    for number, spec in enumerate(specs):
        row = " ".join(f"{column[3][number]:>{column[2]}}" for column in shape)
        if len(spec) <= NAME_COLUMNS:
            yield f"  {spec:<{NAME_COLUMNS}}{row}"
        else:  # a long spec gets lines of its own, and its figures stay in their columns
            yield from wrapped(spec)
            yield f"  {'':<{NAME_COLUMNS}}{row}"


def _ratios(scenario, base, other, paint):
    found = figures.comparisons(scenario, other)
    if not found:
        return
    yield from wrapped(f"{other} / {base}")
    for comparison in found:
        metric = comparison["metric"]
        if comparison.get("ratio") is None:
            yield f"    {figures.METRICS[metric]:<6}     –  no valid pair"
            continue
        row = (f"    {figures.METRICS[metric]:<6}{figures.ratio(comparison['ratio']):>6}"
               f"  ({figures.interval(comparison.get('low'), comparison.get('high'))})")
        verdict = comparison.get("verdict", "")
        tail = figures.count(comparison.get("pairs", 0), "pair")
        resolution = figures.dig(scenario, "resolution", metric)
        if resolution and resolution.get("low") is not None:
            tail += f"; A against A {figures.interval(resolution['low'], resolution['high'])}"
        yield f"{row:<31}{paint(kind_of(comparison), f'{verdict:<14}')} {tail}"
        if comparison.get("reason") and verdict == "inconclusive":
            yield from wrapped(comparison["reason"], indent=" " * 31)


def kind_of(comparison):
    """better, worse, alike or inconclusive: a verdict from the point of view of a user."""
    verdict, metric = comparison.get("verdict"), comparison["metric"]
    if verdict in ("lower", "higher"):
        good = (verdict == "higher") == (metric in figures.MORE_IS_BETTER)
        return "better" if good else "worse"
    return "alike" if verdict == "no difference" else "inconclusive"


def floor_text(scenario, specs):
    """How far each spec is from the bare echo loop on its own kernel interface."""
    parts = []
    for spec in specs:
        floor = figures.floor_of(scenario, spec)
        cost = figures.median(scenario, spec, "cpu_us_per_message")
        least = figures.median(scenario, floor, "cpu_us_per_message") if floor else None
        if cost and least:
            parts.append(f"{spec} {figures.ratio(cost / least)} times {floor}")
    return ", ".join(parts)


def _floors(result, scenario):
    text = floor_text(scenario, result["specs"])
    yield from wrapped(f"CPU above the floor: {text}" if text else
                       "No floor: no bare echo loop ran here.", hang="    ")
    counts = [(spec, figures.median(scenario, spec, "instructions_per_message"))
              for spec in result["specs"]]
    told = [f"{spec} {figures.number(count)}" for spec, count in counts if count is not None]
    if told:
        yield from wrapped(f"Instructions in user space per {figures.unit(scenario)}: "
                           f"{', '.join(told)}", hang="    ")


def reasons_text(scenario):
    """'2 of 24 runs: generator-bound 2, as run 12 (uring): its workers …', '' if none was."""
    thrown = figures.thrown_out(scenario)
    if not thrown:
        return ""
    listed = []
    for kind, found in figures.thrown_out_by_kind(scenario).items():
        run, detail = found[0]
        which = f"run {run.get('id', '?')} ({run.get('spec', '?')})"
        example = f"as {which}" if len(found) > 1 else which
        listed.append(f"{kind} {len(found)}, {example}{': ' if detail else ''}{detail}")
    return f"{len(thrown)} of {figures.count(len(scenario['runs']), 'run')}: {'; '.join(listed)}"


def _thrown_out(scenario):
    text = reasons_text(scenario)
    if text:
        yield from wrapped(f"Thrown out {text}", hang="    ")


def _foot(result):
    bent = rules.bent(result)
    if bent:
        yield f"Rules bent in this run, of the {len(rules.RULES)}:"
        for rule, reason in bent:
            label = f"{rule.number:>2}" if rule else " ·"
            yield from wrapped(reason, indent=f"  {label}  ", hang="      ")
    yield from wrapped("CPU is that of all the gateway's threads, in user space, in the kernel and "
                       "on its behalf; intervals are 95 % by bootstrap; latency counts from the "
                       "intended time of sending.", indent="")
