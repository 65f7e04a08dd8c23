"""tools/dev bench: from the command line to a result with its reports.

The conductor only: what is measured stands in campaign.py, what it means in judge.py.
"""
import datetime
import json
import os
import shlex
import signal
import sys
import time

from perf.bench import arguments, environment, members, pinning, plan, processes, sampling
from perf.bench.campaign import Campaign, Ledger
from perf.bench.processes import Failure
from perf.bench.progress import Progress, clock
from perf.bench.runs import Bench
from perf.report import html, table, why

SCHEMA = "sluice-bench/1"
INTERRUPTED = "interrupted before all scenarios were measured"
# Where tools/dev installs what comes from npm.
NPM_DIR = os.path.join(arguments.ROOT, "build", "npm")


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def stop_in_order(_signal, _frame):
    """SIGTERM ends us as Ctrl-C does: what is done is kept, and no child stays behind."""
    raise KeyboardInterrupt


def write_json(path, result):
    """Whole or not at all: a reader never sees half a file."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    os.replace(path + ".part", path)


def measured(args, progress):
    """Runs the benchmark; the result. Interrupted, it is what was done until then."""
    began, started = time.monotonic(), utc_now()
    pins = pinning.choose(args.reactors)
    the_plan = arguments.make_plan(args, pins)
    progress.show("looking at the machine")
    effective, allocators = members.looked_at(the_plan.members, args.reactors)
    facts, warnings = environment.capture(
        arguments.ROOT, args.build, pins, plan.HICCUP_SECONDS[the_plan.mode])
    for warning in warnings:
        progress.warn(warning)
    # Our own work between the runs is done where the load runs, not where the server does.
    os.sched_setaffinity(0, pins.load)
    facts["warnings"] = warnings
    facts["allocator"] = ", ".join(sorted(set(allocators.values())))
    result = {
        "schema": SCHEMA, "id": started.strftime("%Y%m%dT%H%M%SZ"),
        "started": started.strftime("%Y-%m-%dT%H:%M:%SZ"), "elapsed_seconds": 0.0,
        "mode": the_plan.mode, "bent_rules": [],
        "command": "tools/dev bench " + shlex.join(args.words), "environment": facts,
        "specs": [member.name for member in the_plan.members], "effective": effective,
        "reactors": args.reactors, "scenarios": [], "flame_graphs": []}
    bench = Bench(pins, args.reactors, args.build, facts["softirq_booked_apart"])
    try:
        run_cells(the_plan, bench, result, progress, began)
    except KeyboardInterrupt:
        progress.warn("interrupted: the result has what was done until now")
        result["bent_rules"].append(INTERRUPTED)
    levels = [scenario["capacity_fraction"] for scenario in result["scenarios"]
              if scenario["capacity_fraction"] is not None]
    result["bent_rules"][:0] = plan.bent_rules(the_plan, pins, levels)
    result["elapsed_seconds"] = round(time.monotonic() - began, 1)
    return result


def run_cells(the_plan, bench, result, progress, began):
    budget = plan.Budget(the_plan, time.monotonic, began)
    if budget.hard_end is None and progress.live:
        progress.warn(f"this takes {clock(budget.estimate_s())} at least; --budget MINUTES or "
                      "--scenario NAME shorten it")
    ledger = Ledger()
    for cell in the_plan.cells:
        campaign = Campaign(the_plan, bench, cell, ledger, progress, budget)
        try:
            campaign.run()
        finally:  # Interrupted, it has runs all the same.
            scenario = campaign.scenario()
            scenario["why"] = why.sentence(scenario, result["specs"])
            result["scenarios"].append(scenario)
        budget.finished()


def report(result, directory, progress):
    """Writes result.json and report.html, prints the table. The page needs assets from npm: a
    result without a page is still a result."""
    os.makedirs(directory, exist_ok=True)
    written = [os.path.join(directory, "result.json"), os.path.join(directory, "report.html")]
    write_json(written[0], result)
    progress.show("writing the report")
    try:
        html.write(result, written[1], NPM_DIR)
    except html.ReportError as error:
        progress.warn(f"no report.html: {error}")
        written.pop()
    progress.clear()
    table.show(result)
    for path in written:
        print(os.path.relpath(path))


def main(argv):
    signal.signal(signal.SIGTERM, stop_in_order)
    progress = Progress()
    try:
        args = arguments.parse(argv)
        args.words = argv
        processes.raise_descriptor_limit()
        result = measured(args, progress)
        directory = args.out or os.path.join(arguments.ROOT, "build", "bench", result["id"])
        report(result, directory, progress)
    except Failure as failure:
        progress.warn(str(failure))
        return 1
    except KeyboardInterrupt:
        progress.warn("interrupted")
        return 130
    finally:
        progress.clear()
    if INTERRUPTED in result["bent_rules"]:
        return 130
    return 1 if any(scenario["failures"] for scenario in result["scenarios"]) else 0
