"""Makes samples/bench_result.json: a result as tools/dev bench writes it, from a seed.

    python3 tests/perf/make_sample.py > tests/perf/samples/bench_result.json

Its figures are invented, near what two cores and the loopback show; its shape is the driver's, and
ratios, intervals and verdicts come from the driver's own judgement. It has what a report must not
get wrong: a scenario where uring wins, one where it loses, one without a difference, one that is
inconclusive, floors, thrown-out runs of several kinds, bent rules.
"""
import json
import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from perf.bench import histogram, summary
from perf.report import why

SEED = 4
SECONDS = 4.0
SPECS = ["epoll", "uring"]

# What a spec costs and does per message: CPU in µs (user, system, of the latter kernel threads),
# context switches, wake-ups, poller calls, events per call, rearms, blocks not to be had, Rss in
# MiB, latency (median and spread of its body, share and factor of its tail), system calls.
COSTS = ("user", "system", "threads", "switches", "wakeups", "calls", "events", "rearms",
         "starved", "rss", "median_us", "sigma", "tail", "tail_times", "syscalls")


def costs(*values, **changed):
    return dict(zip(COSTS, values), **changed)


SCENARIOS = [
    {"name": "ping", "title": "PING and PONG, 1,000 connections", "loop": "open", "rate": 24000,
     "connections": 1000, "payload_bytes": 0, "kind": "ping", "unit": "ping",
     "capacity_fraction": 0.5, "noise": 0.012, "pairs": 6,
     "specs": {
         "epoll": costs(1.62, 6.71, 0, 0.031, 0.030, 0.041, 24.6, 0, 0, 24.1, 96, 0.32, 0.012, 5,
                        {"recvfrom": 1.0, "sendmsg": 1.0, "epoll_pwait2": 0.041}),
         "uring": costs(1.38, 5.97, 0, 0.022, 0.021, 0.022, 46.2, 0.0004, 0, 25.3, 88, 0.31, 0.010,
                        5, {"io_uring_enter": 0.022}),
         "echo epoll": costs(0.52, 6.55, 0, 0.028, 0.027, 0.036, 27.8, 0, 0, 4.2, 84, 0.29, 0.009,
                             5, {"recvfrom": 1.0, "sendto": 1.0, "epoll_wait": 0.036}),
         "echo uring": costs(0.43, 5.71, 0, 0.019, 0.019, 0.020, 50.1, 0, 0, 5.6, 80, 0.28, 0.009,
                             5, {"io_uring_enter": 0.02})}},
    {"name": "chat", "title": "SEND, SENDACK, RECV and RECVACK between pairs", "loop": "open",
     "rate": 9000, "connections": 1000, "payload_bytes": 64, "kind": "chat", "unit": "send",
     "capacity_fraction": 0.5, "noise": 0.015, "pairs": 6, "delivery": 1.35,
     "specs": {
         "epoll": costs(5.9, 17.4, 0, 0.08, 0.075, 0.12, 17.1, 0, 0, 27.6, 141, 0.36, 0.015, 5,
                        {"recvfrom": 2.0, "sendmsg": 2.0, "epoll_pwait2": 0.12}),
         "uring": costs(5.7, 17.5, 0, 0.07, 0.069, 0.09, 45.0, 0.002, 0, 28.8, 139, 0.36, 0.016, 5,
                        {"io_uring_enter": 0.09})}},
    {"name": "large_16k", "title": "SEND of 16 KiB", "loop": "open", "rate": 5200,
     "connections": 200, "payload_bytes": 16384, "kind": "chat",
     "unit": "send", "capacity_fraction": 0.5,
     "noise": 0.012, "pairs": 6, "delivery": 1.3, "disturbed": True,
     "specs": {
         "epoll": costs(8.3, 29.9, 0, 0.21, 0.20, 0.31, 9.1, 0, 0, 31.4, 188, 0.38, 0.02, 4,
                        {"recvfrom": 2.2, "sendmsg": 2.0, "epoll_pwait2": 0.31}),
         "uring": costs(8.6, 33.6, 1.9, 0.55, 0.42, 0.24, 21.0, 1.31, 0.11, 36.9, 207, 0.40, 0.03,
                        4, {"io_uring_enter": 0.24})}},
    {"name": "pipelined", "title": "PING and PONG, 16 in flight on each connection",
     "loop": "closed", "depth": 16, "rate": None, "connections": 64, "payload_bytes": 0,
     "kind": "ping", "unit": "ping", "noise": 0.17, "pairs": 5,
     "specs": {
         "epoll": costs(0.38, 0.61, 0, 0.004, 0.004, 0.009, 12.0, 0, 0, 23.9, 980, 0.25, 0.01, 3,
                        {"recvfrom": 0.063, "sendmsg": 0.063, "epoll_pwait2": 0.009}),
         "uring": costs(0.36, 0.57, 0, 0.003, 0.003, 0.006, 21.5, 0.001, 0, 25.0, 940, 0.25, 0.01,
                        3, {"io_uring_enter": 0.006}),
         "echo epoll": costs(0.05, 0.43, 0, 0.003, 0.003, 0.008, 13.0, 0, 0, 4.2, 610, 0.22, 0.01,
                             3, {"recvfrom": 0.063, "sendto": 0.063, "epoll_wait": 0.008}),
         "echo uring": costs(0.04, 0.41, 0, 0.003, 0.002, 0.005, 24.0, 0, 0, 5.6, 600, 0.22, 0.01,
                             3, {"io_uring_enter": 0.005})}},
]


