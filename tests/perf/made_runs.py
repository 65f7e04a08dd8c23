"""Runs as the benchmark records them, made up: what a test does not care about is in order.

Not a test. A run is valid, steady and undisturbed unless the test says otherwise.
"""
import copy

from perf.bench import histogram


def summary_of(*values_ns):
    made = histogram.Histogram()
    for value in values_ns:
        made.record(value)
    return made.summary()


LATENCY = summary_of(*range(100_000, 1_100_000, 10_000))  # p99 is a little above 1 ms
LOAD = {
    "scenario": {"warmup_seconds": 0.5}, "unit": "ping", "seconds": 1.5, "messages": 30_000,
    "rate": 20_000.0, "correct": True, "faults": [],
    "latency": {"answer": {"corrected": LATENCY, "uncorrected": LATENCY}},
    "lateness": summary_of(*range(1_000, 3_000, 10)),
    "generator": {"cpu_seconds": 1.5, "busy": 0.4, "bound": False},
}


def made_run(number=1, *, spec="epoll", purpose="compare", pair=0, side="base", cpu_us=8.0,
             load=None, **figures):
    """A RUN; `load` and `figures` replace what the test is about."""
    run = {
        "id": number, "purpose": purpose, "spec": spec, "pair": pair, "side": side,
        "valid": True, "invalid_reasons": [], "cpu_us_per_message": cpu_us,
        "cpu": {"total_s": 0.3, "user_s": 0.1, "system_s": 0.2, "kernel_threads_s": 0.0,
                "softirq_s": 0.02, "load_softirq_s": 0.03},
        "server_busy": 0.2, "context_switches": {"voluntary": 300, "involuntary": 30},
        "wakeups": 310, "steal_s": 0.0, "delay_s": 0.003, "server_core_seconds": 1.5,
        "cell": "ping", "core_seconds": 3.0, "sampled_seconds": 1.501,
        "poller": {"calls": 3_000.0, "events": 30_000.0, "rearms": 0.0, "starved": 0.0},
        "memory": {"rss_bytes": 20 << 20, "pss_bytes": 18 << 20, "slab_bytes": 80 << 20,
                   "bytes_per_connection": 500.0, "slab_bytes_per_connection": 9_000.0},
        "steady": {"halves": {"CPU seconds": [0.2, 0.2]}, "rss_growth_bytes": 0},
    }
    run["load"] = {**copy.deepcopy(LOAD), **(load or {})}
    run.update(figures)
    return run


def made_pairs(costs, *, purpose="compare", other="uring"):
    """Runs of pairs: [(CPU of the base, CPU of the other)]."""
    made = []
    for pair, (base, cost) in enumerate(costs):
        made.append(made_run(len(made) + 1, purpose=purpose, pair=pair, cpu_us=base))
        spec = "epoll" if purpose == "resolution" else other
        made.append(made_run(len(made) + 1, spec=spec, purpose=purpose, pair=pair, side="other",
                             cpu_us=cost))
    return made
