"""Heap allocations per message in steady state, by stack: heaptrack, the slope between N and 2N.

heaptrack is preloaded and sees malloc and its kin. It cannot see `new` of a program that is linked
with jemalloc, which brings its own operator new; so the gateway is the one of build/profiling,
without jemalloc: how often one allocates does not depend on the allocator.
"""
import json
import os
import re
import subprocess
import tempfile

from perf.bench.processes import Failure
from tools.profile import counted, flame_page, needs, stacks, words
from tools.profile.offcpu import FRAMES_HINT
from tools.profile.session import plural

PRELOAD = ("/usr/lib/heaptrack/libheaptrack_preload.so",
           "/usr/lib/x86_64-linux-gnu/heaptrack/libheaptrack_preload.so",
           "/usr/lib64/heaptrack/libheaptrack_preload.so")
MESSAGES = 20_000
CONNECTIONS_MAX = 100  # connecting differs by an allocation or two from run to run, each
# Fewer per message than one in so many happen by the way: a table that grows, a timer.
SLOPE_MIN = 1 / 200
TOP = 12
TAIL = 5


def preload():
    """The library that counts; beside it the interpreter of what it writes."""
    for path in PRELOAD:
        if os.path.exists(path):
            return path, os.path.join(os.path.dirname(path), "libexec", "heaptrack_interpret")
    raise needs.Missing("heaptrack is not installed: apt-get install heaptrack, or start through "
                        "tools/dev profile, which installs it")


def folded(raw, interpret, directory):
    """{stack: allocations} of what the preloaded library wrote."""
    with open(raw, "rb") as file:
        done = subprocess.run([interpret], stdin=file, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        raise Failure(f"heaptrack_interpret ended with {done.returncode}: "
                      f"{done.stderr.decode(errors='replace').strip()}")
    interpreted, text = (os.path.join(directory, name) for name in ("interpreted", "folded"))
    with open(interpreted, "wb") as file:
        file.write(done.stdout)
    done = subprocess.run(
        [needs.program("heaptrack_print"), "-f", interpreted, "-F", text,
         "--flamegraph-cost-type", "allocations", "-p", "0", "-a", "0", "-T", "0"],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"heaptrack_print ended with {done.returncode}: {done.stderr.strip()}")
    with open(text, encoding="utf-8", errors="replace") as file:
        return plain(stacks.unfold(file.read()))


def plain(found):
    """Names as people say them; heaptrack puts the file behind each: `run(int) (reactor.cc)`.
    Addresses without a name become one frame: they differ from run to run."""
    result = {}
    for stack, weight in found.items():
        frames = []
        for frame in stack:
            frame = re.sub(r" \([^()]*\.\w+(:\d+)?\)$", "", frame)
            name = "[unknown]" if frame.startswith("0x") else stacks.plain_name(frame)
            if not frames or frames[-1] != name:
                frames.append(name)
        stacks.add(result, tuple(frames), weight)
    return result


def slope(runs):
    """{stack: allocations per message}, without what is next to nothing; and the sum of that."""
    more = runs[1].messages - runs[0].messages
    every = stacks.scaled(stacks.subtracted(runs[1].found, runs[0].found), 1 / more)
    kept = {stack: value for stack, value in every.items() if value >= SLOPE_MIN}
    return kept, stacks.total(every) - stacks.total(kept)


def amount(value):
    return f"{value:.4f}"


def lines(session, poller, runs, found, rest):
    unit = runs[0].load["unit"]
    said = [counted.report_line(session, poller, runs, "heaptrack"), "",
            f"heap allocations per {unit}: {stacks.total(found):.4f} "
            f"(besides, {rest:+.5f} from stacks of less than one in {1 / SLOPE_MIN:,.0f}, and "
            "what differs from start to start)",
            f"in all {stacks.total(runs[0].found):,} with {runs[0].messages:,} {plural(unit)}, "
            f"{stacks.total(runs[1].found):,} with {runs[1].messages:,}: starting, "
            f"{runs[0].load['scenario']['connections']:,} connections and {plural(unit)}"]
    if found:
        said += ["", "the stacks that allocate:"]
    for stack, value in sorted(found.items(), key=lambda item: -item[1])[:TOP]:
        said.append(f"  {value:.4f}  … {' > '.join(stack[-TAIL:])}")
    return said


def profile(session):
    needs.program("heaptrack_print")
    library, interpret = preload()
    build = session.request.frames_build
    needs.built(build, "src/sluice", FRAMES_HINT)
    paths = []
    for poller in session.request.pollers:
        with tempfile.TemporaryDirectory(prefix="sluice-alloc-") as directory:
            raw = os.path.join(directory, "raw")
            runs = counted.pair(
                session, poller, build,
                lambda: ["env", f"LD_PRELOAD={library}", f"DUMP_HEAPTRACK_OUTPUT={raw}"],
                session.request.messages or MESSAGES, CONNECTIONS_MAX,
                lambda: folded(raw, interpret, directory))
        if not runs[0].found:
            raise needs.Missing("heaptrack saw no allocation at all: is the gateway in "
                                f"{build} linked with jemalloc? {FRAMES_HINT}")
        paths.append(write(session, poller, runs))
    return paths


def write(session, poller, runs):
    found, rest = slope(runs)
    said = lines(session, poller, runs, found, rest)
    print("\n".join(said), end="\n\n")
    unit = runs[0].load["unit"]
    directory = session.directory(poller)
    words.write(directory, "stacks.folded", stacks.fold(found))
    words.write(directory, "whole-run.folded", stacks.fold(runs[1].found))
    report = words.write(directory, "report.txt", "\n".join(said) + "\n")
    words.write(directory, "result.json", json.dumps({
        "schema": "sluice-profile/1", "kind": "alloc", "poller": poller, "report_line": said[0],
        "allocations_per_message": stacks.total(found), "below_threshold": rest,
        "runs": [{"messages": run.messages, "allocations": stacks.total(run.found)}
                 for run in runs]}, indent=1) + "\n")
    if found:
        page = flame_page.Page(title=f"Heap allocations per {unit} · {poller}", lines=said[:3],
                               unit=f"allocations per {unit}",
                               views=[("whole", stacks.tree(found))])
    else:
        page = flame_page.Page(
            title=f"Heap allocations of a whole run · {poller}",
            lines=[*said[:3], f"No {unit} allocates. The graph shows what the run of "
                              f"{runs[1].messages:,} allocated: starting, connecting, stopping."],
            unit="allocations in the whole run", views=[("whole", stacks.tree(runs[1].found))])
    return flame_page.write(page, os.path.join(directory, "flame.html")) or report