# ── Histograms ──

def normal_share(value, median, sigma):
    """The share of a lognormal distribution below a value."""
    return 0.5 * (1 + math.erf(math.log(value / median) / sigma / math.sqrt(2)))


def latency(count, median_us, sigma, tail, tail_times, start_us=8.0):
    """A histogram of a body and a tail, on a grid of 5 %: few steps make a short log."""
    counted = histogram.Histogram()
    value, before, owed = start_us / 8, 0.0, 0.0
    while counted.count < count:
        share = ((1 - tail) * normal_share(value, median_us, sigma)
                 + tail * normal_share(value, median_us * tail_times, 0.45))
        owed += (share - before) * count
        if owed >= 1:
            counted.record(round(value * 1000), min(int(owed), count - counted.count))
            owed -= int(owed)
        before = share
        if share > 1 - 0.5 / count:
            counted.record(round(value * 1000), count - counted.count)
        value *= 1.05
    return counted


def latencies(chance, scenario, cost, count):
    """{"answer": …, "delivery": …} of one run, the runs' medians a little apart."""
    kinds = {"answer": 1.0}
    if "delivery" in scenario:
        kinds["delivery"] = scenario["delivery"]
    drift = math.exp(chance.gauss(0, scenario["noise"] * 1.5))
    found = {}
    start = 8 * 1.05 ** chance.random()  # the steps of two runs are not the same
    for kind, times in kinds.items():
        median = cost["median_us"] * times * drift
        tail = 2.5 * cost["tail"] * math.exp(chance.gauss(0, 0.05))
        corrected = latency(count, median, cost["sigma"], tail, cost["tail_times"],
                            start)
        # The uncorrected figure misses most of what waited behind a stall.
        plain = latency(count, median * 0.97, cost["sigma"], tail / 4, cost["tail_times"] * 0.8,
                        start)
        found[kind] = {"corrected": corrected, "uncorrected": plain}
    return found


def summaries(found):
    return {kind: {name: one.summary() for name, one in pair.items()}
            for kind, pair in found.items()}


# ── Runs ──

