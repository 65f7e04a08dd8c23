"""How much each member can take of a scenario, so that all are measured at one load that each can
bear: a closed loop, in which the next unit leaves when an answer has come.

The capacity is that of the server and the load together: if the load was the busier one, it is a
lower bound of the server's, and the result says so. An open loop costs both more than a closed one,
where they read and send in batches; so a trial shows whether the rate leaves them room.
"""
import dataclasses
import math

from perf.bench import runs
from perf.bench.processes import Failure

# Two digits are finer than what two calibrations of one server differ by, and two benchmarks of
# one commit then mostly run at the same rate, which makes them comparable.
DIGITS = 2

# A load that is busier than this is near being the bottleneck itself, and so is a gateway at what
# is meant as a moderate level; a lower rate aims at less.
BUSY_MAX = 0.60
BUSY_WANTED = 0.50
MODERATE = 0.5
TRIALS_MAX = 4


@dataclasses.dataclass(frozen=True)
class Rate:
    """What an open loop is to be measured at, and its share of the slowest one's capacity."""

    per_second: float
    level: float
    note: str | None = None


def rounded(rate):
    """To two digits, downwards."""
    if rate <= 0:
        return 0.0
    unit = 10 ** (math.floor(math.log10(rate)) - DIGITS + 1)
    return max(math.floor(rate / unit), 1) * unit


def capacity(bench, member, cell, window):
    """(entry of the result's "calibration", RUN figures) of a closed loop. A scenario of bursts has
    as much in flight as one of them: with more it would be another scenario."""
    settings = {**window.settings(), "loop": "closed"}
    if cell.keys.get("burst", 1) > 1:
        settings["depth"] = cell.keys["burst"]
    figures = runs.measured(bench, member, cell, settings)
    load = figures["load"]
    if not load["correct"]:
        raise Failure(f"{cell.name} on {member.name}: the calibration run is wrong: "
                      f"{'; '.join(load['faults'])}")
    if not load["messages"]:
        raise Failure(f"{cell.name} on {member.name}: the calibration run completed no message in "
                      f"{window.seconds} s; use --seconds with more")
    entry = {"spec": member.name, "rate": load["rate"], "server_busy": figures["server_busy"],
             "generator_bound": load["generator"]["bound"],
             "generator_busy": load["generator"]["busy"]}
    return entry, figures


def open_loop_rate(entries, level):
    """The rate for all: a share of what the slowest can take."""
    return rounded(level * slowest(entries))


def slowest(entries):
    return min(entry["rate"] for entry in entries)


def kept_rate(entries, level, busy_at):
    """The Rate that can be kept: that of `level`, or less where load or gateway would be too busy.

    `busy_at(rate)` tries it for a moment and tells how busy the busier one was, as a share."""
    rate = open_loop_rate(entries, level)
    for trial in range(TRIALS_MAX):
        busy = busy_at(rate)
        if busy <= BUSY_MAX:
            break
        if trial == 0:
            first = busy
        rate = rounded(rate * BUSY_WANTED / busy)
    if rate == open_loop_rate(entries, level):
        return Rate(rate, level)
    kept = rate / slowest(entries)
    return Rate(rate, kept, f"at {level:.0%} of the closed loop's capacity, load or gateway "
                            f"were busy for {first:.0%} of the time in an open loop: measured at "
                            f"{kept:.0%}")
