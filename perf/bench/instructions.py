"""User-space instructions per unit, counted by callgrind: no clock, no noise, no kernel.

The gateway runs under `valgrind --tool=callgrind`, a closed loop sends N and then, in a fresh
process, 2N units; the slope between the two leaves out starting, connecting and stopping. Under
valgrind the gateway is some fifty times slower than its load, so that every turn finds all
connections waiting: the figure is that of full batches, and of the user-space part alone.
"""
import glob
import os
import re
import shutil
import tempfile

from perf.bench.processes import Failure

# Enough turns that the last, half-empty one does not show; few enough for some seconds.
UNITS = 4000
CONNECTIONS = 100
REPEATS = 2


def settings_for(cell, units):
    """A closed loop of so many units over few connections (a whole number of groups)."""
    connections = min(cell.connections, CONNECTIONS)
    if cell.kind == "fanout":
        group = cell.keys.get("group", 10)
        connections = max(group, connections // group * group)
    return {"loop": "closed", "messages": units, "warmup_seconds": 0, "connections": connections}


def wrapper(directory):
    if shutil.which("valgrind") is None:
        raise Failure("--count needs valgrind: apt-get install valgrind, or tools/dev bench, which "
                      "installs it")
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out.%p", "-q"]


def instructions_of(directory):
    """All instructions of the process whose callgrind files lie there."""
    total = 0
    for path in glob.glob(os.path.join(directory, "out.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.findall(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE)
        if found:
            total += int(found[-1])
    if not total:
        raise Failure("callgrind left no count: the gateway did not end in order under valgrind")
    return total


def one_run(bench, member, cell, units):
    """(instructions, units done) of a whole run."""
    with tempfile.TemporaryDirectory(prefix="sluice-callgrind-") as directory:
        server = member.start(bench.reactors, bench.pinning.server, cell.flags,
                              wrapper(directory))
        load = None
        try:
            load = bench.start_load(cell, server, settings_for(cell, units))
            load.ready()
            load.go()
            result = load.result()
            load.finish()
            server.stop()
        except BaseException:
            if load:
                load.kill()
            server.kill()
            raise
        if not result["correct"]:
            raise Failure(f"{cell.name} on {member.name} under valgrind: "
                          f"{'; '.join(result['faults'])}")
        return instructions_of(directory), result["messages"]


def count(bench, member, cell):
    """{"per_message", "slopes", "units", "connections"}: the median slope between N and 2N."""
    slopes = []
    for _ in range(REPEATS):
        low, few = one_run(bench, member, cell, UNITS)
        high, many = one_run(bench, member, cell, 2 * UNITS)
        slopes.append((high - low) / (many - few))
    return {"per_message": sorted(slopes)[len(slopes) // 2], "slopes": slopes,
            "units": [UNITS, 2 * UNITS],
            "connections": settings_for(cell, UNITS)["connections"]}