class Maker:
    """The runs of one scenario, in their order."""

    def __init__(self, chance, scenario):
        self.chance = chance
        self.scenario = scenario
        self.runs = []

    def noisy(self, value, noise=None):
        return value * math.exp(self.chance.gauss(0, noise or self.scenario["noise"]))

    def run(self, purpose, spec, pair=None, side=None, **wrong):
        scenario, cost = self.scenario, self.scenario["specs"][spec]
        speed = self.noisy(1.0)
        user, system = cost["user"] * speed, cost["system"] * speed
        closed = scenario["loop"] == "closed" or purpose == "calibration"
        rate = 0.96e6 / (user + system) if closed else self.noisy(scenario["rate"], 0.0002)
        messages = round(rate * SECONDS)
        found = latencies(self.chance, scenario, cost, messages)
        self.runs.append({
            "id": 0, "purpose": purpose, "spec": spec, "pair": pair, "side": side, "valid": True,
            "invalid_reasons": [],
            "load": self.load(messages, rate, closed, found),
            "cpu": {"total_s": (user + system) * messages / 1e6, "user_s": user * messages / 1e6,
                    "system_s": system * messages / 1e6,
                    "kernel_threads_s": cost["threads"] * speed * messages / 1e6,
                    "softirq_s": round(self.noisy(0.04, 0.1), 2),
                    "load_softirq_s": round(self.noisy(0.31, 0.1), 2)},
            "cpu_us_per_message": user + system, "server_busy": (user + system) * rate / 1e6,
            "context_switches": {"voluntary": round(self.noisy(cost["switches"]) * messages),
                                 "involuntary": round(self.noisy(14, 0.3))},
            "wakeups": round(self.noisy(cost["wakeups"]) * messages), "steal_s": 0.01,
            "core_seconds": 2 * SECONDS, "sampled_seconds": SECONDS + 0.001,
            "poller": self.poller(cost, messages), "memory": self.memory(cost)})
        self.runs[-1].update(wrong)

    def poller(self, cost, messages):
        calls = self.noisy(cost["calls"]) * messages
        return {"calls": round(calls), "events": round(calls * cost["events"]),
                "rearms": round(self.noisy(cost["rearms"]) * messages),
                "starved": round(self.noisy(cost["starved"]) * messages)}

    def memory(self, cost):
        rss = round(self.noisy(cost["rss"], 0.004) * 2 ** 20)
        return {"rss_bytes": rss, "pss_bytes": rss - 900_000, "slab_bytes": 61_000_000,
                "bytes_per_connection": 940.0, "slab_bytes_per_connection": 7300.0}

    def load(self, messages, rate, closed, found):
        scenario = self.scenario
        late = latency(0 if closed else 400, 3, 0.4, 0.01, 2) if not closed else None
        busy = round(self.noisy(0.52, 0.05), 3)
        return {
            "schema": "sluice-load/1", "server": "127.0.0.1:40001", "seed": 1, "workers": 1,
            "scenario": {"name": scenario["name"], "connections": scenario["connections"],
                         "payload_bytes": scenario["payload_bytes"],
                         "loop": "closed" if closed else "open"},
            "seconds": SECONDS, "unit": scenario["unit"], "messages": messages,
            "rate": messages / SECONDS, "rate_intended": None if closed else scenario["rate"],
            "counts": {"sent": messages, "acknowledged": messages, "expected": messages,
                       "delivered": messages, "lost": 0, "twice": 0, "spoilt": 0},
            "connections": {"opened": scenario["connections"], "refused": 0, "lost": 0,
                            "slow_closed": 0},
            "correct": True, "faults": [], "latency": summaries(found),
            "lateness": (late or histogram.Histogram()).summary(),
            "generator": {"cpu_seconds": busy * SECONDS, "busy": busy, "bound": False,
                          "workers": [{"cpu_seconds": busy * SECONDS, "busy": busy}]}}


def all_runs(chance, scenario):
    maker = Maker(chance, scenario)
    floors = [spec for spec in scenario["specs"] if spec.startswith("echo ")]
    for spec in SPECS:
        maker.run("calibration", spec)
    for pair in range(5):
        for side in ("base", "other") if pair % 2 == 0 else ("other", "base"):
            maker.run("resolution", "epoll", pair, side)
    for pair in range(scenario["pairs"]):
        order = [("epoll", "base"), ("uring", "other")]
        for spec, side in order if pair % 2 == 0 else order[::-1]:
            maker.run("compare", spec, pair, side)
        if pair % 2 == 0:
            for floor in floors:
                maker.run("floor", floor)
    for spec in SPECS:
        maker.run("count", spec)
    if scenario.get("disturbed"):
        spoil(maker)
    return maker.runs


def spoil(maker):
    """Runs that must not count, each for another reason; the pairs that they spoil run again."""
    pair = maker.scenario["pairs"]
    reasons = ["generator-bound: its workers were busy for 97% of the time",
               "disturbed: 320 ms of steal, more than 60 ms",
               "wrong: 3 of 20,800 deliveries were lost"]
    for number, reason in enumerate(reasons):
        for spec, side in (("epoll", "base"), ("uring", "other")):
            spoilt = spec == "uring"
            maker.run("compare", spec, pair + number, side, valid=not spoilt,
                      invalid_reasons=[reason] if spoilt else [])


# ── The result ──

