"""User-space instructions per unit, counted by callgrind: no clock, no noise, no kernel.

The gateway runs under `valgrind --tool=callgrind`, a closed loop sends N and then, in a fresh
process, 2N units; the slope between the two leaves out starting, connecting and stopping. Under
valgrind the gateway is some fifty times slower than its load, so that every turn finds nearly all
connections waiting: the figure is that of full batches, and of the user-space part alone.

valgrind 3.19 hangs on a gateway with io_uring; uring_under_valgrind.cc, preloaded, helps. Its
waiting is not counted; there a minimal wait (min_wait) does not collect company.
"""
import glob
import os
import re
import shutil
import statistics
import subprocess
import tempfile

from perf.bench.processes import Failure

# Two starts of one gateway differ by some 100,000 instructions (timers, the order of threads): a
# ten-thousandth of what so many PINGs cost. Frames that come many at once cost less each.
UNITS = 10_000
UNITS_OF_BURSTS = 50_000
CONNECTIONS = 100
REPEATS = 3


def settings_for(cell, units):
    """A closed loop of so many units over few connections (a whole number of groups). Bursts are
    those of the open loop; here the depth makes them."""
    connections = min(cell.connections, CONNECTIONS)
    if cell.kind == "fanout":
        group = cell.keys.get("group", 10)
        connections = max(group, connections // group * group)
    return {"loop": "closed", "messages": units, "warmup_seconds": 0, "connections": connections}


def callgrind(directory):
    if shutil.which("valgrind") is None:
        raise Failure("counting instructions needs valgrind: apt-get install valgrind, or "
                      "tools/dev bench, which installs it")
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out.%p", "-q"]


def wrapper(directory, build):
    """The words in front of the gateway."""
    helper = os.path.join(build, "perf", "liburing_under_valgrind.so")
    if not os.path.exists(helper):
        raise Failure(f"{helper} is not built: run tools/dev build")
    # Collection is on from the start, and each entry into that function turns it off.
    return ["env", f"LD_PRELOAD={helper}", *callgrind(directory),
            "--toggle-collect=sluice_wait_for_news", "--collect-atstart=yes"]


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


def of_program(words):
    """All instructions of a program from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="sluice-callgrind-") as directory:
        done = subprocess.run([*callgrind(directory), *words], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failure(f"{' '.join(words)} under valgrind ended with {done.returncode}: "
                          f"{done.stderr.strip()}")
        return instructions_of(directory)


def one_run(bench, member, cell, units):
    """(instructions, units done) of a whole run."""
    with tempfile.TemporaryDirectory(prefix="sluice-callgrind-") as directory:
        server = member.start(bench.reactors, bench.pinning.server, cell.flags,
                              wrapper(directory, bench.load_build))
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
    units = UNITS_OF_BURSTS if cell.keys.get("burst", 1) > 1 else UNITS
    for _ in range(REPEATS):
        low, few = one_run(bench, member, cell, units)
        high, many = one_run(bench, member, cell, 2 * units)
        slopes.append((high - low) / (many - few))
    return {"per_message": statistics.median(slopes), "slopes": slopes, "units": [units, 2 * units],
            "connections": settings_for(cell, units)["connections"]}
