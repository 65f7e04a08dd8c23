"""How much each member can take of a scenario, so that all are measured at one load that each can
bear: a closed loop, in which the next unit leaves when an answer has come.

The capacity is that of the server and the load together: if the load was the busier one, it is a
lower bound of the server's, and the result says so.
"""
import math

from perf.bench import runs
from perf.bench.processes import Failure

# Two digits are finer than what two calibrations of one server differ by, and two benchmarks of
# one commit then mostly run at the same rate, which makes them comparable.
DIGITS = 2


def rounded(rate):
    """To two digits, downwards."""
    if rate <= 0:
        return 0.0
    unit = 10 ** (math.floor(math.log10(rate)) - DIGITS + 1)
    return max(math.floor(rate / unit), 1) * unit


def capacity(bench, member, cell, window):
    """(entry of the result's "calibration", RUN figures) of a closed loop."""
    settings = {**window.settings(), "loop": "closed"}
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
    return rounded(level * min(entry["rate"] for entry in entries))