def scenario_of(chance, scenario, first):
    """One scenario with its runs numbered from `first`, as perf/bench/campaign.py gives it."""
    runs = all_runs(chance, scenario)
    for number, run in enumerate(runs, first):
        run["id"] = number
    loop, names = scenario["loop"], list(scenario["specs"])
    resolution = summary.resolution(runs, SPECS[0], loop)
    made = {key: scenario.get(key) for key in ("name", "title", "kind", "loop", "capacity_fraction",
                                               "rate", "connections", "payload_bytes", "depth",
                                               "unit")}
    made.update(
        scenario=scenario["name"],
        calibration=[{"spec": run["spec"], "rate": run["load"]["rate"], "server_busy": 0.97,
                      "generator_bound": False, "generator_busy": 0.83}
                     for run in runs if run["purpose"] == "calibration"],
        runs=runs, resolution=resolution,
        comparisons=[summary.comparison(runs, SPECS[0], SPECS[1], metric, resolution)
                     for metric in summary.metrics_of(loop)],
        levels=summary.levels(runs, names), latency=summary.merged_latency(runs, names),
        counted={spec: {"syscalls_per_message": sum(cost["syscalls"].values()),
                        "by_name": cost["syscalls"], "tracer": "bpftrace"}
                 for spec, cost in scenario["specs"].items() if spec in SPECS},
        notes=summary.notes(runs, SPECS, loop))
    made["thrown_out"] = summary.thrown_out(runs)
    made["why"] = why.sentence(made, SPECS)
    for run in runs:
        if run["purpose"] not in ("compare", "floor"):
            forget_logs(run)
    return made


def forget_logs(run):
    """The driver keeps them; the sample would be twice as large, and nobody reads these."""
    for pair in run["load"]["latency"].values():
        for one in pair.values():
            one["log"] = ""


def scenarios():
    chance, made = random.Random(SEED), []
    for scenario in SCENARIOS:
        made.append(scenario_of(chance, scenario, 1 + sum(len(one["runs"]) for one in made)))
    return made


ENVIRONMENT = {
    "kernel": "6.18.44", "cmdline": "console=ttyS0 reboot=k panic=1 mitigations=auto",
    "mitigations": {"spectre_v2": "Mitigation: Retpolines; IBPB: conditional",
                    "meltdown": "Not affected", "spec_store_bypass": "Vulnerable"},
    "governor": "none", "clocksource": "kvm-clock", "cpu_model": "AMD EPYC 9R14", "cores": 2,
    "smt": "off", "hypervisor": "KVM",
    "hiccups": [{"core": 1, "seconds": 2.0,
                 "hiccups": latency(2400, 2.2, 0.5, 0.004, 30).summary()}],
    "limits": {"nofile": 1048576, "memlock": 8388608},
    "sysctls": {"net.core.somaxconn": 4096, "net.ipv4.tcp_rmem": "4096 131072 6291456"},
    "compiler": "g++ 12.2.0", "flags": "-O3 -g -std=c++20", "commit": "45e4a39d0c1f7a22",
    "dirty": False, "build_type": "release", "allocator": "jemalloc 5.3.0",
    "versions": {"liburing": "2.3", "abseil": "20220623.1", "python": "3.11.2"},
    "pinning": {"server": [1], "load": [0]}}


def make():
    return {
        "schema": "sluice-bench/1", "id": "20261122T140312Z-45e4a39", "mode": "quick",
        "started": "2026-11-22T14:03:12Z", "elapsed_seconds": 278.4,
        "bent_rules": ["rule 1: latency at 50 % of the capacity only, not at 10, 50, 70 and 90 %",
                       "rule 6: runs of 4 s instead of 30 s",
                       "rule 7: 6 pairs instead of 10",
                       "rule 16: load and server share one machine"],
        "command": "tools/dev bench", "environment": ENVIRONMENT, "specs": SPECS,
        "effective": {"epoll": {"trigger": "edge", "write_interest": "stuck", "busy_poll": "0"},
                      "uring": {"multishot": "on", "defer_taskrun": "on", "fixed_files": "off",
                                "bundle": "off", "bufs": "256", "buf_size": "4096"}},
        "reactors": 1,
        "scenarios": scenarios(),
        "flame_graphs": [{"title": "ping on epoll, on-CPU", "href": "flames/ping-epoll.html"},
                         {"title": "ping on uring, on-CPU", "href": "flames/ping-uring.html"},
                         {"title": "ping, uring against epoll", "href": "flames/ping-diff.html"}]}


def rounded(value):
    """Nine significant digits: the same text on every machine, whatever its last bit says."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def text(result):
    """As JSON with short lines, a run or a key each, so that a change of the sample can be read."""
    def line(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def entries(holder, special):
        return ",\n".join(f"{line(key)}:{special.get(key, line)(value)}"
                          for key, value in holder.items())

    def run_lines(runs):
        return "[\n" + ",\n".join(map(line, runs)) + "]"

    def scenario_lines(found):
        return "[" + ",\n".join("{" + entries(one, {"runs": run_lines}) + "}"
                                for one in found) + "]"
    return "{" + entries(result, {"scenarios": scenario_lines}) + "}\n"


if __name__ == "__main__":
    sys.stdout.write(text(rounded(make())))
