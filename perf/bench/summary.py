"""What the runs of a scenario come to: levels, merged latencies, comparisons. Pure.

Percentiles over runs come from merged histograms ("latency"); a run's own percentile is used only
where runs are paired, and "levels" has the median of those with its spread.
"""
from perf.bench import histogram, judge

# Metrics on which specs are compared. In a closed loop the next unit waits for the last answer, so
# that a latency there says nothing that the rate does not.
OPEN_METRICS = ("cpu_us_per_message", "p50", "p99", "p99_9")
CLOSED_METRICS = ("cpu_us_per_message", "rate")
PERCENTILES = ("p50", "p90", "p99", "p99_9", "p99_99", "max")


def per_message(run, amount, scale=1.0):
    messages = run["load"]["messages"]
    return amount * scale / messages if messages and amount is not None else None


def latency_figure(name):
    def figure(run):
        latency = judge.headline(run["load"])
        return latency["corrected"][name] if latency else None
    return figure


def poller_figure(name):
    return lambda run: per_message(run, run["poller"].get(name))


def events_per_call(run):
    calls = run["poller"].get("calls")
    return run["poller"]["events"] / calls if calls else None


# From so many calls a message more, and so many times as many, a traced run is another one.
CALLS_MORE_MIN = 0.02
CALLS_TIMES_MIN = 2

FIGURES = {
    "cpu_us_per_message": lambda run: run["cpu_us_per_message"],
    "user_us_per_message": lambda run: per_message(run, run["cpu"]["user_s"], 1e6),
    "system_us_per_message": lambda run: per_message(run, run["cpu"]["system_s"], 1e6),
    "kernel_threads_us_per_message":
        lambda run: per_message(run, run["cpu"]["kernel_threads_s"], 1e6),
    "softirq_us_per_message": lambda run: per_message(run, run["cpu"]["softirq_s"], 1e6),
    "context_switches_per_message":
        lambda run: per_message(run, sum(run["context_switches"].values())),
    "wakeups_per_message": lambda run: per_message(run, run["wakeups"]),
    "calls_per_message": poller_figure("calls"),
    "events_per_call": events_per_call,
    "rearms_per_message": poller_figure("rearms"),
    "starved_per_message": poller_figure("starved"),
    "rate": lambda run: run["load"]["rate"],
    "server_busy": lambda run: run["server_busy"],
    "generator_busy": lambda run: run["load"]["generator"]["busy"],
    "rss_bytes": lambda run: run["memory"]["rss_bytes"],
    "pss_bytes": lambda run: run["memory"]["pss_bytes"],
    "slab_bytes": lambda run: run["memory"]["slab_bytes"],
    "bytes_per_connection": lambda run: run["memory"]["bytes_per_connection"],
    "slab_bytes_per_connection": lambda run: run["memory"]["slab_bytes_per_connection"],
    **{name: latency_figure(name) for name in PERCENTILES},
}


def metrics_of(loop):
    return CLOSED_METRICS if loop == "closed" else OPEN_METRICS


def resolution(runs, spec, loop):
    """{metric: ratio of the base to itself}."""
    pairs = judge.pairs_of(runs, "resolution", spec)
    return {metric: judge.ratio_of(judge.values_of(pairs, FIGURES[metric]))
            for metric in metrics_of(loop)}


def comparison(runs, base, other, metric, resolutions):
    """One entry of the result's "comparisons"."""
    pairs = judge.pairs_of(runs, "compare", other)
    ratio = judge.ratio_of(judge.values_of(pairs, FIGURES[metric]))
    verdict, reason = judge.verdict(ratio, resolutions.get(metric), base)
    return {"base": base, "other": other, "metric": metric, **ratio, "verdict": verdict,
            "reason": reason}


def levels(runs, names):
    """{spec: {figure: spread}} over the valid runs of the comparison and the floors."""
    result = {}
    for name in names:
        own = [run for run in runs if run["valid"] and run["spec"] == name
               and run["purpose"] in ("compare", "floor")]
        values = {figure: [value for value in map(function, own) if value is not None]
                  for figure, function in FIGURES.items()}
        result[name] = {figure: judge.spread(found) for figure, found in values.items() if found}
    return {name: figures for name, figures in result.items() if figures}


def merged_latency(runs, names):
    """{spec: {kind: {"corrected": H, "uncorrected": H}}} of the same runs, histograms added up."""
    result = {}
    for name in names:
        sums = {}
        for run in runs:
            if (not run["valid"] or run["spec"] != name
                    or run["purpose"] not in ("compare", "floor")):
                continue
            for kind, sides in run["load"]["latency"].items():
                for side, found in sides.items():
                    add_to(sums.setdefault(kind, {}), side, histogram.decode(found["log"]))
        if sums:
            result[name] = {kind: {side: found.summary() for side, found in sides.items()}
                            for kind, sides in sums.items()}
    return result


def add_to(sums, side, found):
    if side in sums:
        sums[side].add(found)
    else:
        sums[side] = found


def client_bound(runs, names, loop):
    """Specs that did not saturate their cores in a closed loop (rule 5): their rate is what the
    load could do, or what waiting allowed, and no maximum of the server's."""
    if loop != "closed":
        return []
    bound = []
    for name in names:
        busy = [run["server_busy"] for run in runs if run["valid"] and run["spec"] == name
                and run["purpose"] == "compare"]
        if busy and judge.spread(busy)["median"] < judge.SATURATED:
            bound.append(name)
    return bound


def slowed_by_tracer(runs, name):
    """A sentence where a spec asked the kernel for news far more often under the tracer than else:
    it slows the load's calls too, so that the server finds less at a time, and sleeps more."""
    figure = FIGURES["calls_per_message"]
    traced = [figure(run) for run in runs if run["purpose"] == "count" and run["spec"] == name]
    usual = [value for run in runs if run["valid"] and run["purpose"] == "compare"
             and run["spec"] == name and (value := figure(run)) is not None]
    if not traced or traced[-1] is None or not usual:
        return None
    usual = judge.spread(usual)["median"]
    if traced[-1] - usual < CALLS_MORE_MIN or traced[-1] < CALLS_TIMES_MIN * usual:
        return None
    return (f"the system calls of {name} are those of a run in which the tracer slowed the load: "
            f"in it {name} asked the kernel for news {traced[-1]:.2g} times per message, in the "
            f"others {usual:.2g} times")


def notes(runs, names, loop):
    """Sentences about what a reader must know beside the verdicts."""
    found = [f"client bound: {name} used less than {judge.SATURATED:.0%} of its cores, so its rate "
             f"is no maximum" for name in client_bound(runs, names, loop)]
    found += [told for name in names if (told := slowed_by_tracer(runs, name))]
    unsteady = [(run["id"], reasons) for run in runs if run["valid"]
                and run["purpose"] in ("compare", "floor", "resolution")
                and (reasons := judge.unsteady_reasons(run))]
    if unsteady:
        first, reasons = unsteady[0]
        found.append(f"{len(unsteady)} runs were not steady, as run {first}: {reasons[0]}")
    return found


def thrown_out(runs):
    return [{"run": run["id"], "spec": run["spec"], "reasons": run["invalid_reasons"]}
            for run in runs if not run["valid"]]
