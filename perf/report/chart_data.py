"""What the charts of the page are drawn from: numbers only, ready for their axes.

The scripts of the page compute nothing: curves are decoded from the histograms' logs here, ratios
are paired here, so that the tables under the charts and the charts cannot differ.
"""
import math

from perf.bench import histogram, judge
from perf.report import figures

# Points of a percentile curve for each nine, that is for each tenth of the messages before it. All
# curves have the same, so that a chart can tell what each says at one percentile.
POINTS_PER_NINE = 24
KINDS = {"answer": "Answer", "delivery": "Delivery"}

# Colours are constant over all charts: named here, mixed in the style sheet for light and dark.
# The first spec of a family has the family's colour, later ones the next of the others.
FAMILY_COLOURS = {"epoll": "--epoll", "uring": "--uring"}
OTHER_COLOURS = ("--third", "--fourth", "--fifth", "--sixth")
FLOOR_COLOURS = {"epoll": "--floor-epoll", "uring": "--floor-uring"}
SYMBOLS = ("circle", "diamond", "triangle", "rect", "pin", "arrow")


def appearance(result):
    """{spec: {"name", "colour", "symbol", "floor"}} of all specs and floors of a result."""
    looks, others = {}, list(OTHER_COLOURS)
    used = set()
    for number, spec in enumerate(result["specs"]):
        if figures.is_floor(spec):
            looks[spec] = floor_appearance(spec)
            continue
        family = figures.family(spec)
        colour = FAMILY_COLOURS.get(family)
        if colour is None or colour in used:
            colour = others.pop(0) if others else OTHER_COLOURS[-1]
        used.add(colour)
        looks[spec] = {"name": spec, "colour": colour, "symbol": SYMBOLS[number % len(SYMBOLS)],
                       "floor": False}
    for scenario in result["scenarios"]:
        for spec in figures.specs_shown(result, scenario):
            if figures.is_floor(spec):
                looks[spec] = floor_appearance(spec)
    return looks


def floor_appearance(spec):
    return {"name": spec, "symbol": "none", "floor": True,
            "colour": FLOOR_COLOURS.get(figures.family(spec), "--floor-epoll")}


def of_result(result):
    """All that the scripts get."""
    return {"looks": appearance(result),
            "scenarios": [of_scenario(result, scenario) for scenario in result["scenarios"]]}


def of_scenario(result, scenario):
    specs = figures.specs_shown(result, scenario)
    return {"name": scenario["name"], "unit": figures.unit(scenario),
            "latency": latency(scenario, specs), "cpu": cpu(scenario, specs),
            "rates": rates(scenario, specs),
            "ratios": ratios(scenario, result["specs"][0], result["specs"][1:])}


# ── Latency ──

def latency(scenario, specs):
    """[{"kind", "title", "curves": [{"spec", "corrected": [[nines, µs], …], "uncorrected"}]}]"""
    charts = []
    for kind, title in KINDS.items():
        curves = []
        for spec in specs:
            pair = figures.dig(scenario, "latency", spec, kind) or {}
            found = {name: curve(pair.get(name)) for name in ("corrected", "uncorrected")}
            if found["corrected"]:
                curves.append({"spec": spec, **found})
        if curves:
            charts.append({"kind": kind, "title": title, "curves": curves})
    return charts


def curve(summary):
    """[[nines, µs], …] of a histogram's log, with nines = log10 of 1 / (1 - share).

    It ends with the maximum, where each message is a rank of its own: for 1,000 at three nines.
    """
    if not summary or not summary.get("count") or not summary.get("log"):
        return []
    counted = histogram.decode(summary["log"])
    end = math.log10(counted.count)
    grid = [number / POINTS_PER_NINE for number in range(int(end * POINTS_PER_NINE) + 1)]
    points = [[nines, counted.percentile(100 * (1 - 10 ** -nines))] for nines in grid]
    points.append([end, counted.max])
    return [[round(nines, 4), value_ns / 1e3] for nines, value_ns in points]


# ── CPU and rate ──

def cpu(scenario, specs):
    rows = []
    for spec in specs:
        found = figures.level(scenario, spec, "cpu_us_per_message")
        if found is None:
            continue
        row = {"spec": spec, "median": found["median"], "low": found.get("low"),
               "high": found.get("high"), "parts": parts(scenario, spec, found["median"]),
               "runs": each(scenario, spec, "cpu_us_per_message")}
        rows.append(row)
    return rows


def each(scenario, spec, name):
    """A figure of every run that counts."""
    values = [figures.of_run(name, run) for run in figures.valid_runs(scenario, spec)]
    return [value for value in values if value is not None]


def parts(scenario, spec, whole):
    """The median split as the medians of its parts are: user, kernel, kernel threads.

    System time contains that of the kernel's threads for the process (iou-wrk, iou-sqp), so it is
    taken out of it. Medians of parts need not add up to the median of the whole: they are scaled.
    """
    user = figures.median(scenario, spec, "user_us_per_message")
    system = figures.median(scenario, spec, "system_us_per_message")
    threads = figures.median(scenario, spec, "kernel_threads_us_per_message") or 0
    if user is None or system is None or user + system <= 0:
        return None
    scale = whole / (user + system)
    return {"user": user * scale, "kernel": max(system - threads, 0) * scale,
            "threads": threads * scale}


def rates(scenario, specs):
    """The greatest rates that were measured: of the closed loop, else of the calibration."""
    if scenario.get("loop") == "closed":
        rows = []
        for spec in specs:
            found = figures.level(scenario, spec, "rate")
            if found:
                busy = figures.median(scenario, spec, "server_busy")
                rows.append({"spec": spec, "median": found["median"], "low": found.get("low"),
                             "high": found.get("high"),
                             "bound": busy is not None and busy < judge.SATURATED,
                             "runs": each(scenario, spec, "rate")})
        return rows
    return [{"spec": found["spec"], "median": found["rate"], "low": None, "high": None,
             "runs": [], "bound": found.get("generator_bound") or
             found.get("server_busy", 1) < judge.SATURATED}
            for found in scenario.get("calibration", []) if found.get("rate")]


# ── Ratios ──

def ratios(scenario, base, others):
    rows = []
    for other in others:
        for comparison in figures.comparisons(scenario, other):
            if comparison.get("ratio") is None:
                continue
            metric = comparison["metric"]
            rows.append({"other": other, "metric": metric, "label": figures.METRICS[metric],
                         "ratio": comparison["ratio"], "low": comparison.get("low"),
                         "high": comparison.get("high"), "verdict": comparison.get("verdict"),
                         "band": band(scenario, metric),
                         "pairs": paired(scenario, other, metric)})
    return rows


def band(scenario, metric):
    """What the base shows against itself: [low, high] around 1, or None."""
    found = figures.dig(scenario, "resolution", metric)
    if not found or not found.get("low") or not found.get("high"):
        return None
    reach = judge.reach(found)
    return [1 / reach, reach]


def paired(scenario, other, metric):
    """The ratio of each valid pair."""
    pairs = judge.values_of(judge.pairs_of(scenario["runs"], "compare", other),
                            lambda run: figures.of_run(metric, run))
    return [after / before for before, after in pairs if before]
