"""User-space instructions per message, by function: callgrind, the slope between N and 2N.

Counted, not sampled: no clock and no kernel is in it, so it is the same on every machine and nearly
the same in every run. Under valgrind the gateway is some fifty times slower than its load, so that
each turn finds all connections waiting: the figure is that of full batches.
"""
import glob
import json
import os
import tempfile

from perf.bench import instructions as bench_instructions
from perf.bench.processes import Failure
from tools.profile import callgrind, counted, needs, words
from tools.profile.session import plural

MESSAGES = 5000
CONNECTIONS_MAX = 100
TOP = 30
SHIM = "perf/liburing_under_valgrind.so"
SHIM_HINT = ("tools/dev profile builds it, and needs liburing-dev and valgrind for it: without it "
             "valgrind 3.19 stands still in io_uring_enter, as it does not know that this call may "
             "block. Where the processor has counters, perf stat -e instructions:u counts as well")


def wrapper(session, poller, directory):
    """The words before the gateway's own: those of the benchmark's --count."""
    needs.program("valgrind")
    build = session.request.build
    if not poller.startswith("epoll"):
        needs.built(build, SHIM, SHIM_HINT)
    return bench_instructions.wrapper(directory, build)


def read(directory):
    """The Reader of the gateway's file; the directory is empty afterwards."""
    found = None
    for path in glob.glob(os.path.join(directory, "out.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        os.remove(path)
        if "\nfn=" in text:
            if found is not None:
                raise Failure("callgrind left two counts: the gateway started another process")
            found = callgrind.read(text.splitlines())
    if found is None:
        raise Failure("callgrind left no count: the gateway did not end in order under valgrind")
    return found


def amount(value):
    return f"{value:,.1f}"


def objects(runs):
    """{object: instructions per message}, most first."""
    more = runs[1].messages - runs[0].messages
    few, many = runs[0].found.objects, runs[1].found.objects
    result = {}
    for path in few.keys() | many.keys():
        value = (many.get(path, 0) - few.get(path, 0)) / more
        if abs(value) >= 0.05:
            result[os.path.basename(path) or path] = value
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def function_lines(found):
    said = []
    for title, index in (("itself", 0), ("with what it calls", 1)):
        said += ["", f"functions by instructions {title} (itself / with what it calls):"]
        order = sorted(found.items(), key=lambda item: (-item[1][index], item[0]))
        for name, (own, whole) in order[:TOP]:
            said.append(f"  {amount(own):>9}  {amount(whole):>9}  {name}")
    return said


def lines(session, poller, runs, found):
    unit = runs[0].load["unit"]
    more = runs[1].messages - runs[0].messages
    total = (runs[1].found.total - runs[0].found.total) / more
    return [counted.report_line(session, poller, runs, "callgrind"), "",
            f"instructions per {unit} in user space: {total:,.1f}",
            f"(in all {runs[0].found.total:,} with {runs[0].messages:,} {plural(unit)}, "
            f"{runs[1].found.total:,} with {runs[1].messages:,})", "",
            *words.table("by object", objects(runs), amount), *function_lines(found)]


def profile(session):
    paths = []
    build = session.request.build
    for poller in session.request.pollers:
        with tempfile.TemporaryDirectory(prefix="sluice-callgrind-") as directory:
            runs = counted.pair(session, poller, build,
                                lambda: wrapper(session, poller, directory),
                                session.request.messages or MESSAGES, CONNECTIONS_MAX,
                                lambda: read(directory))
        few, many = (callgrind.by_name(run.found.functions) for run in runs)
        found = callgrind.slopes(few, many, runs[1].messages - runs[0].messages)
        said = lines(session, poller, runs, found)
        print("\n".join(said), end="\n\n")
        directory = session.directory(poller)
        words.write(directory, "result.json", json.dumps({
            "schema": "sluice-profile/1", "kind": "instructions", "poller": poller,
            "report_line": said[0],
            "instructions_per_message": (runs[1].found.total - runs[0].found.total)
            / (runs[1].messages - runs[0].messages),
            "functions": {name: {"self": own, "inclusive": whole}
                          for name, (own, whole) in found.items()}}, indent=1) + "\n")
        words.write(directory, "report.txt", "\n".join(said) + "\n")
        paths.append(os.path.join(directory, "report.txt"))
    return paths
